package policytest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"msigate/gateway"
)

// The golden files of a story, each a test.
const (
	decisions = "decisions"
	findings  = "findings"
)

// tellStories tells each story once and compares it with its golden files. It
// gives what was told of them, for the profile.
func (p *Pack) tellStories(ctx context.Context, o Options, add func(...Result)) ([][]gateway.Step, error) {
	if p.Stories == nil {
		return nil, nil
	}
	names, err := gateway.StoryNames(p.Stories)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && o.Run == nil {
		add(Result{Kind: Stories, Name: "stories", Failure: "there is no story: a story is a folder with its events.jsonl and golden files"})
		return nil, nil
	}
	type told struct {
		results []Result
		steps   []gateway.Step
	}
	all := make([]chan told, 0, len(names))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	defer running.Wait()
	for _, name := range names {
		if !o.wants(Stories, name+"/"+decisions) && !o.wants(Stories, name+"/"+findings) {
			continue
		}
		done := make(chan told, 1)
		all = append(all, done)
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results, steps := p.tellStory(ctx, o, name)
			done <- told{results, steps}
		})
	}
	var steps [][]gateway.Step
	for _, done := range all {
		one := <-done
		add(one.results...)
		steps = append(steps, one.steps)
	}
	return steps, ctx.Err()
}

func (p *Pack) tellStory(ctx context.Context, o Options, name string) ([]Result, []gateway.Step) {
	began := time.Now()
	story, err := gateway.ReadStory(p.Stories, name)
	if err != nil {
		return []Result{{Kind: Stories, Name: name + "/" + decisions, Failure: err.Error()}}, nil
	}
	steps := gateway.Tell(ctx, p.policy, story.Messages)
	var results []Result
	check := func(file string, want []byte, got []byte, err error) {
		if !o.wants(Stories, name+"/"+file) || ctx.Err() != nil {
			return
		}
		result := Result{Kind: Stories, Name: name + "/" + file, File: name + "/" + file + ".golden", Took: time.Since(began)}
		switch {
		case err != nil:
			result.Failure = err.Error()
		case want == nil:
			result.Failure = "there is no such file, and so nothing is asked of the story"
		default:
			result.Line, result.Failure = difference(string(want), string(got))
		}
		results = append(results, result)
	}
	got, err := gateway.GoldenLines(gateway.StoryDecisions(steps))
	check(decisions, story.Decisions, got, err)
	lives, err := gateway.StoryLives(steps)
	if err == nil {
		got, err = gateway.GoldenLines(lives)
	}
	check(findings, story.Findings, got, err)
	return results, steps
}

// difference tells the first line in which what came out differs, and how many
// there are.
func difference(want, got string) (line int, told string) {
	if want == got {
		return 0, ""
	}
	wanted, came := strings.Split(strings.TrimSpace(want), "\n"), strings.Split(strings.TrimSpace(got), "\n")
	first, count := 0, 0
	for i := range max(len(wanted), len(came)) {
		if lineAt(wanted, i) != lineAt(came, i) {
			if count++; count == 1 {
				first = i
			}
		}
	}
	if count == 0 {
		return 1, "only the space around the lines differs"
	}
	return first + 1, fmt.Sprintf("%d of %d lines differ, the first:\nwant %s\ngot  %s", count, max(len(wanted), len(came)), lineAt(wanted, first), lineAt(came, first))
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(no line)"
}
