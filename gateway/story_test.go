package gateway

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
)

// storyMessages are a story's messages as a bus brings them. Its delivery.txt
// says of each line of events.jsonl how the server stamped it and to which
// subject it was published; where there is none, each comes under its own host's
// subject, with no stamp.
func storyMessages(t testing.TB, name string) []*Message {
	t.Helper()
	folder := filepath.Join(storyFolder, name)
	events, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*Message
	for i, line := range bytes.Split(bytes.TrimSpace(events), []byte("\n")) {
		all = append(all, &Message{Stream: bus.StreamEvents, Sequence: uint64(i) + 1, Host: hostOf(line), Data: line})
	}
	delivery, err := os.ReadFile(filepath.Join(folder, "delivery.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return all
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(delivery)), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%s: delivery.txt has %d lines for %d messages", name, len(lines), len(all))
	}
	for i, line := range lines {
		stamp, subject, _ := strings.Cut(line, " ")
		m := all[i]
		if m.Stamp, err = time.Parse(time.RFC3339Nano, stamp); err != nil {
			t.Fatalf("%s: delivery.txt: %v", name, err)
		}
		if i > 0 && m.Stamp.Before(all[i-1].Stamp) {
			t.Fatalf("%s: delivery.txt: line %d is stamped before the one above", name, i+1)
		}
		speaker, kind, err := bus.HostFromSubject(subject)
		if err != nil {
			t.Fatalf("%s: delivery.txt: %v", name, err)
		}
		m.Subject = subject
		if m.Host = speaker; kind == bus.SubjectCollector {
			m.Host, m.Reporter = "", speaker
		}
	}
	return all
}

// toldBy takes messages through a worker of its own, each when its stamp says,
// and gives what was told until nothing is waited for any more.
func toldBy(t testing.TB, p *Policy, messages []*Message) []Step {
	t.Helper()
	var all []Step
	var read passed
	w := NewWorker(WorkerOptions{Version: "test", History: read.history})
	for _, m := range messages {
		all = append(all, w.Due(patient(t), p, m.Stamp)...)
		read.keep(m)
		steps, _ := w.Process(patient(t), p, m)
		all = append(all, steps...)
	}
	all = append(all, w.Finish(patient(t), p)...)
	return slices.DeleteFunc(all, func(s Step) bool { return s.Told == nil && len(s.Updates) == 0 })
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
