package main

import (
	"context"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
)

// busFlags say which NATS a command of governance talks to, and as whom.
type busFlags struct{ config, url, context, creds, nkey string }

func (f *busFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration `FILE`: its nats and changes settings are used")
	flags.StringVar(&f.url, "url", "", "NATS server `URL` (default "+bus.DefaultURL+")")
	flags.StringVar(&f.context, "context", "", "`NAME` of a context of the nats command")
	flags.StringVar(&f.creds, "creds", "", "`FILE` with your credentials (.creds)")
	flags.StringVar(&f.nkey, "nkey", "", "`FILE` with your NKey seed")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

// connect connects; close is to be called.
func (c *command) connect(ctx context.Context, f busFlags) (conn *bus.Conn, config gateway.Config, closing func(), err error) {
	flags := setupFlags{config: f.config, url: f.url, context: f.context, creds: f.creds, nkey: f.nkey}
	if f.url != "" && f.context != "" || f.creds != "" && f.nkey != "" {
		flags.age = bus.MinEventsAge
		flags.output = "text"
		return nil, config, nil, usageError(flags.validate())
	}
	if config, err = c.readConfig(f.config); err != nil {
		return nil, config, nil, err
	}
	if conn, err = bus.Connect(ctx, flags.busOptions(config)); err != nil {
		return nil, config, nil, unreachable(err)
	}
	return conn, config, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
}
