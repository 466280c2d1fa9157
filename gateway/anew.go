package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"msigate/gateway/bus"
)

// madeAnew says why what is written down is of another stream EVENTS than the
// one there is; "" where it is not. A stream that was deleted and made anew
// begins at sequence 1 again, as does an older copy that was restored: taking
// its messages for what was taken before would pass all of them over.
func (g *Gateway) madeAnew(ctx context.Context, last uint64) (why string, err error) {
	highest := g.mark.Sequence
	for _, l := range g.lanes {
		for _, h := range l.hosts {
			highest = max(highest, h.reached.Sequence)
		}
	}
	if highest > last {
		return fmt.Sprintf("its last message is %d, and %d was taken before", last, highest), nil
	}
	if g.mark.Taken == 0 {
		return "", nil
	}
	m, err := bus.Get(ctx, g.options.Conn, bus.StreamEvents, g.mark.Taken)
	switch {
	case errors.Is(err, bus.ErrGone):
		return "", nil // expired since
	case err != nil:
		return "", err
	case !m.Stamp.Equal(g.mark.Stamp):
		return fmt.Sprintf("its message %d is of %s, and the one that was taken before of %s",
			m.Sequence, m.Stamp.UTC().Format(time.RFC3339Nano), g.mark.Stamp.UTC().Format(time.RFC3339Nano)), nil
	}
	return "", nil
}

// beginAfresh forgets what is known of hosts: it is of another stream. The
// findings that were told stay where they stand.
func (g *Gateway) beginAfresh(ctx context.Context, why string) error {
	g.options.Telemetry.Log.Warn("the stream "+bus.StreamEvents+" was made anew, or is an older copy: what was known of hosts is forgotten, and the stream is read from its beginning; findings told before stay as they are, for people to close",
		"stream", bus.StreamEvents, "reason", why)
	g.audit(ctx, auditEvent{
		Time: time.Now(), Event: "state_forgotten", Bundles: g.options.Policy.Snapshot().Bundles(),
		Detail: fmt.Sprintf("the stream %s was made anew, or is an older copy: %s; what was known of hosts is forgotten", bus.StreamEvents, why),
	})
	err := g.states.Load(ctx, func(entry bus.StateEntry) error {
		if entry.Key == bus.StateWatermark || strings.HasPrefix(entry.Key, bus.StateBundles) || isCoverage(entry.Key) || g.rollups.revision[entry.Key] != 0 {
			return nil
		}
		return g.states.Delete(ctx, entry.Key, entry.Revision)
	})
	if err != nil {
		return fmt.Errorf("forgetting what was known of hosts: %w", err)
	}
	g.refused.Clear()
	for _, l := range g.lanes {
		clear(l.hosts)
		l.coverage.Restart()
		l.worker = NewWorker(l.worker.options)
	}
	mark := watermark{Outputs: map[string]uint64{}}
	for _, stream := range outputStreams {
		if mark.Outputs[stream], err = bus.LastSequence(ctx, g.options.Conn, stream); err != nil {
			return err
		}
	}
	mark.Before = mark.Outputs // they answer messages of the stream before
	return g.putWatermark(ctx, mark)
}
