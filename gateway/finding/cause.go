package finding

import (
	"cmp"
	"strings"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Causes as policy.FactCause and policy.DueCause write them.
const (
	factPrefix = "fact:"
	duePrefix  = "due:"
)

// decidedAgain says why an event was decided another time; "" for the first.
func decidedAgain(c policy.Cause) string {
	if at, ok := strings.CutPrefix(string(c), factPrefix); ok {
		return "record " + excerpt(at, excerptLength) + " came late"
	}
	if fact, ok := strings.CutPrefix(string(c), duePrefix); ok {
		return excerpt(fact, excerptLength) + " did not come in time"
	}
	return ""
}

// becauseOf is the same for the end of a sentence.
func becauseOf(c policy.Cause) string { return cmp.Or(decidedAgain(c), "by a record of its own") }

// waits says what is waited for and until when: "until … for a, b", the
// soonest first.
func waits(pending []policy.Pending) string {
	var parts []string
	for i := 0; i < len(pending); {
		due := pending[i].Due
		var facts []string
		for ; i < len(pending) && pending[i].Due.Equal(due); i++ {
			facts = append(facts, pending[i].Fact)
		}
		parts = append(parts, "until "+due.UTC().Format(time.RFC3339)+" for "+listed(facts, 6))
	}
	return strings.Join(parts, " and ")
}

// byDue orders what is waited for.
func byDue(a, b policy.Pending) int {
	return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Fact, b.Fact))
}

// compareEvents orders events by the host's clock, then as they came.
func compareEvents(at int64, a install.Position, bt int64, b install.Position) int {
	return cmp.Or(
		cmp.Compare(at, bt),
		strings.Compare(a.Stream, b.Stream),
		cmp.Compare(a.Sequence, b.Sequence),
		cmp.Compare(a.Record, b.Record),
	)
}
