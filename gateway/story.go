package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"msigate/gateway/bus"
)

// The files of a story's folder.
const (
	storyEvents    = "events.jsonl"     // one message a line, as a shipper publishes it
	storyDelivery  = "delivery.txt"     // optional: of each line its stamp and subject
	storyDecisions = "decisions.golden" // one [StoryDecision] a line
	storyFindings  = "findings.golden"  // one [StoryLife] a line
)

// Story is a folder of recorded messages and what must come of them: how a
// policy is tested from the bytes on the wire to the life of a finding. It is
// taken through the very steps of the gateway.
type Story struct {
	Name     string
	Messages []*Message // in stream order; the sequence is the line of events.jsonl, from 1

	// What must come of them, as the golden files say. nil where there is no such
	// file: nothing is asked of it.
	Decisions []byte
	Findings  []byte
}

// StoryNames are the stories of a folder, by name: each folder in it is one.
func StoryNames(stories fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(stories, ".")
	if err != nil {
		return nil, fmt.Errorf("look for stories: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// ReadStory reads one. Its delivery.txt says of each line of events.jsonl how
// the server stamped it (RFC 3339) and to which subject it was published; where
// there is none, each comes under its own host's subject, with no stamp.
func ReadStory(stories fs.FS, name string) (*Story, error) {
	events, err := fs.ReadFile(stories, path.Join(name, storyEvents))
	if err != nil {
		return nil, fmt.Errorf("read story %s: %w", name, err)
	}
	s := &Story{Name: name}
	for i, line := range bytes.Split(bytes.TrimSpace(events), []byte("\n")) {
		s.Messages = append(s.Messages, &Message{Stream: bus.StreamEvents, Sequence: uint64(i) + 1, Host: hostOf(line), Data: line})
	}
	delivery, err := readIfThere(stories, path.Join(name, storyDelivery))
	if err == nil && delivery != nil {
		err = s.deliver(string(delivery))
	}
	if err == nil {
		s.Decisions, err = readIfThere(stories, path.Join(name, storyDecisions))
	}
	if err == nil {
		s.Findings, err = readIfThere(stories, path.Join(name, storyFindings))
	}
	if err != nil {
		return nil, fmt.Errorf("read story %s: %w", name, err)
	}
	return s, nil
}

func readIfThere(files fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// deliver stamps and addresses the messages as delivery.txt says.
func (s *Story) deliver(delivery string) error {
	lines := strings.Split(strings.TrimSpace(delivery), "\n")
	if len(lines) != len(s.Messages) {
		return fmt.Errorf("%s has %d lines for %d messages", storyDelivery, len(lines), len(s.Messages))
	}
	for i, line := range lines {
		stamp, subject, _ := strings.Cut(line, " ")
		m := s.Messages[i]
		var err error
		if m.Stamp, err = time.Parse(time.RFC3339Nano, stamp); err != nil {
			return fmt.Errorf("%s:%d: the first word is no time in RFC 3339: %w", storyDelivery, i+1, err)
		}
		if i > 0 && m.Stamp.Before(s.Messages[i-1].Stamp) {
			return fmt.Errorf("%s:%d: it is stamped before the line above: a stream's stamps never go back", storyDelivery, i+1)
		}
		speaker, kind, err := bus.HostFromSubject(subject)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", storyDelivery, i+1, err)
		}
		m.Subject = subject
		if m.Host = speaker; kind == bus.SubjectCollector {
			m.Host, m.Reporter = "", speaker
		}
	}
	return nil
}

// Tell takes messages through a worker of its own, each when its stamp says,
// and gives what was told until nothing is waited for any more.
func Tell(ctx context.Context, p *Policy, messages []*Message) []Step {
	var all []Step
	var read passed
	w := NewWorker(WorkerOptions{Version: "test", History: read.history})
	for _, m := range messages {
		all = append(all, w.Due(ctx, p, m.Stamp)...)
		read.keep(m)
		steps, _ := w.Process(ctx, p, m)
		all = append(all, steps...)
	}
	all = append(all, w.Finish(ctx, p)...)
	return slices.DeleteFunc(all, func(s Step) bool { return s.Told == nil && len(s.Updates) == 0 })
}
