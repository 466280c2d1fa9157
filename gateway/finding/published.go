package finding

import (
	"slices"
	"strings"
	"time"

	"msigate/gateway/policy"
)

// Published is the Decision that the event tells of, as far as it does: what it
// decided about has to be found in the original event.
func (l *DecisionLog) Published() policy.Published {
	p := policy.Published{
		Answer: l.Result, Input: l.Input, Fault: l.Custom.Fault, Now: l.Timestamp,
		Took: time.Duration(l.Metrics["timer_rego_query_eval_ns"]),
	}
	for name, version := range l.Bundles {
		p.Bundles = append(p.Bundles, policy.BundleStamp{Name: name, Revision: version.Revision, Serial: l.Custom.Serials[name]})
	}
	slices.SortFunc(p.Bundles, func(a, b policy.BundleStamp) int { return strings.Compare(a.Name, b.Name) })
	return p
}
