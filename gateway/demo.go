package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/testdata"
)

// demoStory is a story of testdata that a demonstration tells.
type demoStory struct {
	name  string
	host  string // the one whose events are published; "": all
	about string // "": what its README says
}

// demoStories are told in this order. None waits for a timer.
var demoStories = []demoStory{
	{name: "approved-install"},
	{name: "attack-custom-action"},
	{name: "extracted-exe"},
	{name: "custom-action-dll"},
	{name: "late-signer", host: "ws201.corp.example", about: "Configuration Manager installs. A custom action " +
		"starts a program that only its signer can explain, and the record that names the signer comes a moment later. " +
		"Until then it is a review that says what it waits for; then the finding moves on, under the same uid, and " +
		"each queue is told where it went."},
	{name: "late-signer", host: "ws203.corp.example", about: "The same on another host, but the late record says " +
		"that nobody signed the program: the review becomes an alert at once."},
	{name: "microsoft-update"},
	{name: "missing-telemetry"},
	{name: "undecodable"},
}

// DemoHandler is told what a demonstration sees, in order, one call at a time.
type DemoHandler struct {
	Story       func(name, about string, events int)
	Verdict     func(subject string, f *finding.DetectionFinding, header bus.Header)
	Decision    func(d *finding.DecisionLog)
	Quarantined func(subject string, header bus.Header)
}

// DemoSummary counts what a demonstration did.
type DemoSummary struct {
	Published   int
	Decided     int            // events
	Expected    int            // of those, by their last decision
	Again       int            // decisions about events that were decided before
	Verdicts    map[string]int // by disposition; a finding that moved counts on each queue
	Quarantined int
	Took        time.Duration
}

