package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Inspection is how the bus stands: what it holds and how far it is read. What
// Check compares is not in it.
type Inspection struct {
	Server     string // URL without secrets
	Loopback   bool   // the server is on this machine and was reached over loopback
	TLS        bool   // the connection is encrypted
	Auth       bool   // the server asks for credentials
	Version    string // of nats-server
	Cluster    string // "": it is in none
	MaxPayload int    // most bytes of a message

	// ServerTime is the clock that stamps messages, read RoundTrip at most before
	// the local clock showed LocalTime.
	ServerTime, LocalTime time.Time
	RoundTrip             time.Duration

	Streams  []StreamInspection // in the order of their names' table, buckets last; absent ones left out
	Consumer *ConsumerInspection
}

// Ahead is how far a local clock is before the server's, of which the question's
// round trip may be part; 0 where it can be all of it.
func (i Inspection) Ahead() time.Duration {
	ahead := i.LocalTime.Sub(i.ServerTime)
	if 0 < ahead && ahead <= i.RoundTrip {
		return 0
	}
	return ahead
}

// Stream gives a stream by its name.
func (i Inspection) Stream(name string) (StreamInspection, bool) {
	for _, s := range i.Streams {
		if s.Name == name {
			return s, true
		}
	}
	return StreamInspection{}, false
}

// StreamInspection is a stream, or the one below a bucket.
type StreamInspection struct {
	Name       string
	Bucket     string        // "": it is no bucket's
	MaxAge     time.Duration // 0: none
	Duplicates time.Duration
	MaxBytes   int64 // -1: no limit
	MaxMsgs    int64 // -1: no limit
	DiscardNew bool  // when it is full it takes no more
	Replicas   int
	Behind     []string // servers whose copy is behind, or that are away
	Leaderless bool     // of a cluster: no server leads it just now
	Messages   uint64
	Bytes      uint64
	LastSeq    uint64
	First      time.Time // stamp of the oldest message; zero: none
	Last       time.Time // stamp of the newest message ever stored; zero: none
}

// ConsumerInspection is the durable of EVENTS.
type ConsumerInspection struct {
	Paused        bool
	PausedUntil   time.Time
	AckWait       time.Duration
	MaxAckPending int
	Pending       uint64    // not delivered yet
	AckPending    int       // delivered, not acknowledged
	Redelivered   int       // of those, delivered more than once
	Waiting       int       // requests for messages: 0 where nobody reads
	Delivered     uint64    // stream sequence; 0: nothing yet
	LastDelivered time.Time // when; zero: nothing yet, or not known
	AckFloor      uint64    // stream sequence up to which all is acknowledged; 0: nothing yet
	Acknowledged  time.Time // when something was last; zero: nothing yet, or not known
	Oldest        time.Time // stamp of the oldest message not delivered yet; zero: none, or not known
}

// Inspect asks. It only reads, and needs no right that the gateway has not.
// Streams and the consumer that are absent are left out: Check names them.
func Inspect(ctx context.Context, c *Conn) (Inspection, error) {
	i := Inspection{
		Server: c.State().Server, Version: c.nc.ConnectedServerVersion(), Cluster: c.nc.ConnectedClusterName(),
		MaxPayload: c.MaxPayload(), Auth: c.nc.AuthRequired(), Loopback: loopback(c.nc.ConnectedUrl()),
	}
	_, err := c.nc.TLSConnectionState()
	i.TLS = err == nil
	names := []struct{ stream, bucket string }{
		{StreamEvents, ""}, {StreamDecisions, ""}, {StreamVerdicts, ""}, {StreamQuarantine, ""}, {StreamAudit, ""},
	}
	for _, b := range buckets {
		names = append(names, struct{ stream, bucket string }{b.stream(), b.name})
	}
	for _, n := range names {
		asked := time.Now()
		info, err := c.streamInfo(ctx, n.stream)
		if err != nil {
			return i, fmt.Errorf("looking at stream %s: %w", n.stream, err)
		}
		if info == nil {
			continue
		}
		if now := time.Now(); i.ServerTime.IsZero() || now.Sub(asked) < i.RoundTrip {
			i.ServerTime, i.LocalTime, i.RoundTrip = info.TimeStamp, now, now.Sub(asked)
		}
		i.Streams = append(i.Streams, inspected(info, n.bucket))
	}
	if i.Consumer, err = c.inspectConsumer(ctx); err != nil {
		return i, fmt.Errorf("looking at %s: %w", consumerObject, err)
	}
	return i, nil
}

// streamInfo is nil for a stream that is absent.
func (c *Conn) streamInfo(ctx context.Context, name string) (*jetstream.StreamInfo, error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, nil
	case err != nil:
		return nil, c.explain(err, start)
	}
	return s.CachedInfo(), nil
}

func inspected(info *jetstream.StreamInfo, bucket string) StreamInspection {
	s := StreamInspection{
		Name: info.Config.Name, Bucket: bucket, MaxAge: info.Config.MaxAge, Duplicates: info.Config.Duplicates,
		MaxBytes: info.Config.MaxBytes, MaxMsgs: info.Config.MaxMsgs, DiscardNew: info.Config.Discard == jetstream.DiscardNew,
		Replicas: info.Config.Replicas, Messages: info.State.Msgs, Bytes: info.State.Bytes, LastSeq: info.State.LastSeq,
	}
	if info.State.Msgs > 0 {
		s.First = info.State.FirstTime
	}
	if info.State.LastSeq > 0 {
		s.Last = info.State.LastTime
	}
	if info.Cluster != nil {
		s.Leaderless = info.Cluster.Leader == "" && info.Config.Replicas > 1
		for _, peer := range info.Cluster.Replicas {
			if !peer.Current || peer.Offline {
				s.Behind = append(s.Behind, peer.Name)
			}
		}
	}
	return s
}

func (c *Conn) inspectConsumer(ctx context.Context) (*ConsumerInspection, error) {
	start := time.Now()
	asked, cancel := c.request(ctx)
	defer cancel()
	got, err := c.js.Consumer(asked, StreamEvents, ConsumerName)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound),
		errors.Is(err, jetstream.ErrConsumerDoesNotExist), errors.Is(err, jetstream.ErrNotPullConsumer):
		return nil, nil // Check names it
	case err != nil:
		return nil, c.explain(err, start)
	}
	info := got.CachedInfo()
	i := &ConsumerInspection{
		Paused: info.Paused, AckWait: info.Config.AckWait, MaxAckPending: info.Config.MaxAckPending, Pending: info.NumPending,
		AckPending: info.NumAckPending, Redelivered: info.NumRedelivered, Waiting: info.NumWaiting,
	}
	if info.Paused {
		i.PausedUntil = info.TimeStamp.Add(info.PauseRemaining)
	}
	if info.Delivered.Consumer > 0 {
		i.Delivered = info.Delivered.Stream
	}
	if info.Delivered.Last != nil {
		i.LastDelivered = *info.Delivered.Last
	}
	if info.AckFloor.Last != nil {
		i.Acknowledged = *info.AckFloor.Last
	}
	if info.AckFloor.Consumer > 0 {
		i.AckFloor = info.AckFloor.Stream
	}
	if i.Pending > 0 {
		switch m, err := Next(ctx, c, StreamEvents, i.Delivered+1); {
		case err == nil:
			i.Oldest = m.Stamp
		case errors.Is(err, ErrGone): // it has been delivered or has expired meanwhile
		default:
			return nil, err
		}
	}
	return i, nil
}

// loopback tells whether a server's URL is of this machine only.
func loopback(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
