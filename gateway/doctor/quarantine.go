package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/bus"
)

var quarantineGrows = Check{
	"quarantine.growing", Warning, "messages went to QUARANTINE in the last hour",
	"these events were not decided: a shipper changed or is broken, or somebody sends what is no event", "`nats stream view QUARANTINE` shows them whole, with the reason in the header Msigate-Reason; docs/wire-shapes.md says what is read",
}

var quarantineChecks = []Check{quarantineGrows}

const (
	quarantineWindow = time.Hour
	quarantineMost   = 20_000 // read no more: the number is then a least
)

// quarantine counts what could not be decided of late, by reason and by where it
// came in.
func (e *examination) quarantine(ctx context.Context) {
	s, there := e.inspected.Stream(bus.StreamQuarantine)
	since := e.inspected.ServerTime.Add(-quarantineWindow)
	if !there || s.Messages == 0 || s.Last.Before(since) {
		return
	}
	reasons, subjects, recent := map[string]int{}, map[string]int{}, 0
	err := bus.Read(ctx, e.Conn, bus.ReadOptions{Stream: bus.StreamQuarantine, Since: since, HeadersOnly: true}, func(m *bus.Message) bool {
		recent++
		reasons[m.Header.Get(bus.HeaderReason)]++
		subjects[m.Header.Get(bus.HeaderSubject)]++
		return recent < quarantineMost
	})
	if err != nil && !errors.Is(err, bus.ErrGone) {
		e.skip("quarantine", "%v", err)
		return
	}
	if recent == 0 {
		return
	}
	least := ""
	if recent == quarantineMost {
		least = "at least "
	}
	e.find(quarantineGrows, "stream "+bus.StreamQuarantine, "%s%d in the last hour, %d in all; reasons: %s; from: %s", least, recent, s.Messages, most(reasons), most(subjects))
}

// most are the most frequent, three at most.
func most(counts map[string]int) string {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names[:min(len(names), 3)] {
		shown := name
		if shown == "" {
			shown = "not said"
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", shown, counts[name]))
	}
	if len(names) > 3 {
		parts = append(parts, fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(parts, ", ")
}
