package policies_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sys/unix"

	"msigate/bundles"
	"msigate/gateway"
	"msigate/gateway/governance"
	"msigate/gateway/policy"
	"msigate/testdata"
)

// constant is a decision that looks at nothing: what remains is what every
// decision pays, the same on both sides of a ratio: the input is built and written
// down, the query is run, the answer is typed.
const constant = `package an0940

decision := {"disposition": "review", "severity": "low", "signals": [], "near_misses": [], "pending": [], "missing": []}
`

// BenchmarkPolicyRatios tells what a decision costs, and each signal alone, as a
// multiple of an empty evaluation of the same facts, and what a decision costs with
// 100,000 approvals as a multiple of one with 5,000. It is processor time of the
// thread, the sides of a ratio take turns, and their medians are divided: what else
// the machine does meanwhile falls on all of them. -benchtime 50x lets each side
// have 50 turns.
func BenchmarkPolicyRatios(b *testing.B) {
	rules, entries, err := governance.BuiltIn()
	if err != nil {
		b.Fatal(err)
	}
	whole := snapshotOf(b, rules.Content, entries.Content)
	empty := deciding(snapshotOf(b, constantly(b, rules.Content), entries.Content))
	attacks, typical := ofCanaries(b, whole), ofStories(b, whole)

	b.Run("decision", func(b *testing.B) {
		compare(b, "typical", "x/empty", typical, empty, deciding(whole))
		for _, at := range attacks {
			compare(b, at.name, "x/empty", []situation{at}, empty, deciding(whole))
		}
	})

	b.Run("signal", func(b *testing.B) {
		alone := held(b, rules.Content, entries.Content)
		var multiples []float64
		for _, at := range attacks {
			if at.signal != "" {
				multiples = append(multiples, compare(b, at.name, "x/empty", []situation{at}, empty, alone))
			}
		}
		dearest(b, multiples)
	})

	b.Run("approvals", func(b *testing.B) {
		few, many := deciding(snapshotOf(b, rules.Content, approvals(b, 5_000))), deciding(snapshotOf(b, rules.Content, approvals(b, 100_000)))
		compare(b, "typical", "100k/5k", typical, few, many)
		compare(b, "canaries", "100k/5k", attacks, few, many)
	})
}

var trigger = policy.Trigger{Stream: "canary", Sequence: 1, Cause: policy.CauseEvent}

// situation is what one evaluation is about.
type situation struct {
	name   string
	signal string // that a canary is of
	facts  policy.Facts
	input  ast.Value // nil where the event is expected: nobody keeps it then
}

// rule is the package of the signal below data.an0940.
func (s situation) rule() string {
	if s.signal == "unexplained" {
		return s.signal
	}
	return "signals." + s.signal
}

// ofCanaries are the last message of each, and the installer's own service.
func ofCanaries(b *testing.B, s *policy.Snapshot) []situation {
	b.Helper()
	var all []situation
	for _, canary := range s.Canaries() {
		facts := lastFacts(b, canary.Messages)
		input, err := ast.ValueFromReader(bytes.NewReader(s.Decide(context.Background(), trigger, facts).Input))
		if err != nil {
			b.Fatalf("%s: %v", canary.Name, err)
		}
		all = append(all, situation{canary.Name, canary.Signal, facts, input})
		if canary.Name == "shell_child" {
			all = append(all, situation{name: "machinery", facts: lastFacts(b, canary.Messages[:1])})
		}
	}
	return all
}

// ofStories are events that the stories have decided, spread evenly over all of them.
func ofStories(b *testing.B, s *policy.Snapshot) []situation {
	b.Helper()
	stories, err := fs.Sub(testdata.Stories, "stories")
	if err != nil {
		b.Fatal(err)
	}
	names, err := gateway.StoryNames(stories)
	if err != nil {
		b.Fatal(err)
	}
	p, err := gateway.NewTrial(s)
	if err != nil {
		b.Fatal(err)
	}
	var all []situation
	for _, name := range names {
		story, err := gateway.ReadStory(stories, name)
		if err != nil {
			b.Fatal(err)
		}
		for _, step := range gateway.Tell(context.Background(), p, story.Messages) {
			if step.Told != nil && step.Outcome == gateway.Decided {
				d := step.Told.Decision()
				all = append(all, situation{name: name, facts: policy.Facts{Context: &d.Context, Host: step.Host, Now: d.Now}})
			}
		}
	}
	const wanted = 100
	some := make([]situation, 0, wanted)
	for i := range wanted {
		some = append(some, all[i*len(all)/wanted])
	}
	return some
}

// side is one side of a ratio.
type side func(b *testing.B, at situation)

func deciding(s *policy.Snapshot) side {
	return func(b *testing.B, at situation) {
		if d := s.Decide(context.Background(), trigger, at.facts); d.Fault != "" {
			b.Fatal(d.Fault)
		}
	}
}

