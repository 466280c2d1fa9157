package gateway

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"msigate/gateway/policy"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// storyFolder is where the stories stand.
const storyFolder = "../testdata/stories"

// stories are the names of all.
func stories(t testing.TB) []string {
	t.Helper()
	names, err := StoryNames(os.DirFS(storyFolder))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// decisionsOf decides a story's events as they came off the bus.
func decisionsOf(t testing.TB, p *Policy, name string) []StoryDecision {
	t.Helper()
	return StoryDecisions(toldBy(t, p, storyMessages(t, name)))
}

// golden are values as a golden file has them.
func golden[T StoryDecision | StoryLife](t testing.TB, all []T) string {
	t.Helper()
	lines, err := GoldenLines(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(lines)
}

func TestStoriesAreDecidedAsTheirGoldenFilesSay(t *testing.T) {
	p := builtIn(t)
	for _, name := range stories(t) {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, filepath.Join(storyFolder, name, storyDecisions), golden(t, decisionsOf(t, p, name)))
		})
	}
}

// What each story is for must hold whatever else a golden file comes to say.
func TestStoriesShowWhatTheyAreFor(t *testing.T) {
	p := builtIn(t)
	tests := []struct {
		story string
		worst policy.Disposition
		holds func(d StoryDecision) bool // of one decision with that disposition
	}{
		{"approved-install", policy.Approved, func(d StoryDecision) bool {
			return d.Approval != nil && d.Approval.Entry == "configuration-manager-content"
		}},
		{"attack-custom-action", policy.Alert, func(d StoryDecision) bool { return hasSignal(d, "shell_child") }},
		{"extracted-exe", policy.Alert, func(d StoryDecision) bool { return hasSignal(d, "extracted_program") }},
		{"custom-action-dll", policy.Alert, func(d StoryDecision) bool { return hasSignal(d, "custom_action_dll") }},
		{"microsoft-update", policy.Review, func(d StoryDecision) bool { return hasSignal(d, "system_tool_child") && d.Approval == nil }},
		{"missing-telemetry", policy.Review, func(d StoryDecision) bool { return slices.Contains(d.Missing, "process.command_line") }},
		{"undecodable", policy.Review, func(d StoryDecision) bool { return d.Quarantine == "duplicate_key" }},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			holds := false
			for _, d := range decisionsOf(t, p, test.story) {
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

func hasSignal(d StoryDecision, id string) bool {
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
	all, err := json.Marshal(decisionsOf(t, builtIn(t), "attack-custom-action"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(all, token) {
		t.Errorf("%s is in:\n%s", token, all)
	}
}
