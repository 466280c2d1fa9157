package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"msigate/gateway/bus"
	"msigate/gateway/doctor"
	"msigate/gateway/finding"
)

type doctorFlags struct {
	bus    busFlags
	output string
}

func (c *command) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployment; say of each fault what it means and what to run",
		Long: `doctor looks at the streams, the consumer and the buckets, at what the credentials of
the configuration allow, at clocks, keys, bundles, host groups and quarantine, at this
machine, and at the gateway that runs here. It alters nothing. Run it on the gateway's
machine as the gateway's user; with other credentials than the configuration's, what
those allow is not looked at. docs/doctor.md lists every check.

Exit codes by the worst: 0 nothing is wrong, 3 warnings, 1 errors (NATS that cannot be
reached is one), 2 the command line or the configuration is wrong.`,
		Example: `  msigate doctor --config deploy/msigate.yaml
  msigate doctor --config deploy/msigate.yaml --output json
  msigate doctor --context admin`,
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.runDoctor(cmd.Context(), f) },
	}
	f.bus.add(cmd, "all", "other")
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (c *command) runDoctor(ctx context.Context, f doctorFlags) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if err := f.bus.validate(); err != nil {
		return usageError(err)
	}
	config, err := c.readConfig(f.bus.config)
	if err != nil {
		return err
	}
	o := doctor.Options{
		Config: config, ConfigFile: f.bus.config,
		Own: f.bus.url == "" && f.bus.context == "" && f.bus.creds == "" && f.bus.nkey == "",
	}
	options := f.bus.options(config)
	if options.URL == "" && options.Context == "" { // the one inside msigate run
		options.URL = "nats://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(config.Embedded.Port))
	}
	o.Conn, err = bus.Connect(ctx, options)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		o.Unreachable = err
	default:
		defer func() { _ = o.Conn.Close(context.WithoutCancel(ctx)) }()
	}
	report, err := doctor.Examine(ctx, o)
	if err != nil {
		return err
	}
	return c.tellDoctor(f.output, report)
}

// tellDoctor says what was found; its error is the exit code.
func (c *command) tellDoctor(output string, r doctor.Report) error {
	if output == "json" {
		if err := json.NewEncoder(c.out).Encode(r); err != nil {
			return err
		}
		return doctorExit(r)
	}
	counts := map[doctor.Severity]int{}
	for _, f := range r.Findings {
		counts[f.Severity]++
		fmt.Fprintf(c.out, "%s %s: %s\n", c.severity(f.Severity), finding.Printable(f.Object), finding.Printable(f.Found))
		fmt.Fprintf(c.out, "  means  %s\n  run    %s\n  check  %s\n\n", f.Means, f.Run, f.Check)
	}
	for _, s := range r.Skipped {
		c.say.line("not looked at: %s: %s", finding.Printable(s.About), finding.Printable(s.Why))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(c.out, "nothing is wrong")
	} else {
		fmt.Fprintf(c.out, "%s, %s\n", counted(counts[doctor.Error], "error"), counted(counts[doctor.Warning], "warning"))
	}
	return doctorExit(r)
}

// severity is a finding's first word, as wide as the longest.
func (c *command) severity(s doctor.Severity) string {
	word := fmt.Sprintf("%-7s", s)
	switch {
	case !c.out.colour:
		return word
	case s == doctor.Error:
		return "\x1b[" + string(red) + "m" + word + "\x1b[0m"
	default:
		return "\x1b[" + string(yellow) + "m" + word + "\x1b[0m"
	}
}

func doctorExit(r doctor.Report) error {
	switch r.Worst {
	case doctor.Error:
		return &exitCodeError{code: exitError}
	case doctor.Warning:
		return &exitCodeError{code: exitFailOn}
	default:
		return nil
	}
}
