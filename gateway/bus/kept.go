package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Kept is how far back a stream reaches, and what bounds it.
type Kept struct {
	MaxAge   time.Duration // 0: no bound
	MaxBytes int64         // -1: no bound
	MaxMsgs  int64         // -1: no bound
	Messages uint64
	Bytes    uint64
	First    time.Time // the server's stamp of the oldest message; zero: there is none
	Last     time.Time // of the newest
}

// KeptBy asks how far back a stream reaches. It needs the right to ask about a
// stream and no other.
func KeptBy(ctx context.Context, c *Conn, stream string) (Kept, error) {
	start := time.Now()
	asked, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(asked, stream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return Kept{}, fmt.Errorf("asking what %s keeps: it is absent — %s", stream, mendBySetup)
	case err != nil:
		return Kept{}, fmt.Errorf("asking what %s keeps: %w", stream, c.explain(err, start))
	}
	info := s.CachedInfo()
	k := Kept{
		MaxAge: info.Config.MaxAge, MaxBytes: info.Config.MaxBytes, MaxMsgs: info.Config.MaxMsgs,
		Messages: info.State.Msgs, Bytes: info.State.Bytes,
	}
	if k.Messages > 0 {
		k.First, k.Last = info.State.FirstTime, info.State.LastTime
	}
	return k, nil
}