// held evaluates one signal alone, over an input that is there.
func held(b *testing.B, rules, entries *bundle.Bundle) side {
	b.Helper()
	parsed := map[string]*ast.Module{}
	for _, m := range rules.Modules {
		parsed[m.Path] = m.Parsed
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(parsed); compiler.Failed() {
		b.Fatal(compiler.Errors)
	}
	data := maps.Clone(rules.Data)
	maps.Copy(data, entries.Data)
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	queries := map[string]rego.PreparedEvalQuery{}
	return func(b *testing.B, at situation) {
		query, ok := queries[at.signal]
		if !ok {
			var err error
			query, err = rego.New(rego.Query("data.an0940."+at.rule()+".held"), rego.Compiler(compiler), rego.Store(store)).PrepareForEval(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			queries[at.signal] = query
		}
		// As Decide does: without it a goroutine is started to wait for the context.
		cancel := topdown.NewCancel()
		results, err := query.Eval(context.Background(), rego.EvalParsedInput(at.input), rego.EvalTime(at.facts.Now), rego.EvalExternalCancel(cancel))
		if err != nil || len(results) != 1 {
			b.Fatalf("%s does not hold for its canary: %v", at.signal, err)
		}
	}
}

// compare reports the median, over the situations, of what the second side costs
// as a multiple of the first, and gives it.
func compare(b *testing.B, name, unit string, situations []situation, first, second side) float64 {
	b.Helper()
	var multiple float64
	b.Run(name, func(b *testing.B) {
		took := [2][][]float64{make([][]float64, len(situations)), make([][]float64, len(situations))}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for _, at := range situations { // what is made once is made
			first(b, at)
			second(b, at)
		}
		for b.Loop() {
			for i, at := range situations {
				for n, evaluate := range []side{first, second} {
					began := threadTime(b)
					evaluate(b, at)
					took[n][i] = append(took[n][i], float64(threadTime(b)-began)/1000)
				}
			}
		}
		multiples := make([]float64, len(situations))
		seconds := make([]float64, len(situations))
		for i := range situations {
			seconds[i] = median(took[1][i])
			multiples[i] = seconds[i] / median(took[0][i])
		}
		multiple = median(multiples)
		b.ReportMetric(multiple, unit)
		b.ReportMetric(median(seconds), "µs")
		b.ReportMetric(0, "ns/op") // of both sides and all situations: says nothing
	})
	return multiple
}

// dearest reports the largest: a benchmark that runs nothing itself.
func dearest(b *testing.B, multiples []float64) {
	if len(multiples) == 0 {
		return // -bench asked for another
	}
	b.Run("dearest", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(slices.Max(multiples), "x/empty")
		b.ReportMetric(0, "ns/op")
	})
}

// threadTime is what this thread has used of the processors. getrusage(2) counts
// it in ticks of the scheduler only.
func threadTime(b *testing.B) time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		b.Fatal(err)
	}
	return time.Duration(now.Nano())
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// constantly is the policy with the constant decision: everything else of it is compiled too.
func constantly(b *testing.B, rules *bundle.Bundle) *bundle.Bundle {
	b.Helper()
	other := *rules
	other.Modules = slices.Clone(rules.Modules)
	for i := range other.Modules {
		m := &other.Modules[i]
		if path.Clean("/"+m.Path) == "/an0940/decision.rego" {
			m.Raw, m.Parsed = []byte(constant), nil
			return &other
		}
	}
	b.Fatal("an0940/decision.rego is not in the bundle")
	return nil
}

func snapshotOf(b *testing.B, rules, entries *bundle.Bundle) *policy.Snapshot {
	b.Helper()
	s, err := policy.Compile(context.Background(), []policy.Bundle{
		{Stamp: policy.BundleStamp{Name: governance.NamePolicy}, Content: rules},
		{Stamp: policy.BundleStamp{Name: governance.NameGovernance}, Content: entries},
	}, policy.Options{Deadline: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// approvals is the governance of the binary with n further entries, each for a
// package by its hash, from one of the sources and by the tools that are there.
func approvals(b *testing.B, n int) *bundle.Bundle {
	b.Helper()
	files := fstest.MapFS{}
	for _, kind := range []string{"deny", "deployment_tools", "installers", "signers", "sources"} {
		raw, err := fs.ReadFile(bundles.FS, "governance/"+kind+".yaml")
		if err != nil {
			b.Fatal(err)
		}
		files[kind+".yaml"] = &fstest.MapFile{Data: raw}
	}
	var more strings.Builder
	more.Write(files["installers.yaml"].Data)
	for i := range n {
		fmt.Fprintf(&more, "  - {id: synthetic-%06d, title: Package %d, owner: endpoint-engineering, reason: one of many that the benchmark looks past, created: 2026-11-01, expires: 2027-10-31, sha256: [%064x], deployment_tools: [configuration-manager], sources: [configuration-manager-cache]}\n", i, i, i+1)
	}
	files["installers.yaml"].Data = []byte(more.String())
	built, err := governance.Build(files, governance.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return built.Content
}
