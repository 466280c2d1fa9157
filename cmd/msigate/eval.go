package main

import (
	"errors"
	"fmt"
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
into msigate decide. Decisions go to stdout, the summary to stderr.`,
		Example: `  msigate eval events.jsonl
  msigate eval --output jsonl logs/ | jq 'select(.disposition == "alert")'
  msigate eval --bundles ./policies --bundles ./bundles/governance Sysmon.evtx
  msigate eval --fail-on alert recorded.jsonl.gz     exit code 3 when there is one`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runEval(cmd, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.bundles, "bundles", nil, "bundle folder, .tar.gz or folder of governance YAML; repeat for several (default: those built in)")
	flags.StringVar(&f.now, "now", "", "what entries and change windows are held against, RFC 3339 (default: each event's own time)")
	flags.StringVar(&f.output, "output", "text", "text, jsonl (one object a decision) or ocsf (one Detection Finding a finding)")
	flags.StringVar(&f.failOn, "fail-on", "", "review or alert: exit 3 when a decision is that or worse")
	flags.StringArrayVar(&f.suffix, "dns-suffix", nil, "DNS suffix to strip from host names; repeat for several")
	complete(cmd, "output", "text", "jsonl", "ocsf")
	complete(cmd, "fail-on", "review", "alert")
	return cmd
}

// complete offers a flag's values to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// The only error is a flag that does not exist, which the tests would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func (f evalFlags) check() (now time.Time, failOn policy.Disposition, err error) {
	if f.now != "" {
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return now, "", usageError(withHint(fmt.Errorf("--now %s is not a time", f.now), "RFC 3339, for instance 2026-11-24T09:00:00Z"))
		}
	}
	failOn = policy.Disposition(f.failOn)
	if f.failOn != "" && failOn != policy.Review && failOn != policy.Alert {
		return now, "", usageError(fmt.Errorf("--fail-on %s: it is review or alert", f.failOn))
	}
	if !slices.Contains([]string{"text", "jsonl", "ocsf"}, f.output) {
		return now, "", usageError(fmt.Errorf("--output %s: it is text, jsonl or ocsf", f.output))
	}
	return now, failOn, nil
}

func (c *command) runEval(cmd *cobra.Command, f evalFlags, paths []string) error {
	ctx := cmd.Context()
	now, failOn, err := f.check()
	if err != nil {
		return err
	}
	active, err := gateway.LoadPolicy(ctx, gateway.SourcesFromPaths(f.bundles), policy.Options{})
	if err != nil {
		return err
	}
	e := gateway.NewEvaluation(active, gateway.WorkerOptions{DNSSuffixes: f.suffix})
	e.Now = now
	printer := newEvalPrinter(f.output, c.out, isTerminal(c.out) && wantsColour())
	failed, lastShown := false, time.Now()
	err = e.Run(ctx, paths, c.in, func(d gateway.Evaluated) error {
		if failOn != "" && d.Decision.Answer.Disposition.AtLeast(failOn) {
			failed = true
		}
		return printer.decision(d)
	}, func() {
		if time.Since(lastShown) > 200*time.Millisecond {
			lastShown = time.Now()
			c.say.progress("%d events read, %d decided", e.Summary.Read, e.Summary.Decided())
		}
	})
	c.say.progressDone()
	if err = errors.Join(err, printer.end()); err != nil {
		return err
	}
	c.summary(&e.Summary)
	if failed {
		return &exitCodeError{code: exitFailOn}
	}
	return nil
}

func (c *command) summary(s *gateway.Summary) {
	c.say.line("read %d, out of scope %d, remembered %d, context %d", s.Read, s.Out, s.Remembered, s.Context)
	c.say.line("decided %d: alert %d, review %d, approved %d, expected %d", s.Decided(),
		s.Decisions[policy.Alert], s.Decisions[policy.Review], s.Decisions[policy.Approved], s.Decisions[policy.Expected])
	if len(s.Undecodable) == 0 {
		return
	}
	c.say.line("undecodable %d:", len(s.Undecodable))
	for i, u := range s.Undecodable {
		if i == 20 {
			c.say.line("  … and %d more", len(s.Undecodable)-i)
			break
		}
		c.say.line("  %s", u)
	}
}
