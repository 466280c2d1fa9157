package gateway

import (
	"context"
	"time"
)

// clockInterval is how often it is looked whether a timer is due while no
// message says so.
const clockInterval = time.Second

// keepClock tells the lanes the time where no message does, until ctx ends: a
// timer fires once every message stamped before it is due was processed.
func (g *Gateway) keepClock(ctx context.Context) {
	tick := time.NewTicker(clockInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		g.tellRollups(ctx)
		due := g.nextDue()
		if due.IsZero() {
			continue
		}
		clock, err := g.clock(ctx, due)
		if err != nil || clock.Before(due) {
			continue // a bus that is away says nothing: it is asked again
		}
		g.giveAll(job{clock: clock}, nil)
	}
}

// nextDue is when the next timer of any lane is due; zero where there is none.
func (g *Gateway) nextDue() time.Time {
	var next int64
	for _, l := range g.lanes {
		if due := l.due.Load(); due != 0 && (next == 0 || due < next) {
			next = due
		}
	}
	if next == 0 {
		return time.Time{}
	}
	return time.Unix(0, next)
}

// clock is a time before which no message can be stamped that is still to
// come: the last message's stamp, or the server's own clock where it has
// delivered all that it holds.
func (g *Gateway) clock(ctx context.Context, due time.Time) (time.Time, error) {
	g.order.Lock()
	last, taken := g.lastStamp, max(g.taken, g.recovered)
	g.order.Unlock()
	if !last.Before(due) {
		return last, nil
	}
	if time.Now().Add(clockInterval).Before(due) {
		return last, nil // not worth asking
	}
	progress, err := g.consumption.Progress(ctx)
	if err != nil {
		return last, err
	}
	if progress.Last <= taken {
		return progress.Time, nil
	}
	return last, nil
}
