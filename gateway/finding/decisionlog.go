package finding

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/policy"
)

// DecisionPath is the decision log's path: data.an0940.decision.
const DecisionPath = "an0940/decision"

// MaxInput bounds the policy input inside a decision log event, in bytes. A
// longer one is erased (and listed in erased, as OPA does): stream, sequence
// and record lead to the original.
const MaxInput = 384 << 10

// maxResult bounds the answer likewise; beyond it, evidence is shortened.
const maxResult = 256 << 10

// DecisionLog is an event of the decision log under the field names that OPA
// documents ("Decision Logs"). Fields that msigate never fills are left out.
type DecisionLog struct {
	Labels     map[string]string        `json:"labels"`
	DecisionID string                   `json:"decision_id"`
	TraceID    string                   `json:"trace_id,omitempty"`
	SpanID     string                   `json:"span_id,omitempty"`
	Bundles    map[string]BundleVersion `json:"bundles,omitempty"`
	Path       string                   `json:"path"`
	Input      jsontext.Value           `json:"input,omitempty"` // absent for an expected Decision
	Result     policy.Answer            `json:"result"`
	Erased     []string                 `json:"erased,omitempty"` // JSON pointers
	Masked     []string                 `json:"masked,omitempty"` // JSON pointers
	Timestamp  time.Time                `json:"timestamp"`        // what the policy took for now
	Metrics    map[string]int64         `json:"metrics,omitempty"`
	RequestID  uint64                   `json:"req_id,omitzero"` // stream sequence: all records of a message share it
	Custom     DecisionCustom           `json:"custom"`
}

// BundleVersion is a bundle as OPA's decision log names it; the serial stands
// in custom.serials.
type BundleVersion struct {
	Revision string `json:"revision,omitempty"`
}

// DecisionCustom is what OPA has no field for: what the Decision answers.
type DecisionCustom struct {
	Stream    string           `json:"stream"`
	Sequence  uint64           `json:"sequence"`
	Record    int              `json:"record"`
	Cause     policy.Cause     `json:"cause"`
	Host      string           `json:"host"`
	EventTime time.Time        `json:"event_time"` // by the host's clock
	Kind      string           `json:"kind"`
	Provider  string           `json:"provider,omitempty"`
	EventID   int              `json:"event_id"`
	RecordID  uint64           `json:"record_id,omitzero"`
	Shape     string           `json:"shape,omitempty"`
	Finding   string           `json:"finding,omitempty"` // uid; absent for an expected Decision
	What      string           `json:"what"`              // parent → child
	Why       string           `json:"why"`
	Fault     string           `json:"fault,omitempty"`
	Mangled   []string         `json:"mangled,omitempty"`
	Serials   map[string]int64 `json:"serials,omitempty"` // by bundle
}

// NewDecisionLog renders a Decision for the decision log.
func NewDecisionLog(d *Masked, trace TraceRef) ([]byte, error) {
	event := newDecisionLog(d, trace)
	raw, err := json.Marshal(event, jsonOptions)
	if err != nil {
		return nil, fmt.Errorf("render decision %s for the decision log: %w", d.decision.ID, err)
	}
	return raw, nil
}

// ReadDecisionLog reads back what NewDecisionLog rendered.
func ReadDecisionLog(raw []byte) (DecisionLog, error) {
	var event DecisionLog
	if err := json.Unmarshal(raw, &event); err != nil {
		return DecisionLog{}, fmt.Errorf("read a decision log event: %w", err)
	}
	return event, nil
}

func newDecisionLog(d *Masked, trace TraceRef) *DecisionLog {
	x := &d.decision
	e := x.Context.Event
	out := &DecisionLog{
		Labels:     map[string]string{"app": "msigate"},
		DecisionID: x.ID,
		TraceID:    trace.TraceID,
		SpanID:     trace.SpanID,
		Path:       DecisionPath,
		Result:     x.Answer,
		Masked:     slices.Clone(d.Pointers),
		Erased:     slices.Clone(d.Erased),
		Timestamp:  x.Now.UTC(),
		RequestID:  x.Trigger.Sequence,
		Custom: DecisionCustom{
			Stream:    x.Trigger.Stream,
			Sequence:  x.Trigger.Sequence,
			Record:    x.Trigger.Record,
			Cause:     x.Trigger.Cause,
			Host:      e.Host,
			EventTime: e.Time.UTC(),
			Kind:      string(e.Kind),
			Provider:  clip(e.Provider, maxText),
			EventID:   e.EventID,
			RecordID:  e.RecordID,
			Shape:     string(e.Shape),
			What:      WhatHappened(d),
			Why:       Why(d),
			Fault:     clip(x.Fault, maxText),
			Mangled:   e.Mangled,
		},
	}
	if x.Took > 0 {
		out.Metrics = map[string]int64{"timer_rego_query_eval_ns": x.Took.Nanoseconds()}
	}
	if len(x.Bundles) > 0 {
		out.Bundles = make(map[string]BundleVersion, len(x.Bundles))
		out.Custom.Serials = make(map[string]int64, len(x.Bundles))
		for _, stamp := range x.Bundles {
			out.Bundles[stamp.Name] = BundleVersion{Revision: stamp.Revision}
			out.Custom.Serials[stamp.Name] = stamp.Serial
		}
	}
	if x.Answer.Disposition == policy.Expected {
		return out
	}
	out.Custom.Finding = UID(d)
	switch {
	case len(x.Input) > MaxInput:
		out.Erased = append(out.Erased, "/input")
	case len(x.Input) > 0:
		out.Input = jsontext.Value(x.Input)
	}
	out.shortenResult()
	return out
}

// shortenResult cuts evidence where an answer quotes so much of a command line,
// so often, that no message could carry it.
func (l *DecisionLog) shortenResult() {
	size := 0
	for i := range l.Result.Signals {
		for _, value := range l.Result.Signals[i].Evidence {
			size += len(value)
		}
	}
	if size <= maxResult {
		return
	}
	signals := make([]policy.Signal, len(l.Result.Signals))
	for i, s := range l.Result.Signals {
		for fact, value := range s.Evidence {
			if len(value) > maxText {
				l.Masked = append(l.Masked, "/result/signals/"+itoa(i)+"/evidence/"+pointerToken(fact))
			}
		}
		s.Evidence = clipped(s.Evidence)
		signals[i] = s
	}
	l.Result.Signals = signals
}

func clipped(evidence map[string]string) map[string]string {
	out := maps.Clone(evidence)
	for fact, value := range out {
		out[fact] = clip(value, maxText)
	}
	return out
}
