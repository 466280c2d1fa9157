package gateway

import (
	"context"
	"errors"
	"slices"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/install"
)

// replay takes messages of EVENTS through the lanes again, those of one host
// alone where it is named.
func (g *Gateway) replay(ctx context.Context, o bus.ReadOptions, host string) (int, error) {
	if o.To == 0 || o.From > o.To {
		return 0, nil
	}
	o.Stream = bus.StreamEvents
	n, told := 0, time.Now()
	err := bus.Read(ctx, g.options.Conn, o, func(m *bus.Message) bool {
		n++
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			g.options.Telemetry.Log.Info("reading again what came since the state was written down", "sequence", m.Sequence, "to", o.To)
		}
		g.replayed.Add(1)
		g.takeIn(m, host, g.replayed.Done)
		return g.given.Err() == nil
	})
	return n, errors.Join(err, g.given.Err())
}

// subjectsOf are where a host's events came: its own subjects, in whatever
// spelling, and every collector's.
func (g *Gateway) subjectsOf(host string, subjects []string) []string {
	var own []string
	for _, subject := range subjects {
		name, kind, err := bus.HostFromSubject(subject)
		switch {
		case err != nil:
		case kind != bus.SubjectHost && g.collectors[name],
			kind == bus.SubjectHost && event.TrimDNSSuffix(name, g.options.Config.Hosts.DNSSuffixes) == host:
			own = append(own, subject)
		}
	}
	return own
}

const (
	// maxHistory is how many messages are read again for one late record at most,
	// and how many of what came just before.
	maxHistory = 20_000
	// maxCollected is how many of what came just before where many hosts are mixed.
	maxCollected = 4_000
)

// history reads what came on the subject of m, and on that of the message at
// from, again for a worker.
func (g *Gateway) history(ctx context.Context, m *Message, from install.Position, each func(*Message) bool) error {
	subjects := []string{m.Subject}
	before, most := 0, maxHistory
	if m.Host == "" {
		most = maxCollected
	}
	n, next := 0, uint64(0)
	defer func() { g.options.Telemetry.Metrics.HistoryRead(before + n) }()
	for next <= m.Sequence && n < maxHistory {
		tooMany := false
		err := g.readAgain(ctx, &subjects, from.Sequence, next, m.Sequence, func(old *bus.Message) bool {
			next = old.Sequence + 1
			if old.Sequence >= from.Sequence {
				n++
			} else if before++; before > most {
				next, tooMany = from.Sequence, true
				return false
			}
			if marked(old) != "" {
				return true // a self-test is no host's history
			}
			message, err := g.message(old)
			return n <= maxHistory && (err != nil || each(&message))
		})
		if err == nil && tooMany {
			continue // on from where it matters for sure
		}
		if err == nil {
			return ctx.Err()
		}
		g.options.Telemetry.Log.Warn("reading events again; it is tried until the bus answers", "from", from.Sequence, "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// readAgain reads from lookBack before the message at from on, or from next on
// where that is not 0.
func (g *Gateway) readAgain(ctx context.Context, subjects *[]string, from, next, to uint64, each func(*bus.Message) bool) error {
	o := bus.ReadOptions{Stream: bus.StreamEvents, From: from, To: to}
	first, err := bus.Get(ctx, g.options.Conn, bus.StreamEvents, from)
	switch {
	case errors.Is(err, bus.ErrGone):
	case err != nil:
		return err
	case !slices.Contains(*subjects, first.Subject):
		*subjects = append(*subjects, first.Subject)
	}
	switch {
	case next != 0:
		o.From = next
	case err == nil:
		o.From, o.Since = 0, first.Stamp.Add(-lookBack)
	}
	o.Subjects = *subjects
	return bus.Read(ctx, g.options.Conn, o, each)
}
