package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
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
SIGTERM or Ctrl-C reads no more, finishes what is under way, and exits 0; a second
one ends it at once, and what was not finished is delivered again.`,
		Example: `  msigate run
  msigate run --config deploy/msigate.yaml
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 msigate run`,
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.readConfig(path)
			if err != nil {
				return err
			}
			err = gateway.Run(cmd.Context(), gateway.RunOptions{
				Config:  config,
				Version: readVersion().Version,
				Log:     c.say.w,
				Sync:    true,
				Ready:   func(r gateway.Running) { c.firstSteps(r, config) },
			})
			return busError(err, "msigate setup --config "+path)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration `FILE` (YAML); without one: an embedded NATS and what is built in")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
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
		return config, usageError(withHint(fmt.Errorf("read the configuration: %s: %w", path, reason(err)),
			"deploy/msigate.yaml of the project is one to start from; without --config msigate runs a NATS of its own"))
	case err != nil:
		return config, usageError(withHint(err, "msigate config schema prints every setting with its meaning, unit and default"))
	}
	return config, nil
}

// busError shortens what is wrong with the streams: where most of them are
// absent, nobody has set them up yet, and one line says it.
func busError(err error, mend string) error {
	var mismatches bus.MismatchError
	if !errors.As(err, &mismatches) {
		return err
	}
	absent := 0
	for _, m := range mismatches {
		if m.Field == "" {
			absent++
		}
	}
	if absent == len(mismatches) && absent > 1 {
		return withHint(fmt.Errorf("this NATS is not set up for msigate: %d of its streams and buckets are absent", absent),
			mend+" creates them, with an administrator's credentials")
	}
	return withHint(eachMismatch(mismatches), mend+" mends what can be mended, with an administrator's credentials")
}
