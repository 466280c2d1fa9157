package finding

import (
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// HostState is all that is known of one host's findings, to be written down
// and read again. It shares memory with the findings it was exported from;
// only its own lists may be changed.
type HostState struct {
	Findings   []FindingState `json:"findings,omitempty"`   // the one told last first
	Tombstones []Tombstone    `json:"tombstones,omitempty"` // likewise
	Evicted    uint64         `json:"evicted,omitzero"`     // how many of either Trim took away
}

// FindingState is one finding with what it stands on. Times in milliseconds
// since 1970 are 0 where unknown.
type FindingState struct {
	UID      string `json:"uid"`
	Session  string `json:"session,omitempty"` // the install session's id; "" where it is about a lineage root
	Revision int    `json:"revision"`          // of its last document

	// Queue is where the last document left it; "" where it stands nowhere.
	Queue    policy.Disposition `json:"queue,omitempty"`
	Previous policy.Disposition `json:"previous,omitempty"` // the queue it was moved from last, whenever that was
	Group    string             `json:"group,omitempty"`    // as told last
	Adopted  *Grade             `json:"adopted,omitempty"`  // Queue was found on the bus, and no Decision here led to it: as what

	Created  int64 `json:"created,omitzero"`  // now of its first Decision, ms
	Modified int64 `json:"modified,omitzero"` // now of the last, ms
	// LastDecision is the same, as it was.
	LastDecision time.Time        `json:"last_decision,omitzero"`
	Decision     string           `json:"decision,omitempty"` // id of the last one
	At           install.Position `json:"at,omitzero"`        // the event it answered
	Cause        policy.Cause     `json:"cause,omitempty"`
	Trace        TraceRef         `json:"trace,omitzero"`

	Events []*Standing `json:"events,omitempty"` // that stand and are kept whole; by Standing.order
	Last   *Standing   `json:"last,omitempty"`   // where none is: what was told of the last one

	// What is known of events that stand and are not kept, and of a life before
	// a tombstone: none of it ever makes the finding milder.
	Dropped   []GradeCount `json:"dropped,omitempty"` // worst first
	FirstSeen int64        `json:"first_seen,omitzero"`
	LastSeen  int64        `json:"last_seen,omitzero"`
	Floor     Grade        `json:"floor,omitzero"`

	Decisions []DecisionRef              `json:"decisions,omitempty"` // oldest first
	Counts    map[policy.Disposition]int `json:"counts,omitempty"`
	Bundles   []policy.BundleStamp       `json:"bundles,omitempty"`
}

// Tombstone is what is kept of a finding that settled, or that made room for
// others. A later Decision goes on from it: under the same uid, on the right
// queue, never milder.
type Tombstone struct {
	UID          string             `json:"uid"`
	Session      string             `json:"session,omitempty"`
	Queue        policy.Disposition `json:"queue,omitempty"` // where it stands; "" nowhere
	Grade                           // as told last
	Revision     int                `json:"revision"`
	Group        string             `json:"group,omitempty"`
	Created      int64              `json:"created,omitzero"`
	LastDecision time.Time          `json:"last_decision,omitzero"`
	Decision     string             `json:"decision,omitempty"`
	Settled      bool               `json:"settled,omitzero"` // told for the last time; else it made room
}
