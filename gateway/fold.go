package gateway

import (
	"encoding/json"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// fold folds a Decision into its finding. Where verdicts of it were stored
// before a restart and are not what it says now, since another Snapshot decided
// it then, the finding stands where they put it, and goes on from there.
func (w *Worker) fold(step *Step, trigger policy.Trigger) (updates []finding.Update) {
	if w.seen != nil && w.published != nil {
		defer func() {
			for i := range updates {
				w.see(updates[i].MsgID)
			}
		}()
	}
	step.Stored = w.published.has(trigger.ID())
	orphans := w.published.orphans(trigger)
	if len(orphans) == 0 {
		return w.findings.Apply(step.Told, step.trace())
	}
	before, err := w.findingsOf(step.Host)
	if err != nil {
		return w.findings.Apply(step.Told, step.trace()) // what was just exported can be written down
	}
	updates = w.findings.Apply(step.Told, step.trace())
	if toldAll(updates, orphans) {
		return updates
	}
	if err := w.findings.Import(step.Host, before); err != nil {
		return updates // what was just exported cannot be refused
	}
	for _, o := range orphans {
		o.told.Host = step.Host
		w.see(o.id)
		w.findings.Adopt(o.told)
	}
	return w.findings.Apply(step.Told, step.trace())
}

// see notes what is told while events are read again: so what the gateway
// before told is led up to.
func (w *Worker) see(id string) {
	if w.seen != nil {
		w.seen[id] = true
	}
}

// findingsOf is a copy of what is known of a host's findings.
func (w *Worker) findingsOf(host string) (*finding.HostState, error) {
	state, _ := w.findings.Export(host)
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	copied := &finding.HostState{}
	return copied, json.Unmarshal(raw, copied)
}

// toldAll tells whether each orphan is one of the updates.
func toldAll(updates []finding.Update, orphans []orphan) bool {
	ids := map[string]bool{}
	for i := range updates {
		ids[updates[i].MsgID] = true
	}
	for _, o := range orphans {
		if !ids[o.id] {
			return false
		}
	}
	return true
}
