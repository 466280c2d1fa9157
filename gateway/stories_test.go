package gateway

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// storyFolder is where the stories stand.
const storyFolder = "../testdata/stories"

// stories are the names of all.
func stories(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(storyFolder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// storyDecision is one line of decisions.golden: what a person who
// reviews a change of the policy needs to see of one decision.
type storyDecision struct {
	Line        int                `json:"line"` // of events.jsonl
	Record      int                `json:"record"`
	Host        string             `json:"host"`
	Time        time.Time          `json:"time"`
	Kind        string             `json:"kind"`
	Cause       policy.Cause       `json:"cause,omitempty"`   // where it is not the event itself
	Package     string             `json:"package,omitempty"` // of the install it belongs to
	What        string             `json:"what"`
	Disposition policy.Disposition `json:"disposition"`
	Severity    policy.Severity    `json:"severity"`
	Why         string             `json:"why"`
	Signals     []policy.Signal    `json:"signals"`
	Approval    *policy.Approval   `json:"approval,omitempty"`
	NearMisses  []policy.NearMiss  `json:"near_misses,omitempty"`
	Pending     []policy.Pending   `json:"pending,omitempty"`
	Missing     []string           `json:"missing,omitempty"`
	Finding     string             `json:"finding,omitempty"` // uid
	Told        []string           `json:"told,omitempty"`    // what that did to findings
	Quarantine  string             `json:"quarantine,omitempty"`
}

// storyDecisions decides a story's events as they came off the bus.
func storyDecisions(t testing.TB, p *Policy, name string) []storyDecision {
	t.Helper()
	var all []storyDecision
	for _, step := range toldBy(t, p, storyMessages(t, name)) {
		if step.Told != nil {
			all = append(all, newStoryDecision(step))
		}
	}
	return all
}

func newStoryDecision(step Step) storyDecision {
	d := step.Told.Decision()
	s := storyDecision{
		Line: int(d.Trigger.Sequence), Record: d.Trigger.Record, Host: d.Context.Event.Host, Time: d.Context.Event.Time, Kind: string(d.Context.Event.Kind),
		What: finding.WhatHappened(step.Told), Disposition: d.Answer.Disposition, Severity: d.Answer.Severity, Why: finding.Why(step.Told),
		Signals: d.Answer.Signals, Approval: d.Answer.Approval, NearMisses: d.Answer.NearMisses, Pending: d.Answer.Pending, Missing: d.Answer.Missing,
	}
	if d.Trigger.Cause != policy.CauseEvent {
		s.Cause = d.Trigger.Cause
	}
	if session := d.Context.Session; session != nil && session.Package != nil {
		s.Package = session.Package.Name
	}
	if d.Answer.Disposition != policy.Expected {
		s.Finding = finding.UID(step.Told)
	}
	for _, u := range step.Updates {
		s.Told = append(s.Told, fmt.Sprintf("%s on %s", u.Activity, u.Disposition))
	}
	if step.Fault != nil {
		s.Quarantine = string(step.Fault.Reason)
	}
	return s
}

func TestStoriesAreDecidedAsTheirGoldenFilesSay(t *testing.T) {
	p := builtIn(t)
	for _, name := range stories(t) {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			encoder := json.NewEncoder(&got)
			encoder.SetEscapeHTML(false)
			for _, d := range storyDecisions(t, p, name) {
				if err := encoder.Encode(d); err != nil {
					t.Fatal(err)
				}
			}
			checkGolden(t, filepath.Join(storyFolder, name, "decisions.golden"), got.String())
		})
	}
}

// What each story is for must hold whatever else a golden file comes to say.
func TestStoriesShowWhatTheyAreFor(t *testing.T) {
	p := builtIn(t)
	tests := []struct {
		story string
		worst policy.Disposition
		holds func(d storyDecision) bool // of one decision with that disposition
	}{
		{"approved-install", policy.Approved, func(d storyDecision) bool {
			return d.Approval != nil && d.Approval.Entry == "configuration-manager-content"
		}},
		{"attack-custom-action", policy.Alert, func(d storyDecision) bool { return hasSignal(d, "shell_child") }},
		{"extracted-exe", policy.Alert, func(d storyDecision) bool { return hasSignal(d, "extracted_program") }},
		{"custom-action-dll", policy.Alert, func(d storyDecision) bool { return hasSignal(d, "custom_action_dll") }},
		{"microsoft-update", policy.Review, func(d storyDecision) bool { return hasSignal(d, "system_tool_child") && d.Approval == nil }},
		{"missing-telemetry", policy.Review, func(d storyDecision) bool { return slices.Contains(d.Missing, "process.command_line") }},
		{"undecodable", policy.Review, func(d storyDecision) bool { return d.Quarantine == "duplicate_key" }},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			holds := false
			for _, d := range storyDecisions(t, p, test.story) {
				if !test.worst.AtLeast(d.Disposition) {
					t.Errorf("line %d is %s, worse than %s: %s", d.Line, d.Disposition, test.worst, d.Why)
				}
				holds = holds || d.Disposition == test.worst && test.holds(d)
			}
			if !holds {
				t.Errorf("no decision is %s for what the story tells", test.worst)
			}
		})
	}
}

func hasSignal(d storyDecision, id string) bool {
	return slices.ContainsFunc(d.Signals, func(s policy.Signal) bool { return s.ID == id })
}

func TestDemoTellsStoriesThatThereAre(t *testing.T) {
	all := stories(t)
	for _, story := range demoStories {
		if !slices.Contains(all, story.name) {
			t.Errorf("there is no story %s", story.name)
			continue
		}
		lines, about, err := story.read()
		if err != nil || len(lines) == 0 || about == "" {
			t.Errorf("%s, host %q: %d events, about %q, error %v", story.name, story.host, len(lines), about, err)
		}
	}
}

func TestSecretsOfTheStoriesAreInNoDecision(t *testing.T) {
	events, err := os.ReadFile(filepath.Join(storyFolder, "attack-custom-action", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "Bearer "
	at := bytes.Index(events, []byte(secret))
	if at < 0 {
		t.Fatal("the story has no secret")
	}
	token := events[at+len(secret) : at+len(secret)+12]
	all, err := json.Marshal(storyDecisions(t, builtIn(t), "attack-custom-action"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(all, token) {
		t.Errorf("%s is in:\n%s", token, all)
	}
}
