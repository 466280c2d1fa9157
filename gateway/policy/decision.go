package policy

import (
	"strconv"
	"strings"
	"time"

	"msigate/gateway/install"
)

// Disposition is the policy's answer, from harmless to alarming.
type Disposition string

// The dispositions. An evaluation that errs, times out or is undefined is
// Review at high severity: undefined is never benign.
const (
	Expected Disposition = "expected" // the installer's own machinery
	Approved Disposition = "approved" // explained by an entry of the governance data
	Review   Disposition = "review"   // unexplained but not alarming, or not decidable on this telemetry
	Alert    Disposition = "alert"    // AN0940
)

// Severity follows OCSF severity_id 1 to 5.
type Severity string

// The severities.
const (
	Informational Severity = "informational"
	Low           Severity = "low"
	Medium        Severity = "medium"
	High          Severity = "high"
	Critical      Severity = "critical"
)

// Cause says why an Event was decided.
type Cause string

// CauseEvent is the first cause and, without late facts or timers, the only one.
const CauseEvent Cause = "event"

// FactCause is the cause where a record, of that stream sequence and index,
// changed what is known of an Event that was decided before.
func FactCause(sequence uint64, record int) Cause {
	return Cause("fact:" + strconv.FormatUint(sequence, 10) + "." + strconv.Itoa(record))
}

// DueCause is the cause where a pending fact did not come in time. fact is
// named as in Pending.
func DueCause(fact string) Cause { return Cause("due:" + fact) }

// Late gives the record that changed what was known, where the cause is one
// that FactCause gave.
func (c Cause) Late() (sequence uint64, record int, ok bool) {
	at, ok := strings.CutPrefix(string(c), "fact:")
	if !ok {
		return 0, 0, false
	}
	first, second, _ := strings.Cut(at, ".")
	sequence, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	record, err = strconv.Atoi(second)
	return sequence, record, err == nil
}

// Due gives the fact that did not come in time, where the cause is one that
// DueCause gave.
func (c Cause) Due() (fact string, ok bool) { return strings.CutPrefix(string(c), "due:") }

// Trigger identifies what a Decision answers: one record of one message, and a cause.
type Trigger struct {
	Stream   string // stream name; offline: the path as given
	Sequence uint64 // stream sequence; offline: line or record number, from 1
	Record   int    // index inside the message, from 0
	Cause    Cause
}

// Answer is what data.an0940.decision returned, typed.
type Answer struct {
	Disposition Disposition `json:"disposition"`
	Severity    Severity    `json:"severity"`
	Signals     []Signal    `json:"signals"` // every one that held, excused or not
	Approval    *Approval   `json:"approval,omitempty"`
	NearMisses  []NearMiss  `json:"near_misses"` // best first, at most three
	Baseline    *Prevalence `json:"baseline,omitempty"`
	Pending     []Pending   `json:"pending"`
	Missing     []string    `json:"missing"`
}

// Signal is one behaviour that held.
type Signal struct {
	ID       string            `json:"id"`
	Severity Severity          `json:"severity"`
	Title    string            `json:"title"`
	Evidence map[string]string `json:"evidence"` // fact name, e.g. "process.image" → its value
}

// Approval is the entry that explains the behaviour.
type Approval struct {
	Entry   string   `json:"entry"`
	Owner   string   `json:"owner"`
	Ticket  string   `json:"ticket,omitempty"`
	Matched []string `json:"matched"` // fact names
}

// NearMiss is an entry that fitted in part.
type NearMiss struct {
	Entry   string   `json:"entry"`
	Matched []string `json:"matched"`
	Failed  []string `json:"failed"` // fact names, or what else keeps it: expired, not_yet_valid, denied, not_excusable, mark_of_the_web …
}

// Prevalence is what the baseline knows of a file that a package starts or loads.
// It approves nothing: what is common may be wrong everywhere.
type Prevalence struct {
	Package   string    `json:"package"` // its file name, its URL without the query, or its ProductCode
	Child     string    `json:"child"`   // sha256: or sha1:, and the file's hash
	Hosts     int64     `json:"hosts"`   // on which it was seen
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Pending is a fact that may still come and would change the answer.
type Pending struct {
	Fact string    `json:"fact"`
	Due  time.Time `json:"due"`
}

// BundleStamp says under which bundle a decision was taken.
type BundleStamp struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
	Serial   int64  `json:"serial"` // 0: unsigned
}

// Decision is the policy's answer for one Event and one cause.
type Decision struct {
	ID      string // deterministic: from the Trigger, so that a redelivery has the same
	Trigger Trigger
	Now     time.Time // what the policy took for now
	Context install.Context
	Answer  Answer
	Input   []byte        // the policy input as JSON; nil for an expected one
	Fault   string        // why there is no answer of the policy's own (error, time-out, undefined); "" where there is
	Bundles []BundleStamp // of the Snapshot that answered
	Took    time.Duration // of the evaluation
}
