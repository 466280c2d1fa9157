package gateway

import (
	"os"
	"path/filepath"
	"testing"
)

// storyMessages are a story's messages as a bus brings them.
func storyMessages(t testing.TB, name string) []*Message {
	t.Helper()
	story, err := ReadStory(os.DirFS(storyFolder), name)
	if err != nil {
		t.Fatal(err)
	}
	return story.Messages
}

// toldBy takes messages through a worker of its own.
func toldBy(t testing.TB, p *Policy, messages []*Message) []Step {
	t.Helper()
	return Tell(patient(t), p, messages)
}

// checkGolden compares what came out with a golden file, or writes it anew.
func checkGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./gateway -run Stories -update)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at git diff after: go test ./gateway -run Stories -update\ngot:\n%s", path, got)
	}
}
