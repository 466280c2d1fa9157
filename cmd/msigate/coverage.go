package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/coverage"
	"msigate/gateway/finding"
)

type coverageFlags struct {
	bus                   busFlags
	since, output, failOn string
	investigation         string
	gap                   time.Duration
	hosts, bundles        []string
	suffix                []string
	all                   bool
}

// coverageWindow is since when a record must have come to count as arriving,
// where nobody says.
const coverageWindow = "168h"

// What --fail-on takes.
const (
	failOnBlind     = "blind"
	failOnHalfBlind = "half-blind"
	failOnSilent    = "silent"
)

func (c *command) coverage() *cobra.Command {
	var f coverageFlags
	cmd := &cobra.Command{
		Use:   "coverage [flags] [PATH…]",
		Short: "Tell which events arrive of each host, and which signals are blind there",
		Long: `coverage tells, for each host and for the fleet, what arrives and what never does, which
facts are missing and how often, gaps, clock skew, what Sysmon says of itself, which
signals are blind there, and what to switch on: AN0940's own log sources, Sysmon 1 and
11, first.

Without PATH it reads what a running gateway has written down of its hosts, at most
ten minutes ago, and asks the streams how far back they reach. With PATH it takes
recorded events instead, as eval reads them.

A fleet of which nothing was heard is said to be so: an empty report is no good news.
Exit codes: 0 told, 1 it did not work, 2 a flag is wrong, 3 --fail-on is met.`,
		Example: `  msigate coverage
  msigate coverage --since 24h --host ws01 --output json
  msigate coverage --output html --investigation 90d > coverage.html
  msigate coverage --fail-on blind recorded/`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(0, -1, "files or folders of events"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.runCoverage(cmd.Context(), &f, args) },
	}
	f.bus.add(cmd, "nats and hosts", "a reader's or an administrator's")
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "what came last before that does not count as arriving: a `DURATION` ago (24h) or a time (RFC 3339); default: "+coverageWindow+", with PATH everything")
	flags.StringArrayVar(&f.hosts, "host", nil, "only this `HOST`, which is told of also where nothing came; repeat for several")
	flags.BoolVar(&f.all, "all", false, "text: every host in full, not the blindest "+strconv.Itoa(mostCoverageHosts))
	flags.DurationVar(&f.gap, "gap", coverage.DefaultGap, "the shortest silence to tell, a `DURATION` of 1h at least")
	flags.StringVar(&f.investigation, "investigation", "30d", "how far back an investigation looks, `DURATION` in days (30d) or hours (72h): the streams are held against it")
	flags.StringArrayVar(&f.bundles, "bundles", nil, "policy bundle at `PATH`, whose signals say what they need (default: the one built in)")
	flags.StringArrayVar(&f.suffix, "dns-suffix", nil, "DNS `SUFFIX` to strip from host names; repeat for several (with PATH; else the gateway did)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text, json (one object) or html (one page)")
	flags.StringVar(&f.failOn, "fail-on", "", "exit 3 when a host is `WHAT` or nothing was heard at all: blind, half-blind or silent")
	complete(cmd, "output", "text", "json", "html")
	complete(cmd, "fail-on", failOnBlind, failOnHalfBlind, failOnSilent)
	for _, free := range []string{"since", "host", "gap", "investigation", "dns-suffix"} {
		complete(cmd, free)
	}
	return cmd
}

// period reads days (30d) or what time.ParseDuration reads.
func period(text string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil && days > 0 && days < 36500 {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, withHint(fmt.Errorf("--investigation %s: this is no period", text), "30d, or 72h")
}

// check holds the flags to what they may be.
func (f *coverageFlags) check(paths []string, now time.Time) (from time.Time, wanted time.Duration, err error) {
	if err := checkOutput(f.output, "text", "json", "html"); err != nil {
		return from, 0, err
	}
	if f.failOn != "" && !slices.Contains([]string{failOnBlind, failOnHalfBlind, failOnSilent}, f.failOn) {
		return from, 0, fmt.Errorf("--fail-on %s: it is blind, half-blind or silent", f.failOn)
	}
	if f.gap < time.Hour {
		return from, 0, fmt.Errorf("--gap %s: silence is told by the hour, 1h at least", f.gap)
	}
	if len(paths) == 0 && f.since == "" {
		f.since = coverageWindow
	}
	if from, err = since(f.since, now); err != nil {
		return from, 0, err
	}
	if wanted, err = period(f.investigation); err != nil {
		return from, 0, err
	}
	if len(paths) > 0 && f.bus != (busFlags{}) {
		return from, 0, errors.New("a PATH and a flag that says which NATS are given: leave one out")
	}
	for _, path := range append(slices.Clone(paths), f.bundles...) {
		if path == "-" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return from, 0, fmt.Errorf("%s: %w", path, reason(err))
		}
	}
	return from, wanted, nil
}

