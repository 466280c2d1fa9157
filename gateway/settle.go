package gateway

import (
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// defaultSettleAfter is how long after a session's end, and its own last
// Decision, a finding can still change: the Application log comes up to ten
// minutes after Sysmon.
const defaultSettleAfter = 15 * time.Minute

// withoutEnd is how many times that long after its last Decision a finding
// settles whose session nobody saw end: after four hours by default.
const withoutEnd = 16

// causeSettled is the cause of what is told of a finding to which nothing will
// be added any more.
const causeSettled policy.Cause = "due:settled"

// watchFindings sets when it is to be looked whether the findings that were
// told have settled.
func (w *Worker) watchFindings(host string, updates []finding.Update, now time.Time) {
	for i := range updates {
		u := &updates[i]
		if u.Activity == finding.Close && (i+1 == len(updates) || updates[i+1].UID != u.UID) {
			w.timers.closed(host, u.UID)
			continue
		}
		w.timers.settle(host, u.UID, now.Add(w.options.SettleAfter))
	}
}

// settle looks whether a finding's session has been over for long enough, and
// tells the finding for the last time if so.
func (w *Worker) settle(host string, one timer, steps []Step) []Step {
	for _, open := range w.findings.Open(host) {
		if open.UID != one.Finding || open.Settled {
			continue
		}
		if open.Session != "" {
			end, over := w.tracker.Ended(host, open.Session)
			over = over || !one.Due.Before(open.LastDecision.Add(withoutEnd*w.options.SettleAfter))
			again := end.Add(w.options.SettleAfter)
			switch {
			case !over, again.After(one.Due.Add(w.options.SettleAfter)): // a host's clock may be ahead
				again = one.Due.Add(w.options.SettleAfter)
			case end.IsZero(), !again.After(one.Due):
				again = time.Time{}
			}
			if !again.IsZero() {
				w.timers.settle(host, one.Finding, again)
				return steps
			}
		}
		w.tracker.Unwatch(host, open.Session)
		updates := w.findings.Settle(host, one.Finding, one.Due)
		return append(steps, Step{Outcome: Settled, Host: host, Cause: causeSettled, Updates: updates})
	}
	return steps
}
