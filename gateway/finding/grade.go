package finding

import (
	"cmp"

	"msigate/gateway/policy"
)

// Grade is how bad something is: a disposition, and a severity within it. The
// zero Grade stands for nothing at all.
type Grade struct {
	Disposition policy.Disposition `json:"disposition,omitempty"`
	Severity    policy.Severity    `json:"severity,omitempty"`
}

// rank orders dispositions; 0 for what opens no finding.
func rank(d policy.Disposition) int {
	switch d {
	case policy.Approved:
		return 1
	case policy.Review:
		return 2
	case policy.Alert:
		return 3
	case policy.Expected:
	}
	return 0
}

// compare is positive where g is worse than other.
func (g Grade) compare(other Grade) int {
	return cmp.Or(cmp.Compare(rank(g.Disposition), rank(other.Disposition)), cmp.Compare(severityID(g.Severity), severityID(other.Severity)))
}

func worse(a, b Grade) Grade {
	if b.compare(a) > 0 {
		return b
	}
	return a
}

// stands reports whether something so graded belongs on a queue.
func (g Grade) stands() bool { return rank(g.Disposition) > 0 }

// GradeCount is how many events of one grade a finding counts and keeps no more.
type GradeCount struct {
	Grade
	Count int `json:"count"`
}

// worseFirst is their order.
func worseFirst(a, b GradeCount) int { return b.compare(a.Grade) }
