package gateway

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"msigate/gateway/event/eventtest"
	"msigate/gateway/policy"
)

// judged is what a person acts on of one Decision.
type judged struct {
	Disposition policy.Disposition
	Severity    policy.Severity
	Signals     []policy.Signal
	Approval    *policy.Approval
}

func judgedOf(d *policy.Decision) judged {
	return judged{Disposition: d.Answer.Disposition, Severity: d.Answer.Severity, Signals: d.Answer.Signals, Approval: d.Answer.Approval}
}

// decidedAt are an evaluation's decisions by file, line and cause.
func decidedAt(t testing.TB, path string) map[string]*policy.Decision {
	t.Helper()
	all, summary := decided(t, path)
	if len(summary.Undecodable) > 0 {
		t.Fatalf("undecodable: %v", summary.Undecodable)
	}
	at := map[string]*policy.Decision{}
	for _, one := range all {
		d := one.Decision.Decision()
		key := place(one.Source, one.Line) + " " + string(d.Trigger.Cause)
		if at[key] != nil {
			t.Errorf("%s is decided twice", key)
		}
		at[key] = d
	}
	return at
}

// What a log of the corpus is decided does not depend on who wrote it down:
// every decision on a line is the same when evtx_dump or NXLog tells it. What a
// form has no place for may be missing and is then named; nothing the corpus
// decides rests on it, so no answer differs.
func TestLabelledCorpusIsDecidedAlikeInOtherShapes(t *testing.T) {
	want := decidedAt(t, corpus(t, "labelled"))
	// By shape, what it has no place for: NXLog keeps only the rendered text of a
	// classic record, and so not its binary data.
	lacking := map[string][]string{"evtx_dump": nil, "nxlog": {"event.install.product_code"}}
	for shape, lacks := range lacking {
		t.Run(shape, func(t *testing.T) {
			got := decidedAt(t, retoldCorpus(t, shape))
			if len(got) != len(want) {
				t.Errorf("%d decisions, not %d", len(got), len(want))
			}
			for at, w := range want {
				g := got[at]
				if g == nil {
					t.Errorf("%s is %s, and not decided here", at, w.Answer.Disposition)
					continue
				}
				if !reflect.DeepEqual(judgedOf(g), judgedOf(w)) {
					t.Errorf("%s:\n got %+v\nwant %+v", at, judgedOf(g), judgedOf(w))
				}
				for _, fact := range g.Answer.Missing {
					if !slices.Contains(w.Answer.Missing, fact) && !slices.Contains(lacks, fact) {
						t.Errorf("%s: %s is missing, and the shape has a place for it", at, fact)
					}
				}
				for _, fact := range w.Answer.Missing {
					if !slices.Contains(g.Answer.Missing, fact) {
						t.Errorf("%s: %s is not missing here", at, fact)
					}
				}
			}
		})
	}
}

// retoldCorpus writes the labelled logs as the shape's shipper would have, line
// for line, into a folder of its own.
func retoldCorpus(t *testing.T, shape string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpus(t, "labelled"), "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the corpus has no logs: %v", err)
	}
	folder := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var told bytes.Buffer
		for i, r := range eventtest.Read(t, bytes.Split(bytes.TrimSpace(text), []byte("\n"))) {
			told.Write(r.Write(t, shape, i))
			told.WriteByte('\n')
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), told.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
