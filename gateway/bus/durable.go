package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Durable is how far the durable of EVENTS is, as whoever does not consume sees it.
type Durable struct {
	Delivered  uint64        // stream sequence of the last message delivered; 0: none
	AckFloor   uint64        // stream sequence up to which all is acknowledged
	Pending    uint64        // messages not delivered yet
	AckPending int           // delivered, not acknowledged
	Waiting    int           // requests for messages that are open: 0 where nobody reads
	Paused     bool          // an administrator has paused it
	Resumes    time.Duration // until it goes on by itself
}

// ReadDurable asks the server.
func ReadDurable(ctx context.Context, c *Conn) (Durable, error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	consumer, err := c.js.Consumer(ctx, StreamEvents, ConsumerName)
	if err != nil {
		return Durable{}, fmt.Errorf("asking how far %s is: %w", consumerObject, c.explain(err, start))
	}
	info := consumer.CachedInfo()
	d := Durable{
		AckFloor: info.AckFloor.Stream, Pending: info.NumPending, AckPending: info.NumAckPending,
		Waiting: info.NumWaiting, Paused: info.Paused, Resumes: info.PauseRemaining,
	}
	if info.Delivered.Consumer > 0 {
		d.Delivered = info.Delivered.Stream
	}
	return d, nil
}

// fullMargin is what a stream must have room for, in bytes: more than a finding takes.
const fullMargin = 256 << 10

// Full tells why a stream takes no more messages; "" where nothing that it says of
// itself keeps it from that.
func Full(ctx context.Context, c *Conn, stream string) (why string, err error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return "", fmt.Errorf("asking whether %s has room: %w", stream, c.explain(err, start))
	}
	config, state := s.CachedInfo().Config, s.CachedInfo().State
	switch {
	case config.Sealed:
		return "it is sealed", nil
	case config.Discard != jetstream.DiscardNew:
		return "", nil
	case config.MaxMsgs > 0 && state.Msgs >= uint64(config.MaxMsgs):
		return fmt.Sprintf("it holds %d messages, its limit, and refuses new ones", state.Msgs), nil
	case config.MaxBytes > 0 && state.Bytes+fullMargin > uint64(config.MaxBytes):
		return fmt.Sprintf("it holds %d of %d bytes and refuses new ones", state.Bytes, config.MaxBytes), nil
	}
	return "", nil
}
