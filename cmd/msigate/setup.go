package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
)

type setupFlags struct {
	config   string
	url      string
	context  string
	creds    string
	nkey     string
	check    bool
	output   string
	replicas int
	age      time.Duration
}

func (c *command) setup() *cobra.Command {
	var f setupFlags
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Create or mend the streams, the consumer and the buckets on a NATS of your own",
		Long: `setup makes what msigate needs on NATS: the streams EVENTS, DECISIONS, VERDICTS,
QUARANTINE and AUDIT, the durable consumer msigate, and its buckets. It needs an
administrator's credentials; msigate run only checks and needs none of these
rights. Run again, it changes nothing. It never deletes anything and never lowers
an age or a size; what cannot be changed it names, with what to do.`,
		Example: `  msigate setup --url nats://127.0.0.1:4222
  msigate setup --context admin --replicas 3
  msigate setup --config deploy/msigate.yaml --check      only say what differs`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runSetup(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration file: its nats and consumer settings are used")
	flags.StringVar(&f.url, "url", "", "NATS server URL (default "+bus.DefaultURL+")")
	flags.StringVar(&f.context, "context", "", "nats CLI context")
	flags.StringVar(&f.creds, "creds", "", "file with an administrator's credentials (.creds)")
	flags.StringVar(&f.nkey, "nkey", "", "file with an administrator's NKey seed")
	flags.BoolVar(&f.check, "check", false, "change nothing, say what differs; exit 1 when something does")
	flags.StringVar(&f.output, "output", "text", "text or json")
	flags.IntVar(&f.replicas, "replicas", 0, "replicas of each stream and bucket (default 1 where it is made)")
	flags.DurationVar(&f.age, "events-age", bus.DefaultEventsAge, "how long EVENTS keeps an event, 24h at least")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (c *command) runSetup(ctx context.Context, f setupFlags) error {
	if f.output != "text" && f.output != "json" {
		return usageError(fmt.Errorf("--output %s: it is text or json", f.output))
	}
	config, err := c.readConfig(f.config)
	if err != nil {
		return err
	}
	conn, err := bus.Connect(ctx, f.busOptions(config))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	topology := config.TopologyOptions()
	topology.Replicas, topology.EventsAge = f.replicas, f.age
	if f.check {
		mismatches, err := bus.Check(ctx, conn, topology)
		if err != nil {
			return err
		}
		return c.tellSetup(f.output, nil, mismatches)
	}
	changes, err := bus.Setup(ctx, conn, topology)
	var mismatches bus.MismatchError
	if err != nil && !errors.As(err, &mismatches) {
		return err
	}
	return c.tellSetup(f.output, changes, mismatches)
}

func (f setupFlags) busOptions(config gateway.Config) bus.Options {
	o := config.NATS.BusOptions()
	if f.url != "" {
		o.URL, o.Context = f.url, ""
	}
	if f.context != "" {
		o.Context, o.URL = f.context, ""
	}
	if f.creds != "" {
		o.Credentials, o.NKeySeed = f.creds, ""
	}
	if f.nkey != "" {
		o.NKeySeed, o.Credentials = f.nkey, ""
	}
	return o
}

// setupReport is what setup did and what it could not do, for a script.
type setupReport struct {
	Changes    []bus.Change   `json:"changes"`
	Mismatches []bus.Mismatch `json:"mismatches"`
}

func (c *command) tellSetup(output string, changes []bus.Change, mismatches []bus.Mismatch) error {
	switch {
	case output == "json":
		if err := json.NewEncoder(c.out).Encode(setupReport{Changes: append([]bus.Change{}, changes...), Mismatches: append([]bus.Mismatch{}, mismatches...)}); err != nil {
			return err
		}
		if len(mismatches) > 0 {
			return &exitCodeError{code: exitError}
		}
		return nil
	case len(mismatches) > 0:
		for _, change := range changes {
			fmt.Fprintln(c.out, change)
		}
		return fmt.Errorf("the bus is not as msigate needs it:\n%w", bus.MismatchError(mismatches))
	case len(changes) == 0:
		fmt.Fprintln(c.out, "everything is there and as msigate needs it")
	default:
		for _, change := range changes {
			fmt.Fprintln(c.out, change)
		}
	}
	return nil
}
