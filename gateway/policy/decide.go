package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// The kinds of fault an evaluation can have: first word of Decision.Fault and
// a metric's label.
const (
	FaultError     = "error"
	FaultTimeout   = "timeout"
	FaultUndefined = "undefined"
	FaultAnswer    = "answer" // defined, but not of the published shape
	// FaultQuarantined is of a decision without an evaluation, see Undecidable.
	FaultQuarantined = "quarantined"
)

// Decide asks the policy. It always answers: a fault of any kind becomes a
// review at high severity, and Fault says why.
func (s *Snapshot) Decide(ctx context.Context, trigger Trigger, facts Facts) Decision {
	return s.decide(ctx, s.decision, trigger, facts)
}

// Outcome is Decide without the explanation: disposition, severity, the approval
// and what is pending, for a fraction of the cost. It asks [OutcomeEntrypoint]
// where the policy has it.
func (s *Snapshot) Outcome(ctx context.Context, trigger Trigger, facts Facts) Decision {
	return s.decide(ctx, s.outcome, trigger, facts)
}

func (s *Snapshot) decide(ctx context.Context, at entry, trigger Trigger, facts Facts) Decision {
	d := Decision{
		ID:      trigger.ID(),
		Trigger: trigger,
		Now:     facts.Now,
		Context: *facts.Context,
		Bundles: s.stamps,
	}
	began := time.Now()
	input := inputValue(facts, s.sessions)
	answer, fault := s.evaluate(ctx, at, input, facts.Now)
	d.Took = time.Since(began)
	if fault != "" {
		d.Fault = fault
		answer = faultAnswer(facts)
	}
	restoreCase(&answer, facts.Context)
	d.Answer = answer
	if answer.Disposition != Expected || s.whole {
		d.Input = inputJSON(input)
	}
	return d
}

// Published is what a Decision said that was published before: what DECISIONS
// keeps of it besides the trigger.
type Published struct {
	Answer  Answer
	Input   []byte // as Decision.Input
	Fault   string
	Bundles []BundleStamp // under which it was taken, which need not be this Snapshot's
	Now     time.Time
	Took    time.Duration
}

// Decided is a Decision that was published before, put together again so that
// it can be folded into its finding. Nothing is evaluated, and the answer stays
// as it was told, whatever this Snapshot would say.
func (s *Snapshot) Decided(trigger Trigger, facts Facts, published Published) Decision {
	return Decision{
		ID:      trigger.ID(),
		Trigger: trigger,
		Now:     published.Now,
		Context: *facts.Context,
		Answer:  published.Answer,
		Input:   published.Input,
		Fault:   published.Fault,
		Bundles: published.Bundles,
		Took:    published.Took,
	}
}

// Undecidable is the decision where there is nothing to ask the policy about:
// a message in scope that had to be quarantined. It is a review at high
// severity, and reason says why.
func (s *Snapshot) Undecidable(trigger Trigger, facts Facts, reason string) Decision {
	return Decision{
		ID:      trigger.ID(),
		Trigger: trigger,
		Now:     facts.Now,
		Context: *facts.Context,
		Bundles: s.stamps,
		Fault:   FaultQuarantined + ": " + reason,
		Answer:  faultAnswer(facts),
	}
}

// FaultKind is the first word of Fault: one of the Fault constants, "" where the policy answered.
func (d *Decision) FaultKind() string {
	kind, _, _ := strings.Cut(d.Fault, ":")
	return kind
}

// faultAnswer is what stands where the policy has none of its own.
func faultAnswer(facts Facts) Answer {
	missing := facts.Context.Missing
	if missing == nil {
		missing = []string{}
	}
	return Answer{
		Disposition: Review,
		Severity:    High,
		Signals:     []Signal{},
		NearMisses:  []NearMiss{},
		Pending:     []Pending{},
		Missing:     missing,
	}
}

func (s *Snapshot) evaluate(ctx context.Context, at entry, input ast.Value, now time.Time) (Answer, string) {
	// An external cancel and one timer cost less than the goroutine that rego starts for a context.
	cancel := topdown.NewCancel()
	timer := time.AfterFunc(s.deadline, cancel.Cancel)
	defer timer.Stop()

	results, err := at.query.Eval(ctx,
		rego.EvalParsedInput(input),
		rego.EvalTime(now),
		rego.EvalExternalCancel(cancel),
	)
	switch {
	case topdown.IsCancel(err):
		return Answer{}, fmt.Sprintf("%s: the evaluation took longer than %s", FaultTimeout, s.deadline)
	case err != nil:
		return Answer{}, fmt.Sprintf("%s: %v", FaultError, err)
	case len(results) == 0 || len(results[0].Expressions) == 0:
		return Answer{}, fmt.Sprintf("%s: %s has no value for this input", FaultUndefined, at.name)
	}
	answer, err := readAnswer(at.name, results[0].Expressions[0].Value)
	if err != nil {
		return Answer{}, fmt.Sprintf("%s: %v", FaultAnswer, err)
	}
	return answer, ""
}

// readAnswer types what the policy returned and refuses what is not of the
// published shape: a disposition nobody knows must not pass for harmless.
func readAnswer(name string, value any) (Answer, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return Answer{}, err
	}
	var told struct {
		Answer
		Pending []struct {
			Fact string `json:"fact"`
			Due  int64  `json:"due"` // ns since 1970, as every time in a policy
		} `json:"pending"`
		Baseline *struct {
			Package   string `json:"package"`
			Child     string `json:"child"`
			Hosts     int64  `json:"hosts"`
			FirstSeen int64  `json:"first_seen"`
			LastSeen  int64  `json:"last_seen"`
		} `json:"baseline"`
	}
	told.Answer = Answer{Signals: []Signal{}, NearMisses: []NearMiss{}, Pending: []Pending{}, Missing: []string{}}
	if err := json.Unmarshal(raw, &told); err != nil {
		return Answer{}, fmt.Errorf("%s: %w", name, err)
	}
	answer := told.Answer
	for _, p := range told.Pending {
		if p.Fact == "" || p.Due <= 0 {
			return Answer{}, fmt.Errorf("%s: pending fact %q is due at %d: it must have a name and a time in ns since 1970", name, p.Fact, p.Due)
		}
		answer.Pending = append(answer.Pending, Pending{Fact: p.Fact, Due: time.Unix(0, p.Due).UTC()})
	}
	if b := told.Baseline; b != nil {
		answer.Baseline = &Prevalence{
			Package: b.Package, Child: b.Child, Hosts: b.Hosts,
			FirstSeen: time.Unix(0, b.FirstSeen).UTC(), LastSeen: time.Unix(0, b.LastSeen).UTC(),
		}
	}
	if !answer.Disposition.Known() {
		return Answer{}, fmt.Errorf("%s: disposition %q is none of expected, approved, review, alert", name, answer.Disposition)
	}
	if !answer.Severity.Known() {
		return Answer{}, fmt.Errorf("%s: severity %q is none of informational, low, medium, high, critical", name, answer.Severity)
	}
	if answer.Disposition == Approved && answer.Approval == nil {
		return Answer{}, errors.New(name + ": approved without naming the approval")
	}
	if len(answer.Pending) > 0 && answer.Disposition != Review {
		return Answer{}, fmt.Errorf("%s: %s while a fact is pending: only a review waits", name, answer.Disposition)
	}
	return answer, nil
}
