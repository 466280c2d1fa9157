package policies_test

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"golang.org/x/sys/unix"

	"msigate/bundles"
	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// constant is a decision that looks at nothing: what remains is what every
// decision pays, its input, the query and its typed answer.
const constant = `{"disposition": "review", "severity": "low", "signals": %s, "near_misses": [], "pending": [], "missing": []}`

// BenchmarkPolicyRatios tells what a decision and each signal alone cost as a
// multiple of an empty evaluation of the same facts, and what 100,000 approvals
// cost as a multiple of 5,000. It is processor time of the thread, the sides of a
// ratio take turns, and their medians are divided: what else the machine does
// meanwhile falls on all of them. -benchtime 50x lets each side have 50 turns.
func BenchmarkPolicyRatios(b *testing.B) {
	rules, entries, err := governance.BuiltIn()
	if err != nil {
		b.Fatal(err)
	}
	whole := snapshotOf(b, rules.Content, entries.Content)
	empty := snapshotOf(b, deciding(b, rules.Content, "", fmt.Sprintf(constant, "[]")), entries.Content)

	b.Run("decision", func(b *testing.B) {
		var multiples []float64
		for _, at := range situations(b, whole) {
			b.Run(at.name, func(b *testing.B) {
				took := alternate(b, at.facts, empty, whole)
				multiples = append(multiples, took[1]/took[0])
				b.ReportMetric(took[1]/took[0], "x/empty")
				b.ReportMetric(took[1], "µs")
				b.ReportMetric(took[0], "µs-empty")
			})
		}
		report(b, multiples, "x/empty")
	})

	b.Run("signal", func(b *testing.B) {
		var multiples []float64
		for _, at := range situations(b, whole) {
			if at.signal == "" {
				continue
			}
			alone := snapshotOf(b, deciding(b, rules.Content,
				fmt.Sprintf("told := [object.filter(held, {\"id\", \"severity\", \"title\", \"evidence\"}) | some held in [data.an0940.%s.held]]\n", at.rule()),
				fmt.Sprintf(constant, "told")), entries.Content)
			b.Run(at.name, func(b *testing.B) {
				if d := alone.Decide(context.Background(), trigger, at.facts); len(d.Answer.Signals) != 1 {
					b.Fatalf("%s does not hold for its canary: %+v %s", at.signal, d.Answer, d.Fault)
				}
				took := alternate(b, at.facts, empty, alone)
				multiples = append(multiples, took[1]/took[0])
				b.ReportMetric(took[1]/took[0], "x/empty")
			})
		}
		report(b, multiples, "x/empty")
	})

	b.Run("approvals", func(b *testing.B) {
		few := snapshotOf(b, rules.Content, approvals(b, 5_000))
		many := snapshotOf(b, rules.Content, approvals(b, 100_000))
		var multiples []float64
		for _, at := range situations(b, whole) {
			b.Run(at.name, func(b *testing.B) {
				took := alternate(b, at.facts, few, many)
				multiples = append(multiples, took[1]/took[0])
				b.ReportMetric(took[1]/took[0], "100k/5k")
			})
		}
		report(b, multiples, "100k/5k")
	})
}

var trigger = policy.Trigger{Stream: "canary", Sequence: 1, Cause: policy.CauseEvent}

// situation is what one evaluation is about.
type situation struct {
	name   string
	signal string // that a canary is of
	facts  policy.Facts
}

// rule is the package of the signal below data.an0940.
func (s situation) rule() string {
	if s.signal == "unexplained" {
		return s.signal
	}
	return "signals." + s.signal
}

// situations are the last message of each canary, and what no signal is about:
// the installer's own service, and an approved install's client and child.
func situations(b *testing.B, s *policy.Snapshot) []situation {
	b.Helper()
	var all []situation
	for _, canary := range s.Canaries() {
		all = append(all, situation{name: canary.Name, signal: canary.Signal, facts: lastFacts(b, canary.Messages)})
		if canary.Name == "shell_child" {
			all = append(all, situation{name: "machinery", facts: lastFacts(b, canary.Messages[:1])})
		}
	}
	return all
}

// alternate evaluates the same facts under each Snapshot in turn and gives the
// median of one evaluation under each in µs.
func alternate(b *testing.B, facts policy.Facts, snapshots ...*policy.Snapshot) []float64 {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took := make([][]float64, len(snapshots))
	for b.Loop() {
		for i, s := range snapshots {
			began := threadTime(b)
			d := s.Decide(context.Background(), trigger, facts)
			took[i] = append(took[i], float64(threadTime(b)-began)/1000)
			if d.Fault != "" {
				b.Fatal(d.Fault)
			}
		}
	}
	medians := make([]float64, len(took))
	for i := range took {
		medians[i] = median(took[i])
	}
	return medians
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

// report sums up: the benchmark that it is reported under runs nothing itself.
func report(b *testing.B, multiples []float64, unit string) {
	if len(multiples) == 0 {
		return // -bench asked for another
	}
	b.Run("median-and-dearest", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(median(multiples), "median-"+unit)
		b.ReportMetric(slices.Max(multiples), "dearest-"+unit)
	})
}

// deciding is the policy with another decision: everything else of it is compiled too.
func deciding(b *testing.B, rules *bundle.Bundle, before, answer string) *bundle.Bundle {
	b.Helper()
	other := *rules
	other.Modules = slices.Clone(rules.Modules)
	for i := range other.Modules {
		m := &other.Modules[i]
		if path.Clean("/"+m.Path) == "/an0940/decision.rego" {
			m.Raw, m.Parsed = []byte("package an0940\n\n"+before+"\ndecision := "+answer+"\n"), nil
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
		fmt.Fprintf(&more, "  - {id: synthetic-%06d, title: Package %d, owner: endpoint-engineering, reason: one of many, created: 2026-11-01, expires: 2027-10-31, sha256: [%064x], deployment_tools: [configuration-manager], sources: [configuration-manager-cache]}\n", i, i, i+1)
	}
	files["installers.yaml"].Data = []byte(more.String())
	built, err := governance.Build(files, governance.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return built.Content
}
