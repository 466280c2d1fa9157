package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
)

// busFlags say which NATS a command talks to, and as whom. They win over the
// configuration file.
type busFlags struct{ config, url, context, creds, nkey string }

// add adds the flags. settings are those of the configuration that the command
// uses, whose says whose credentials it wants.
func (f *busFlags) add(cmd *cobra.Command, settings, whose string) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration `FILE`: its "+settings+" settings are used")
	flags.StringVar(&f.url, "url", "", "NATS server `URL` (default "+bus.DefaultURL+")")
	flags.StringVar(&f.context, "context", "", "`NAME` of a context of the nats command")
	flags.StringVar(&f.creds, "creds", "", "`FILE` with "+whose+" credentials (.creds)")
	flags.StringVar(&f.nkey, "nkey", "", "`FILE` with "+whose+" NKey seed")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}

func (f busFlags) validate() error {
	switch {
	case f.url != "" && f.context != "":
		return errors.New("--url and --context are given: a context has a URL of its own, leave one out")
	case f.creds != "" && f.nkey != "":
		return errors.New("--creds and --nkey are given: leave one out")
	default:
		return nil
	}
}

// connect connects by flags and configuration; closing is to be called.
func (c *command) connect(ctx context.Context, f busFlags) (conn *bus.Conn, config gateway.Config, closing func(), err error) {
	if err := f.validate(); err != nil {
		return nil, config, nil, usageError(err)
	}
	if config, err = c.readConfig(f.config); err != nil {
		return nil, config, nil, err
	}
	if conn, closing, err = f.connect(ctx, config); err != nil {
		return nil, config, nil, err
	}
	return conn, config, closing, nil
}

func (f busFlags) connect(ctx context.Context, config gateway.Config) (*bus.Conn, func(), error) {
	conn, err := bus.Connect(ctx, f.options(config))
	if err != nil {
		return nil, nil, unreachable(err)
	}
	return conn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
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

func (f busFlags) options(config gateway.Config) bus.Options {
	o := config.NATS.BusOptions()
	if o.URL == "" && o.Context == "" && config.Embedded.Port > 0 {
		o.URL = fmt.Sprintf("nats://127.0.0.1:%d", config.Embedded.Port) // the server inside msigate run
	}
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
