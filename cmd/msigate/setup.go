package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/bus"
)

type setupFlags struct {
	busFlags
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
an age or a size; what cannot be changed it names, with what to do.

Flags win over the configuration file.`,
		Example: `  msigate setup --url nats://127.0.0.1:4222
  msigate setup --context admin --replicas 3
  msigate setup --config deploy/msigate.yaml --check      only say what differs`,
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.runSetup(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	f.add(cmd, "nats and consumer", "an administrator's")
	flags.BoolVar(&f.check, "check", false, "change nothing, say what differs; exit 1 when something does")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	flags.IntVar(&f.replicas, "replicas", 0, "`NUMBER` of replicas of each stream and bucket, 1 to 5 (default 1 where it is made)")
	flags.DurationVar(&f.age, "events-age", 0, "how long EVENTS keeps an event, a `DURATION` of 24h at least (default 72h where it is made)")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (f setupFlags) validate() error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return err
	}
	if err := f.busFlags.validate(); err != nil {
		return err
	}
	switch {
	case f.replicas < 0 || f.replicas > 5:
		return fmt.Errorf("--replicas %d: it is 1 to 5", f.replicas)
	case f.age != 0 && f.age < bus.MinEventsAge:
		return fmt.Errorf("--events-age %s: it is %s at least, or an outage of a day would lose events", f.age, bus.MinEventsAge)
	default:
		return nil
	}
}

func (c *command) runSetup(ctx context.Context, f setupFlags) error {
	if err := f.validate(); err != nil {
		return usageError(err)
	}
	config, err := c.readConfig(f.config)
	if err != nil {
		return err
	}
	conn, closing, err := f.connect(ctx, config)
	if err != nil {
		return err
	}
	defer closing()
	topology := config.TopologyOptions()
	topology.Replicas, topology.EventsAge = f.replicas, f.age
	if f.check {
		mismatches, err := bus.Check(ctx, conn, topology)
		if err != nil {
			return err
		}
		return c.tellCheck(f, mismatches)
	}
	changes, err := bus.Setup(ctx, conn, topology)
	return c.tellSetup(f.output, changes, err)
}

// command is how setup was called, without --check and --output.
func (f setupFlags) command() string {
	words := []string{"msigate setup"}
	for _, flag := range []struct{ name, value string }{
		{"config", f.config}, {"url", withoutUser(f.url)}, {"context", f.context}, {"creds", f.creds}, {"nkey", f.nkey},
	} {
		if flag.value != "" {
			words = append(words, "--"+flag.name, flag.value)
		}
	}
	if f.replicas > 0 {
		words = append(words, fmt.Sprintf("--replicas %d", f.replicas))
	}
	if f.age != 0 {
		words = append(words, "--events-age "+f.age.String())
	}
	return strings.Join(words, " ")
}

// withoutUser leaves out what stands before the @ of a URL: it may be a password.
func withoutUser(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if at := strings.LastIndexByte(rest, '@'); found && at >= 0 {
		return scheme + "://" + rest[at+1:]
	}
	return url
}
