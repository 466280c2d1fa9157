package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	flags.StringVar(&f.config, "config", "", "configuration `FILE`: its nats and consumer settings are used")
	flags.StringVar(&f.url, "url", "", "NATS server `URL` (default "+bus.DefaultURL+")")
	flags.StringVar(&f.context, "context", "", "`NAME` of a context of the nats command")
	flags.StringVar(&f.creds, "creds", "", "`FILE` with an administrator's credentials (.creds)")
	flags.StringVar(&f.nkey, "nkey", "", "`FILE` with an administrator's NKey seed")
	flags.BoolVar(&f.check, "check", false, "change nothing, say what differs; exit 1 when something does")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	flags.IntVar(&f.replicas, "replicas", 0, "`NUMBER` of replicas of each stream and bucket, 1 to 5 (default 1 where it is made)")
	flags.DurationVar(&f.age, "events-age", bus.DefaultEventsAge, "how long EVENTS keeps an event, a `DURATION` of 24h at least")
	complete(cmd, "output", "text", "json")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

func (f setupFlags) validate() error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return err
	}
	switch {
	case f.url != "" && f.context != "":
		return errors.New("--url and --context are given: a context has a URL of its own, leave one out")
	case f.creds != "" && f.nkey != "":
		return errors.New("--creds and --nkey are given: leave one out")
	case f.replicas < 0 || f.replicas > 5:
		return fmt.Errorf("--replicas %d: it is 1 to 5", f.replicas)
	case f.age < bus.MinEventsAge:
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
	conn, err := bus.Connect(ctx, f.busOptions(config))
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
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

// unreachable is what an administrator can do: msigate run's own server needs
// no setup.
func unreachable(err error) error {
	var connect *bus.ConnectError
	if errors.As(err, &connect) && strings.Contains(connect.Reason, "refused") {
		return withHint(err, "is a nats-server running there? nats-server -js starts one, --url or --context names another; the one inside msigate run needs no setup")
	}
	return err
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
	if f.age != bus.DefaultEventsAge {
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