// Demo runs the whole way through with nothing but this process: a NATS server
// in a temporary folder, the gateway on it, the stories published as a shipper
// would, and what comes off the streams handed to h.
func Demo(ctx context.Context, version string, h DemoHandler) (summary DemoSummary, err error) {
	folder, err := os.MkdirTemp("", "msigate-demo-")
	if err != nil {
		return summary, fmt.Errorf("make a folder for the demo's NATS server: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	config := DefaultConfig()
	config.Embedded = EmbeddedConfig{StoreDir: folder, Port: -1}
	config.HTTP.Listen = "off"
	config.Selftest.Every = 0 // what is shown is the stories'
	config.Log.Level = "error"
	config.Evaluation.Deadline = OfflineDeadline // a laptop may be busy building

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	ready := make(chan Running, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, RunOptions{Config: config, Version: version, Log: io.Discard, Ready: func(r Running) { ready <- r }})
	}()
	var running Running
	select {
	case running = <-ready:
	case err := <-ended:
		return summary, err
	}
	d := &demo{handler: h, running: running, summary: DemoSummary{Verdicts: map[string]int{}}}
	err = d.run(ctx)
	d.summary.Took = time.Since(began)
	cancel()
	return d.summary, errors.Join(err, <-ended)
}

type demo struct {
	handler DemoHandler
	running Running
	conn    *bus.Conn
	shipped uint64 // stream sequence of the last event

	mu      sync.Mutex // of what follows, and of calls to handler
	seen    map[string]uint64
	current map[install.Position]policy.Disposition // of every decided event
	fault   error
	summary DemoSummary
}

func (d *demo) run(ctx context.Context) error {
	conn, err := bus.Connect(ctx, bus.Options{URL: d.running.URL, Name: "msigate demo"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	d.conn, d.seen, d.current = conn, map[string]uint64{}, map[install.Position]policy.Disposition{}

	tails, endTails := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer endTails()
	for stream, each := range map[string]func(*bus.Message) error{
		bus.StreamVerdicts:   d.verdict,
		bus.StreamDecisions:  d.decision,
		bus.StreamQuarantine: d.quarantine,
	} {
		reading.Go(func() { d.tail(tails, stream, each) })
	}
	for _, story := range demoStories {
		if err := d.tell(ctx, story); err != nil {
			return err
		}
	}
	return nil
}

// tell publishes one story and waits until all it caused was seen.
func (d *demo) tell(ctx context.Context, story demoStory) error {
	lines, about, err := story.read()
	if err != nil {
		return err
	}
	lines = asOfNow(lines, time.Now())
	d.mu.Lock()
	d.handler.Story(story.name, about, len(lines))
	d.mu.Unlock()
	for _, line := range lines {
		subject := bus.EventSubject(hostOf(line))
		sequence, err := d.conn.Ship(ctx, subject, fmt.Sprintf("demo/%d", d.summary.Published), line, nil)
		if err != nil {
			return err
		}
		d.shipped = sequence
		d.summary.Published++
	}
	return d.settled(ctx)
}

// read gives the story's events and what it is about.
func (s demoStory) read() (lines [][]byte, about string, err error) {
	events, err := testdata.Stories.ReadFile(path.Join("stories", s.name, "events.jsonl"))
	if err != nil {
		return nil, "", fmt.Errorf("read a story built in: %w", err)
	}
	readme, err := fs.ReadFile(testdata.Stories, path.Join("stories", s.name, "README.md"))
	if err != nil {
		return nil, "", fmt.Errorf("read a story built in: %w", err)
	}
	lines = bytes.Split(bytes.TrimSpace(events), []byte("\n"))
	if s.host != "" {
		lines = slices.DeleteFunc(lines, func(line []byte) bool { return hostOf(line) != s.host })
	}
	return lines, cmp.Or(s.about, storyText(string(readme))), nil
}

// storyTime is a time as the stories' events write it.
var storyTime = regexp.MustCompile(`20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d`)

// asOfNow moves the times of events so that the last one is just over, as it
// would be for a shipper that is not behind.
func asOfNow(events [][]byte, now time.Time) [][]byte {
	var last time.Time
	read := func(text []byte) time.Time {
		at, _ := time.Parse(time.DateTime, string(text[:10])+" "+string(text[11:])) // zero: no time after all
		return at
	}
	for _, event := range events {
		for _, text := range storyTime.FindAll(event, -1) {
			if at := read(text); at.After(last) {
				last = at
			}
		}
	}
	moved := make([][]byte, len(events))
	for i, event := range events {
		moved[i] = storyTime.ReplaceAllFunc(event, func(text []byte) []byte {
			at := read(text)
			if at.IsZero() {
				return text
			}
			at = at.Add(now.UTC().Truncate(time.Second).Sub(last))
			return []byte(at.Format(time.DateOnly) + string(text[10]) + at.Format(time.TimeOnly))
		})
	}
	return moved
}

// storyText is what follows the title.
func storyText(readme string) string {
	_, text, _ := strings.Cut(readme, "\n")
	return strings.TrimSpace(text)
}

// hostOf finds the host of a story's event: a shipper knows whose log it
// reads, also of a record that nobody can decode.
func hostOf(line []byte) string {
	const key = `"computer_name":"`
	_, rest, _ := bytes.Cut(line, []byte(key))
	host, _, _ := bytes.Cut(rest, []byte(`"`))
	return event.LowerASCII(string(host))
}

// settled waits until every event is acknowledged and everything that was
// stored meanwhile has been shown.
func (d *demo) settled(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := d.caughtUp(ctx)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (d *demo) caughtUp(ctx context.Context) (bool, error) {
	lag, err := d.running.Gateway.Lag(ctx)
	// What is pending would not do: the server may not have counted the last one yet.
	if err != nil || lag.AckFloor < d.shipped {
		return false, err
	}
	for _, stream := range []string{bus.StreamVerdicts, bus.StreamDecisions, bus.StreamQuarantine} {
		last, err := bus.LastSequence(ctx, d.conn, stream)
		if err != nil {
			return false, err
		}
		d.mu.Lock()
		behind, fault := d.seen[stream] < last, d.fault
		d.mu.Unlock()
		if behind || fault != nil {
			return false, fault
		}
	}
	return true, nil
}

func (d *demo) tail(ctx context.Context, stream string, each func(*bus.Message) error) {
	err := bus.Tail(ctx, d.conn, bus.TailOptions{Stream: stream}, func(m *bus.Message) bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.fault = errors.Join(d.fault, each(m))
		d.seen[stream] = m.Sequence
		return d.fault == nil
	})
	if err != nil {
		d.mu.Lock()
		d.fault = errors.Join(d.fault, err)
		d.mu.Unlock()
	}
}

func (d *demo) verdict(m *bus.Message) error {
	var f finding.DetectionFinding
	if err := json.Unmarshal(m.Data, &f); err != nil {
		return fmt.Errorf("read a verdict: %w", err)
	}
	d.summary.Verdicts[m.Header.Get(HeaderDisposition)]++
	d.handler.Verdict(m.Subject, &f, m.Header)
	return nil
}

func (d *demo) decision(m *bus.Message) error {
	log, err := finding.ReadDecisionLog(m.Data)
	if err != nil {
		return err
	}
	at := install.Position{Stream: log.Custom.Stream, Sequence: log.Custom.Sequence, Record: log.Custom.Record}
	before, again := d.current[at]
	if again {
		d.summary.Again++
	} else {
		d.summary.Decided++
	}
	if before == policy.Expected {
		d.summary.Expected--
	}
	if log.Result.Disposition == policy.Expected {
		d.summary.Expected++
	}
	d.current[at] = log.Result.Disposition
	d.handler.Decision(&log)
	return nil
}

func (d *demo) quarantine(m *bus.Message) error {
	d.summary.Quarantined++
	d.handler.Quarantined(m.Subject, m.Header)
	return nil
}
