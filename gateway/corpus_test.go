package gateway

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// corpusFolder holds public Windows events that the project measures itself on
// and does not carry.
const corpusFolder = "../../shared/corpus"

// hasCorpus tells whether it is there. In the project's own check it must be.
func hasCorpus(t testing.TB) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(corpusFolder, "labels.jsonl"))
	if err != nil && os.Getenv("MSIGATE_SHARED") == "required" {
		t.Fatalf("the corpus is required here: %v", err)
	}
	return err == nil
}

// corpus gives a path in the corpus; without the corpus the test is skipped.
func corpus(t testing.TB, path string) string {
	t.Helper()
	if !hasCorpus(t) {
		t.Skipf("no corpus in %s: the decisions on real events are not checked", corpusFolder)
	}
	return filepath.Join(corpusFolder, filepath.FromSlash(path))
}

// label is what a person said of one line of the corpus.
type label struct {
	File         string `json:"file"`
	Line         int    `json:"line"`
	Label        string `json:"label"`
	Strength     string `json:"strength"`
	HardNegative bool   `json:"hard_negative"`
	Reason       string `json:"reason"`
}

func (l label) String() string {
	return fmt.Sprintf("%s:%d (%s %s: %s)", l.File, l.Line, l.Label, l.Strength, l.Reason)
}

// place is one line of one file of the corpus.
func place(file string, line int) string { return fmt.Sprintf("%s:%d", filepath.Base(file), line) }

func readLabels(t testing.TB) map[string]label {
	t.Helper()
	file, err := os.Open(corpus(t, "labels.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	labels := map[string]label{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var l label
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		labels[place(l.File, l.Line)] = l
	}
	if len(labels) == 0 {
		t.Fatal("the corpus has no labels")
	}
	return labels
}

// decided evaluates paths as `msigate eval` does.
func decided(t testing.TB, paths ...string) ([]Evaluated, Summary) {
	t.Helper()
	var all []Evaluated
	e := NewEvaluation(builtIn(t), WorkerOptions{})
	err := e.Run(patient(t), paths, strings.NewReader(""), func(d Evaluated) error {
		if d.Decision != nil { // else a finding that settled
			all = append(all, d)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all, e.Summary
}

func TestLabelledCorpusIsDecidedAsItsLabelsSay(t *testing.T) {
	labels := readLabels(t)
	all, summary := decided(t, corpus(t, "labelled"))
	if len(summary.Undecodable) > 0 {
		t.Errorf("undecodable: %v", summary.Undecodable)
	}
	got := map[string]*policy.Decision{}
	for _, d := range all {
		decision := d.Decision.Decision()
		if decision.Fault != "" {
			t.Errorf("%s: no answer of the policy's: %s", place(d.Source, d.Line), decision.Fault)
		}
		got[place(d.Source, d.Line)] = decision
		if _, labelled := labels[place(d.Source, d.Line)]; !labelled && !fromInstaller(decision) {
			t.Errorf("%s has no label and nothing to do with an installer, and is decided: %s",
				place(d.Source, d.Line), decision.Answer.Disposition)
		}
	}
	core := 0
	for at, l := range labels {
		disposition := policy.Disposition("")
		if d := got[at]; d != nil {
			disposition = d.Answer.Disposition
		}
		switch {
		case l.Label == "alert" && l.Strength == "core":
			core++
			if disposition != policy.Alert {
				t.Errorf("%v is %q, not an alert", l, disposition)
			}
		case l.Label == "alert" && !disposition.AtLeast(policy.Review):
			t.Errorf("%v is %q, not at least a review", l, disposition)
		case l.Label == "benign" && disposition == policy.Alert:
			t.Errorf("%v is an alert: %v", l, got[at].Answer.Signals)
		}
	}
	if core != 2 {
		t.Errorf("the corpus has %d core lines, not 2: the labels were not read", core)
	}
}

// fromInstaller tells whether what acted descends from an installer's process,
// or ran a file that its tree wrote.
func fromInstaller(d *policy.Decision) bool {
	return d.Context.Process.Role != install.RoleNone && d.Context.Root.Role != install.RoleNone
}

func TestBackgroundOfTheCorpusIsNeverDecided(t *testing.T) {
	all, summary := decided(t, corpus(t, "background"))
	for _, d := range all {
		answer := d.Decision.Decision().Answer
		t.Errorf("%s is decided: %s %v", place(d.Source, d.Line), answer.Disposition, answer.Signals)
	}
	if summary.Read < 40_000 || len(summary.Undecodable) > 0 {
		t.Errorf("read %d events, undecodable: %v", summary.Read, summary.Undecodable)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d events: %d out, %d remembered, %d context", summary.Read, summary.Out, summary.Remembered, summary.Context)
}

// backgroundLine is one message of the corpus's background, and whose it is.
type backgroundLine struct {
	host string
	data []byte
}

// background calls each with every line of the background that is one record.
func background(t testing.TB, each func(backgroundLine)) {
	t.Helper()
	err := ReadFiles(patient(t), []string{corpus(t, "background")}, io.MultiReader(), func(m FileMessage) error {
		records, fault := event.Decode(m.Data)
		if fault == nil && len(records) == 1 && records[0].Fault == nil && records[0].Event.Host != "" {
			each(backgroundLine{host: records[0].Event.Host, data: m.Data})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
