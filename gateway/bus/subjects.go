package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Subjects gives the subjects of the messages that a stream holds, of those that
// the filter takes, sorted. They are as many as have a message: a host each.
func Subjects(ctx context.Context, c *Conn, stream, filter string) ([]string, error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	fail := func(err error) ([]string, error) {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fmt.Errorf("asking for the subjects of %s: %w — %s", stream, err, mendBySetup)
		}
		return nil, fmt.Errorf("asking for the subjects of %s: %w", stream, c.explain(err, start))
	}
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return fail(err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return fail(err)
	}
	return slices.Sorted(maps.Keys(info.State.Subjects)), nil
}
