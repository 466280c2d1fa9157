package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/policy"
)

type evalFlags struct {
	bundles []string
	now     string
	output  string
	failOn  string
	suffix  []string
}

func (c *command) eval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval [flags] PATH…",
		Short: "Decide recorded events: the same steps as the gateway, over files",
		Long: `eval takes recorded events through the very steps the gateway takes them through
and prints every decision with its reasons.

PATH is a file (.json, .jsonl, .ndjson, .xml, .evtx, each also .gz), a folder of
them, or - for stdin. Without --bundles the policy and the governance data built
into msigate decide. Decisions go to stdout, the summary to stderr. Events that
are out of scope, and those that only give context, print nothing.

An event can be decided again: because a record that stands later changes what is
known of it (the signer of its program, the install it belongs to), or because a fact
that it waits for does not come. The later decision replaces the earlier one; the
summary and --fail-on count each event by its last. At the end of the input, whatever
is still waited for did not come.

--output jsonl: source, line and record say which event; cause is event, fact:LINE.RECORD
(late_in names the file of that line) or due:FACT; replaces is the disposition before.
--output ocsf: findings as they stand when nothing more will change, those that were
closed on the way included.`,
		Example: `  msigate eval events.jsonl
  msigate eval --output jsonl logs/ | jq 'select(.disposition == "alert")'
  msigate eval --bundles ./policies --bundles ./bundles/governance Sysmon.evtx
  msigate eval --fail-on alert recorded.jsonl.gz     exit code 3 when there is one`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, -1, "a file or a folder of events, or - for stdin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runEval(cmd.Context(), f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.bundles, "bundles", nil, "bundle at `PATH`: a folder of Rego, a .tar.gz, or a folder of governance YAML; repeat for several (default: those built in)")
	flags.StringVar(&f.now, "now", "", "the `TIME`, in RFC 3339, that expiry dates and change windows are held against (default: each event's own)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text, jsonl (one object a decision) or ocsf (one Detection Finding a finding)")
	flags.StringVar(&f.failOn, "fail-on", "", "exit 3 when an event, by its last decision, is `DISPOSITION` or worse: review or alert")
	flags.StringArrayVar(&f.suffix, "dns-suffix", nil, "DNS `SUFFIX` to strip from host names, so that WS01 and ws01.corp.example are one; repeat for several")
	complete(cmd, "output", "text", "jsonl", "ocsf")
	complete(cmd, "fail-on", "review", "alert")
	complete(cmd, "now")
	complete(cmd, "dns-suffix")
	return cmd
}

// check holds the flags and the paths to what they may be, before anything is read.
func (f evalFlags) check(paths []string) (now time.Time, failOn policy.Disposition, err error) {
	if f.now != "" {
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return now, "", usageError(withHint(fmt.Errorf("--now %s: this is no time", f.now), "RFC 3339, for instance 2026-11-24T09:00:00Z"))
		}
	}
	failOn = policy.Disposition(f.failOn)
	if f.failOn != "" && failOn != policy.Review && failOn != policy.Alert {
		return now, "", usageError(fmt.Errorf("--fail-on %s: it is review or alert", f.failOn))
	}
	if err := checkOutput(f.output, "text", "jsonl", "ocsf"); err != nil {
		return now, "", usageError(err)
	}
	for _, path := range f.bundles {
		if _, err := os.Stat(path); err != nil {
			return now, "", usageError(fmt.Errorf("--bundles %s: %w", path, reason(err)))
		}
	}
	for i, path := range paths {
		if path == "-" {
			if slices.Contains(paths[:i], path) {
				return now, "", usageError(errors.New("- is given twice: stdin can be read once"))
			}
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return now, "", usageError(fmt.Errorf("%s: %w", path, reason(err)))
		}
	}
	return now, failOn, nil
}

// reason is a file's error without the path, which is said already.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (c *command) runEval(ctx context.Context, f evalFlags, paths []string) error {
	now, failOn, err := f.check(paths)
	if err != nil {
		return err
	}
	active, err := gateway.LoadPolicy(ctx, gateway.SourcesFromPaths(f.bundles), policy.Options{Deadline: gateway.OfflineDeadline})
	if err != nil {
		return err
	}
	e := gateway.NewEvaluation(active, gateway.WorkerOptions{DNSSuffixes: f.suffix})
	e.Now = now
	printer := newEvalPrinter(f.output, c.out, c.out.tty || slices.Contains(paths, "-"))
	lastShown := time.Now()
	err = e.Run(ctx, paths, &interruptible{ctx: ctx, r: c.in}, func(d gateway.Evaluated) error {
		if ctx.Err() != nil {
			return ctx.Err() // what was decided after it was not decided by the policy
		}
		return printer.decision(d)
	}, func() {
		// On one terminal with the decisions, these are progress enough.
		if !c.out.tty && time.Since(lastShown) > 200*time.Millisecond {
			lastShown = time.Now()
			c.say.progress("%d events read, %d decided", e.Summary.Read, e.Summary.Decided())
		}
	})
	c.say.progressDone()
	err = errors.Join(err, printer.end())
	if c.out.err != nil {
		return c.out.err
	}
	c.summary(&e.Summary, active.Snapshot().Bundles(), f.bundles)
	atOrAbove := 0
	for disposition, events := range e.Summary.Decisions {
		if failOn != "" && disposition.AtLeast(failOn) {
			atOrAbove += events
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &exitCodeError{code: exitInterrupted, err: errors.New("interrupted: the rest was not read")}
	case err != nil:
		return err
	case atOrAbove > 0:
		c.say.line("msigate: --fail-on %s is met by %d: exit code %d", failOn, atOrAbove, exitFailOn)
		return &exitCodeError{code: exitFailOn}
	}
	return nil
}

// interruptible ends a read of stdin with the context: a person, or a pipe,
// may never write.
type interruptible struct {
	ctx context.Context
	r   io.Reader
	own []byte // what an abandoned read still writes to
}

func (i *interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	type result struct {
		n   int
		err error
	}
	if len(i.own) < len(b) {
		i.own = make([]byte, len(b))
	}
	read, own := make(chan result, 1), i.own[:len(b)]
	go func() {
		n, err := i.r.Read(own)
		read <- result{n, err}
	}()
	select {
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	case r := <-read:
		return copy(b, own[:r.n]), r.err
	}
}
