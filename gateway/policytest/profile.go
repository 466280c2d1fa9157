package policytest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"

	"msigate/gateway"
	"msigate/gateway/policy"
)

// Bounds of the profile: it is to be exact enough to see a signal double, and
// to end soon.
const (
	profiledEvents  = 150 // spread evenly over the stories
	profiledRepeats = 3   // the shortest counts: what is longer is the machine's
)

// CostProfile is what evaluations cost over events of the stories, as multiples
// of an empty one: the same event decided by a policy that says nothing, its
// input built and written as ever. What a rule of lib costs counts for each
// signal that asks for it; in a decision it is evaluated once.
type CostProfile struct {
	Events   int           `json:"events"`
	Empty    time.Duration `json:"empty_ns"` // mean
	Decision Cost          `json:"decision"` // of the whole policy
	Signals  []Cost        `json:"signals"`  // of each alone, the dearest first
}

// Cost is what one evaluation costs.
type Cost struct {
	ID   string  `json:"id"`
	Mean float64 `json:"mean"` // multiple of an empty evaluation, over all events
	Most float64 `json:"most"` // of the dearest event
}

// profile times each signal alone, and the decision, over events of the
// stories. nil where there is none.
func (p *Pack) profile(ctx context.Context, told [][]gateway.Step) (*CostProfile, error) {
	events, err := eventsOf(told)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	nothing, err := p.empty(ctx)
	if err != nil {
		return nil, err
	}
	profile := &CostProfile{Events: len(events)}
	if profile.Empty, _, err = timed(events, deciding(ctx, nothing)); err != nil {
		return nil, err
	}
	cost := func(id string, evaluate func(*profiled) error) (Cost, error) {
		mean, most, err := timed(events, evaluate)
		return Cost{ID: id, Mean: float64(mean) / float64(profile.Empty), Most: float64(most) / float64(profile.Empty)}, err
	}
	if profile.Decision, err = cost("decision", deciding(ctx, p.snapshot)); err != nil {
		return nil, err
	}
	compiler, err := p.compiled()
	if err != nil {
		return nil, err
	}
	data := map[string]any{}
	for _, b := range p.Bundles {
		maps.Copy(data, b.Content.Data)
	}
	store := newStore(data)
	for _, id := range signalIDs(compiler) {
		query := "data.an0940.signals." + id + ".held"
		prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler), rego.Store(store)).PrepareForEval(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare %s: %w", query, err)
		}
		one, err := cost(id, func(e *profiled) error {
			_, err := prepared.Eval(ctx, rego.EvalParsedInput(e.input))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", query, err)
		}
		profile.Signals = append(profile.Signals, one)
	}
	slices.SortStableFunc(profile.Signals, func(a, b Cost) int { return cmp.Compare(b.Mean, a.Mean) })
	return profile, nil
}

// nothing is a policy that says nothing of any event.
const nothing = `# METADATA
# custom:
#   trigger:
#     - {kind: process_start}
package an0940

decision := {"disposition": "review", "severity": "low", "signals": [], "near_misses": [], "pending": [], "missing": []}
`

// empty compiles that policy with the data of this one.
func (p *Pack) empty(ctx context.Context) (*policy.Snapshot, error) {
	module := bundle.ModuleFile{Path: "/an0940/nothing.rego", Raw: []byte(nothing)}
	return policy.Compile(ctx, []policy.Bundle{{Content: &bundle.Bundle{Data: p.data, Modules: []bundle.ModuleFile{module}}}},
		policy.Options{Deadline: gateway.OfflineDeadline, KeepInput: true})
}

// profiled is one event that is evaluated again and again.
type profiled struct {
	facts policy.Facts
	input ast.Value
}

func deciding(ctx context.Context, s *policy.Snapshot) func(*profiled) error {
	return func(e *profiled) error {
		if d := s.Decide(ctx, policy.Trigger{Stream: "profile", Sequence: 1, Cause: policy.CauseEvent}, e.facts); d.Fault != "" {
			return errors.New(d.Fault)
		}
		return nil
	}
}

// timed evaluates every event in turn, a few times, and takes for each event
// its shortest.
func timed(events []profiled, evaluate func(*profiled) error) (mean, most time.Duration, err error) {
	shortest := make([]time.Duration, len(events))
	for repeat := range profiledRepeats {
		for i := range events {
			began := time.Now()
			if err := evaluate(&events[i]); err != nil {
				return 0, 0, err
			}
			if took := time.Since(began); repeat == 0 || took < shortest[i] {
				shortest[i] = took
			}
		}
	}
	var sum time.Duration
	for _, took := range shortest {
		sum += took
		most = max(most, took)
	}
	return sum / time.Duration(len(events)), most, nil
}

// eventsOf are decided events of the stories, spread evenly.
func eventsOf(told [][]gateway.Step) ([]profiled, error) {
	var all []*policy.Decision
	for _, steps := range told {
		for _, step := range steps {
			if step.Told != nil && len(step.Told.Decision().Input) > 0 {
				all = append(all, step.Told.Decision())
			}
		}
	}
	var events []profiled
	wanted := min(profiledEvents, len(all))
	for n := range wanted {
		d := all[n*len(all)/wanted]
		input, err := ast.ValueFromReader(bytes.NewReader(d.Input))
		if err != nil {
			return nil, fmt.Errorf("read the input of a story: %w", err)
		}
		events = append(events, profiled{policy.Facts{Context: &d.Context, Host: d.Context.Event.Host, Now: d.Now}, input})
	}
	return events, nil
}

// signalIDs are the packages below data.an0940.signals.
func signalIDs(compiler *ast.Compiler) []string {
	ids := map[string]bool{}
	for _, module := range compiler.Modules {
		if id, ok := strings.CutPrefix(module.Package.Path.String(), "data.an0940.signals."); ok && !strings.Contains(id, ".") {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
