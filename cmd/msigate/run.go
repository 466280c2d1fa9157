package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"msigate/gateway"
)

func (c *command) run() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the gateway: events from NATS, verdicts onward",
		Long: `run reads events from the stream EVENTS, decides each, and publishes decisions and
verdicts. Without --config it runs a NATS server of its own, JetStream on disk
under ./msigate-data, on loopback only.

On a NATS of your own it creates nothing: an administrator runs msigate setup once.
SIGTERM or Ctrl-C reads no more, finishes what is under way, and exits 0.`,
		Example: `  msigate run
  msigate run --config deploy/msigate.yaml
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 msigate run`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.readConfig(path)
			if err != nil {
				return err
			}
			return gateway.Run(cmd.Context(), gateway.RunOptions{
				Config:  config,
				Version: readVersion().Version,
				Log:     c.say.w,
				Sync:    true,
				Ready:   func(r gateway.Running) { c.firstSteps(r, config.Observe) },
			})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration file (YAML); without one: an embedded NATS and what is built in")
	return cmd
}

// readConfig reads a configuration file, "" being the defaults.
func (c *command) readConfig(path string) (gateway.Config, error) {
	if path == "" {
		return gateway.DefaultConfig(), nil
	}
	config, err := gateway.ReadConfig(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return config, usageError(withHint(err, "deploy/msigate.yaml is one to start from; without --config msigate runs a NATS of its own"))
	case err != nil:
		return config, usageError(withHint(err, "msigate config schema prints every setting with its meaning, unit and default"))
	}
	return config, nil
}

// firstSteps says how to publish a first event and where verdicts come out.
func (c *command) firstSteps(r gateway.Running, observe bool) {
	verdicts := "verdicts.>"
	if observe {
		verdicts = "verdicts.observe.>"
	}
	server := ""
	if r.Embedded {
		server = "--server " + r.URL + " "
	}
	c.say.line("msigate is reading events from %s", r.URL)
	c.say.line("  publish an event    nats %spub events.host.ws03 --force-stdin < event.json", server)
	c.say.line("  watch verdicts      nats %ssub '%s'", server, verdicts)
	c.say.line("  read them again     nats %sstream view VERDICTS", server)
	if r.HTTP != "" {
		c.say.line("  health, metrics     http://%s/readyz  http://%s/metrics", r.HTTP, r.HTTP)
	}
}
