package finding

import "msigate/gateway/policy"

// Gate is unmapped.msigate of a finding: what the gateway has to say of it
// beyond OCSF.
type Gate struct {
	Disposition policy.Disposition         `json:"disposition"` // also the queue this document belongs to
	Previous    policy.Disposition         `json:"previous_disposition,omitempty"`
	MovedTo     policy.Disposition         `json:"moved_to,omitempty"`   // of a Close: the queue where it goes on
	BelongsTo   string                     `json:"belongs_to,omitempty"` // of a Close: uid of the finding that its last event went to
	Settled     bool                       `json:"settled"`              // told for the last time: nothing more will change
	Revision    int                        `json:"revision"`             // from 1; one for each time it was told
	Cause       policy.Cause               `json:"cause,omitempty"`      // of the last Decision
	Session     string                     `json:"session,omitempty"`    // the install session's id
	Group       string                     `json:"group"`                // the same for one rollout on every host
	What        string                     `json:"what"`                 // parent → child
	Why         string                     `json:"why"`
	Root        string                     `json:"root,omitempty"` // the lineage root in words
	TraceID     string                     `json:"trace_id,omitempty"`
	SpanID      string                     `json:"span_id,omitempty"`
	Counts      map[policy.Disposition]int `json:"decision_counts"`          // every Decision
	Standing    map[policy.Disposition]int `json:"event_counts"`             // every event, by its current Decision
	Dropped     map[policy.Disposition]int `json:"dropped_counts,omitempty"` // of those, the ones that are counted and not kept
	Evidence    int                        `json:"evidence_count"`           // events that stand, kept or not
	Signals     []SignalCount              `json:"signals"`
	Approval    *policy.Approval           `json:"approval,omitempty"`
	NearMisses  []policy.NearMiss          `json:"near_misses"`
	Pending     []policy.Pending           `json:"pending"`
	Missing     []string                   `json:"missing"`
	Mangled     []string                   `json:"mangled,omitempty"`
	Masked      []string                   `json:"masked,omitempty"`   // facts with a secret taken out
	Faults      []string                   `json:"faults,omitempty"`   // why the policy gave no answer of its own
	Bundles     []policy.BundleStamp       `json:"bundles"`            // of the last Decision
	Degraded    []string                   `json:"degraded,omitempty"` // why the gateway was not as its owners mean it to be, when this was told
	Decisions   []DecisionRef              `json:"decisions"`          // the last MaxDecisionRefs, oldest first
}

// DecisionRef points to a Decision on the decision log and to the record it
// answers.
type DecisionRef struct {
	ID          string             `json:"id"`
	Disposition policy.Disposition `json:"disposition"`
	Severity    policy.Severity    `json:"severity"`
	Stream      string             `json:"stream"`
	Sequence    uint64             `json:"sequence"`
	Record      int                `json:"record"`
	Cause       policy.Cause       `json:"cause"`
	Finding     string             `json:"finding,omitempty"` // uid of the finding that its event went to
	Current     bool               `json:"current"`           // nothing replaced it, and its event stands
}

// SignalCount is a signal with how many of the events that stand it holds for.
type SignalCount struct {
	ID       string            `json:"id"`
	Severity policy.Severity   `json:"severity"` // the highest
	Title    string            `json:"title"`
	Count    int               `json:"count"`
	Evidence map[string]string `json:"evidence"` // where it held first
}

// TraceRef is the trace a Decision was taken in, as W3C's lower-case hex;
// empty where there is none.
type TraceRef struct {
	TraceID string `json:"trace_id,omitempty"`
	SpanID  string `json:"span_id,omitempty"`
}