func (c *command) runCoverage(ctx context.Context, f *coverageFlags, paths []string) error {
	now := time.Now()
	from, wanted, err := f.check(paths, now)
	if err != nil {
		return usageError(err)
	}
	signals, err := gateway.CoverageSignals(gateway.SourcesFromPaths(f.bundles))
	if err != nil {
		return err
	}
	o := coverage.Options{Signals: signals, Since: from, Gap: f.gap}
	var report coverage.Report
	if len(paths) > 0 {
		report, err = c.coverageOfFiles(ctx, f, o, paths)
	} else {
		o.Now = now
		report, err = c.coverageOfFleet(ctx, f, o, wanted)
	}
	if err != nil {
		return err
	}
	switch f.output {
	case "json":
		err = json.NewEncoder(c.out).Encode(report)
	case "html":
		err = report.HTML(c.out)
	default:
		c.tellCoverage(&report, f.all || len(f.hosts) > 0)
	}
	if err != nil {
		return err
	}
	if report.Nothing {
		c.say.warning("nothing was heard of any host: msigate sees nothing at all")
		if !report.Live {
			c.say.hint("the files hold no record that could be decoded")
		} else {
			c.say.hint("do shippers publish to events.host.<host>? nats stream info EVENTS tells; a gateway writes down what it hears within half a minute")
		}
	}
	return f.met(&report, c)
}

func (c *command) coverageOfFiles(ctx context.Context, f *coverageFlags, o coverage.Options, paths []string) (coverage.Report, error) {
	lastShown := time.Now()
	r, messages, unread, err := gateway.CoverageOfFiles(ctx, paths, &interruptible{ctx: ctx, r: c.in}, f.suffix, func(messages int) {
		if time.Since(lastShown) > 200*time.Millisecond {
			lastShown = time.Now()
			c.say.progress("%d messages read", messages)
		}
	})
	c.say.progressDone()
	if err != nil {
		return coverage.Report{}, err
	}
	c.say.line("read %d: undecodable %d", messages, len(unread))
	for i, u := range unread {
		if i == mostUndecodable {
			c.say.line("  and %d more", len(unread)-i)
			break
		}
		c.say.line("  %s", undecodable(u))
	}
	for _, name := range f.hosts {
		o.Hosts = append(o.Hosts, gateway.HostName(name, f.suffix))
	}
	return coverage.Of(o, r), nil
}

func (c *command) coverageOfFleet(ctx context.Context, f *coverageFlags, o coverage.Options, wanted time.Duration) (coverage.Report, error) {
	conn, config, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return coverage.Report{}, err
	}
	defer closing()
	for _, name := range f.hosts {
		o.Hosts = append(o.Hosts, gateway.HostName(name, config.Hosts.DNSSuffixes))
	}
	r, refused, err := gateway.ReadCoverage(ctx, conn)
	if err != nil {
		return coverage.Report{}, err
	}
	for _, err := range refused {
		c.say.warning("%s", finding.Printable(err.Error()))
	}
	streams, err := gateway.CoverageStreams(ctx, conn)
	if err != nil {
		return coverage.Report{}, err
	}
	store, err := gateway.OpenHostStore(ctx, conn)
	if err != nil {
		return coverage.Report{}, err
	}
	imported, err := store.List(ctx)
	if err != nil {
		return coverage.Report{}, err
	}
	for _, one := range imported {
		if one.Refused == nil {
			o.Expected = append(o.Expected, gateway.HostName(one.Host.Host, config.Hosts.DNSSuffixes))
		}
	}
	report := coverage.Of(o, r)
	for _, s := range streams {
		report.Retention = append(report.Retention, s.Retained(wanted, o.Now))
	}
	return report, nil
}

// met is the exit code that --fail-on asks for.
func (f *coverageFlags) met(r *coverage.Report, c *command) error {
	n := 0
	switch f.failOn {
	case failOnBlind:
		n = r.Fleet.Blind
	case failOnHalfBlind:
		n = r.Fleet.Blind + r.Fleet.HalfBlind
	case failOnSilent:
		n = r.Fleet.Silent
	default:
		return nil
	}
	switch {
	case r.Nothing:
		c.say.line("msigate: --fail-on %s is met, for nothing was heard: exit code %d", f.failOn, exitFailOn)
	case n > 0:
		c.say.line("msigate: --fail-on %s is met by %s: exit code %d", f.failOn, counted(n, "host"), exitFailOn)
	default:
		return nil
	}
	return &exitCodeError{code: exitFailOn}
}
