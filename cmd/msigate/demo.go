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
would, and prints what comes off the streams: each verdict with its host, the event
it tells of (by its place on the stream EVENTS), what happened (parent → child), why,
and its trace; what was expected; and what was quarantined.

An install has one finding. When a record that comes later changes what is known of
an event, the event is decided again, and its finding moves to another queue under
the same uid: it is closed on the one and opened on the other.`,
		Example:           "  msigate demo",
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := newDemoPrinter(c.out, &speaker{w: c.out, colour: c.out.colour})
			c.say.progress("starting a NATS server and the gateway …")
			summary, err := gateway.Demo(cmd.Context(), readVersion().Version, gateway.DemoHandler{
				Story: func(name, about string, events int) {
					c.say.progressDone()
					p.story(name, about, events)
				},
				Verdict:     p.verdict,
				Decision:    p.decision,
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
