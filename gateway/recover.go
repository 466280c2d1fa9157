package gateway

import (
	"context"
	"sync"
	"time"

	"msigate/gateway/bus"
)

// recover loads what is written of every host, starts the lanes, and takes
// what came since through the steps again. When it returns, the lanes know what
// the gateway before this one would know by now, had it gone on.
func (g *Gateway) recover(ctx context.Context) (err error) {
	began := time.Now()
	if g.states, err = bus.OpenState(ctx, g.options.Conn); err != nil {
		return err
	}
	refused, hosts, err := g.loadStates(ctx)
	if err != nil {
		return err
	}
	last, err := bus.LastSequence(ctx, g.options.Conn, bus.StreamEvents)
	if err != nil {
		return err
	}
	switch why, err := g.madeAnew(ctx, last); {
	case err != nil:
		return err
	case why != "":
		if err := g.beginAfresh(ctx, why); err != nil {
			return err
		}
		refused, hosts = nil, 0
	}
	delivered, err := bus.Delivered(ctx, g.options.Conn)
	if err != nil {
		return err
	}
	stored, err := g.readPublished(ctx, refused)
	if err != nil {
		return err
	}
	// A durable that was made anew, or a server that was killed, says less than
	// what was written down and published.
	g.recovered = max(delivered, g.mark.Sequence)
	if stored != nil {
		g.recovered = max(g.recovered, min(stored.highest, last))
	}
	for _, l := range g.lanes {
		l.worker.published, l.worker.seen = stored, map[string]bool{}
		l.noteDue()
		g.lanesRunning.Go(func() { l.run(g.given) })
	}
	n := 0
	if g.recovered > g.mark.Sequence || len(refused) > 0 {
		if n, err = g.replayAll(ctx, refused); err != nil {
			return err
		}
	}
	if err := g.endReplay(stored); err != nil {
		return err
	}
	took := time.Since(began)
	g.options.Telemetry.Metrics.Recovered(hosts, n, took)
	if hosts > 0 || n > 0 {
		g.options.Telemetry.Log.Info("state recovered", "hosts", hosts, "events read again", n, "took", took.Round(time.Millisecond))
	}
	return nil
}

// replayAll reads again what hosts whose entry was refused were ever told, then
// what came since the watermark, and waits until all it caused is stored.
func (g *Gateway) replayAll(ctx context.Context, refused []string) (int, error) {
	total := 0
	if before := min(g.mark.Sequence, g.recovered); before > 0 && len(refused) > 0 {
		subjects, err := bus.Subjects(ctx, g.options.Conn, bus.StreamEvents, "events.>")
		if err != nil {
			return 0, err
		}
		for _, host := range refused {
			own := g.subjectsOf(host, subjects)
			if len(own) == 0 {
				continue // EVENTS holds nothing of it any more
			}
			n, err := g.replay(ctx, bus.ReadOptions{From: 1, To: before, Subjects: own}, host)
			if err != nil {
				return total, err
			}
			total += n
		}
	}
	n, err := g.replay(ctx, bus.ReadOptions{From: g.mark.Sequence + 1, To: g.recovered}, "")
	if err != nil {
		return total, err
	}
	return total + n, g.awaitAll(&g.replayed)
}

// endReplay has every lane go on as a gateway that never ended.
func (g *Gateway) endReplay(stored *published) error {
	if stored == nil {
		return nil
	}
	var ended sync.WaitGroup
	ended.Add(len(g.lanes))
	for _, l := range g.lanes {
		select {
		case l.jobs <- job{done: func() {
			l.reconcile(stored)
			l.worker.published, l.replayed = stored.later(), true
			ended.Done()
		}}:
		case <-g.given.Done():
			return g.given.Err()
		}
	}
	return g.awaitAll(&ended)
}

// awaitAll waits for all, or until the gateway is given up.
func (g *Gateway) awaitAll(all *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-g.given.Done():
		return g.given.Err()
	}
}
