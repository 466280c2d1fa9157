package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

type selftestFlags struct {
	bus     busFlags
	timeout time.Duration
	output  string
}

func (c *command) selftest() *cobra.Command {
	var f selftestFlags
	cmd := &cobra.Command{
		Use:   "selftest [flags]",
		Short: "Try the live detector: canaries in, verdicts out, each stage timed",
		Long: `selftest sends canaries through the live bus and waits for their verdicts. They are the
binary's own, which no bundle can drop: attacks that every policy must see. They are
marked, and of a reserved host (` + bus.SelftestHost + `), so that what comes of them goes to
verdicts.selftest.> and to nobody's queue.

It tells the stages of the way apart, and names the first that fails, with what to do:

  publish   the bus stores a shipper's message
  clock     the bus's clock, which is now of every decision, and this machine's agree
  consume   the durable consumer hands it to a gateway
  scope     it is in scope, and a signal's trigger matches
  decide    the policy's answer is what it must be, and is recorded
  verdict   the finding is on the verdict stream
  policy    what decides is what its owners mean to: no bundle was refused

It needs the rights of the gateway's user: take its configuration. msigate run tries
itself every 5 minutes (selftest.every), one canary each time.

Exit code 0: every canary came through. 1: the detector is blind, or cannot be tried.`,
		Example: `  msigate selftest --config msigate.yaml
  msigate selftest --output json | jq -r .stage`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		ValidArgsFunction:     nothingToComplete,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.runSelftest(cmd.Context(), &f) },
	}
	f.bus.add(cmd, "nats", "the gateway's")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long a verdict may take, as a `DURATION`")
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json (one object: each stage and each canary)")
	complete(cmd, "timeout")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (c *command) runSelftest(ctx context.Context, f *selftestFlags) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if f.timeout <= 0 {
		return usageError(fmt.Errorf("--timeout %s: it must be above 0", f.timeout))
	}
	conn, _, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return err
	}
	defer closing()
	c.say.progress("canaries are on their way …")
	report, err := gateway.Selftest(ctx, conn, gateway.SelftestOptions{Timeout: f.timeout})
	c.say.progressDone()
	var denied *bus.PermissionError
	switch {
	case errors.As(err, &denied):
		return withHint(err, "it needs the rights of the gateway's user: --config with the gateway's configuration")
	case err != nil:
		return err
	}
	if f.output == "json" {
		err = json.NewEncoder(c.out).Encode(report)
	} else {
		c.tellSelftest(report)
	}
	if err != nil || report.Healthy {
		return err
	}
	return withHint(fmt.Errorf("%s", finding.Printable(report.String())), report.Hint)
}

func (c *command) tellSelftest(r *gateway.SelftestReport) {
	say := &speaker{w: c.out, colour: c.out.colour}
	colours := map[string]colour{gateway.StagePassed: green, gateway.StageFailed: red, gateway.StageNotReached: dim}
	words := map[string]string{gateway.StagePassed: "ok", gateway.StageFailed: "failed", gateway.StageNotReached: "-"}
	for _, s := range r.Stages {
		line := pad(words[s.Result], headWidth)
		if s.Seconds > 0 {
			line += " " + strconv.FormatFloat(s.Seconds*1000, 'f', 1, 64) + " ms"
		}
		fmt.Fprintf(c.out, "%s %s\n", pad(s.Stage, headWidth), say.paint(colours[s.Result], line))
	}
	for _, canary := range r.Canaries {
		if canary.Result == gateway.StageFailed {
			fmt.Fprintln(c.out, wrap(finding.Printable(canary.Name+" ("+canary.Title+"), stage "+canary.Stage+": "+canary.Detail), indent, indent))
		}
	}
	if r.Healthy {
		fmt.Fprintln(c.out, r)
	}
	for _, line := range r.Degraded {
		c.say.warning("the gateway is degraded: %s", finding.Printable(line))
	}
}
