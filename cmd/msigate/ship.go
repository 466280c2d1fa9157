package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

type shipFlags struct {
	bus             busFlags
	host, collector string
	rate            float64
	again           bool
	output          string
}

func (c *command) ship() *cobra.Command {
	var f shipFlags
	cmd := &cobra.Command{
		Use:   "ship [flags] PATH…",
		Short: "Publish recorded events on a bus, as a shipper would",
		Long: `ship publishes recorded events to NATS, each to the subject of its host
(events.host.HOST), for a first try, a demonstration, or to replay a case.

PATH is what eval reads: a file (.json, .jsonl, .ndjson, .xml, .evtx, each also .gz),
a folder of them, or - for stdin. A line goes as it stands. One with records of several
hosts is cut into its records, and so is a .xml file; a record of a .evtx file goes as
JSON in Velociraptor's shape.

It returns when the stream has acknowledged everything. What was shipped in the last
10 minutes (the stream's deduplication window) is not stored again: after a failure,
run the same command again. Two identical lines are one event. --again stores a second
copy all the same.

What cannot be decoded names no host: it is reported with its file and line and not
sent, or goes as it stands where --host or --collector say whose it is.

Time: the events keep theirs, and order and joins go by it. But now, by which approvals
expire and change windows are open, is the stamp that the bus gives today, so an old
case may be decided otherwise than it was then, and says in missing that its clock
differs. eval --now decides files as of another time.

Exit code 0: all is stored, now or before. 1: something is not.`,
		Example: `  msigate ship events.jsonl
  msigate ship --rate 0 --url nats://nats.corp.example logs/
  msigate ship --host ws03 Sysmon.evtx
  msigate ship --collector wef --creds wef.creds forwarded.jsonl.gz`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, -1, "a file or a folder of events, or - for stdin"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.runShip(cmd.Context(), &f, args) },
	}
	f.bus.add(cmd, "nats", "a shipper's")
	flags := cmd.Flags()
	flags.StringVar(&f.host, "host", "", "publish as `HOST`, whatever the records say; the gateway quarantines those of another host")
	flags.StringVar(&f.collector, "collector", "", "publish as the collector `NAME`, which may carry many hosts; hosts.collectors of the configuration must name it")
	flags.Float64Var(&f.rate, "rate", 100, "at most `N` messages a second; 0: as fast as the bus takes them")
	flags.BoolVar(&f.again, "again", false, "store also what was shipped in the last 10 minutes")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json (one object: what was read, stored, there before, undecodable and failed)")
	complete(cmd, "host")
	complete(cmd, "collector")
	complete(cmd, "rate")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (f *shipFlags) check(paths []string) error {
	switch {
	case f.host != "" && f.collector != "":
		return errors.New("--host and --collector are given: leave one out")
	case f.rate < 0 || math.IsNaN(f.rate) || math.IsInf(f.rate, 0):
		return fmt.Errorf("--rate %v: it is a number of messages a second, or 0 for as fast as the bus takes them", f.rate)
	}
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return err
	}
	if f.collector != "" {
		switch can, err := gateway.CanNameCollector(f.collector); {
		case err != nil:
			return err
		case !can:
			return withHint(fmt.Errorf("--collector %q: hosts.collectors of the configuration can name no such collector", f.collector), "letters, digits, - and _")
		}
	}
	for i, path := range paths {
		if path == "-" {
			if slices.Contains(paths[:i], path) {
				return errors.New("- is given twice: stdin can be read once")
			}
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s: %w", path, reason(err))
		}
	}
	return nil
}

func (c *command) runShip(ctx context.Context, f *shipFlags, paths []string) error {
	if err := f.check(paths); err != nil {
		return usageError(err)
	}
	conn, _, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return err
	}
	defer closing()
	shown := time.Now()
	summary, err := gateway.Ship(ctx, conn, paths, &interruptible{ctx: ctx, r: c.in}, gateway.ShipOptions{
		Host: f.host, Collector: f.collector, Rate: f.rate, Again: f.again,
		Lost: func(p gateway.ShipProblem) {
			c.say.progressDone()
			c.say.warning("%s", finding.Printable(p.String()))
		},
		Progress: func(s gateway.ShipSummary) {
			if time.Since(shown) > 200*time.Millisecond {
				shown = time.Now()
				c.say.progress("%d read, %d stored, %d there before, %d lost", s.Read, s.Stored, s.Duplicates, s.Lost())
			}
		},
	})
	c.say.progressDone()
	if err := c.tellShip(f.output, summary); err != nil {
		return err
	}
	again := "run the same command again: what was stored in the last 10 minutes is not stored twice"
	if f.again {
		again = "without --again, what was stored in the last 10 minutes is not stored twice"
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &exitCodeError{code: exitInterrupted, err: withHint(errors.New("interrupted: the rest was not sent"), again)}
	case err != nil:
		return withHint(err, again)
	case len(summary.Undecodable) > 0 && f.host == "" && f.collector == "":
		return withHint(fmt.Errorf("%s not sent", counted(summary.Lost(), "record")), "--host or --collector send what cannot be decoded as it stands")
	case summary.Lost() > 0:
		return fmt.Errorf("%s not sent", counted(summary.Lost(), "record"))
	}
	return nil
}

func (c *command) tellShip(output string, s gateway.ShipSummary) error {
	if output == "json" {
		return json.NewEncoder(c.out).Encode(s)
	}
	fmt.Fprintf(c.out, "%d read, %d stored, %d there before, %d undecodable, %d failed, in %.1f s\n",
		s.Read, s.Stored, s.Duplicates, len(s.Undecodable), len(s.Failed), s.Took)
	if s.Stored > 0 {
		fmt.Fprintf(c.out, "%s %d to %d\n", bus.StreamEvents, s.First, s.Last)
	}
	return nil
}
