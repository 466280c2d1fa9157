package main

import (
	"github.com/spf13/cobra"

	"msigate/gateway"
)

func (c *command) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Watch it work: recorded installs and attacks through a real NATS server",
		Long: `demo needs no flag, no file and no network. It runs a NATS server in a temporary
folder and the gateway on it, publishes recorded installs and attacks as a shipper
would, and prints what comes off the streams: each verdict with its host, what
happened (parent → child), why, and its trace; what was expected; and what was
quarantined.`,
		Example:           "  msigate demo",
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := &demoPrinter{w: c.out, say: &speaker{w: c.out, colour: c.out.colour}}
			c.say.progress("starting a NATS server and the gateway …")
			summary, err := gateway.Demo(cmd.Context(), readVersion().Version, gateway.DemoHandler{
				Story: func(name, about string, events int) {
					c.say.progressDone()
					p.story(name, about, events)
				},
				Verdict:     p.verdict,
				Expected:    p.expected,
				Quarantined: p.quarantined,
			})
			c.say.progressDone()
			p.tell()
			if err != nil {
				return err
			}
			p.summary(summary)
			return nil
		},
	}
}
