package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

type pushFlags struct {
	nats   setupFlags // config, url, context, creds, nkey
	object string
	output string
}

func (c *command) bundlePush() *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push [flags] FILE",
		Short: "Put a bundle into its owner's object bucket, from where gateways take it",
		Long: `push stores a bundle archive (.tar.gz) in the object bucket of its owner:
msigate-policy or msigate-governance. Every gateway whose configuration names the
object takes it through its own checks; push only reads what the bundle is, so that
nothing lands in another owner's bucket. Who may write a bucket, the server decides.

Nothing says here whether a gateway took it: msigate audit and the gateway's log do.`,
		Example: `  msigate bundle push governance.tar.gz
  msigate bundle push --url nats://bus.corp.example:4222 --creds governance.creds governance.tar.gz
  msigate bundle push --object canary-ring.tar.gz governance.tar.gz`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one bundle: a .tar.gz"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"gz"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runPush(cmd.Context(), f, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.nats.config, "config", "", "configuration `FILE`: its nats settings are used")
	flags.StringVar(&f.nats.url, "url", "", "NATS server `URL` (default "+bus.DefaultURL+")")
	flags.StringVar(&f.nats.context, "context", "", "`NAME` of a context of the nats command")
	flags.StringVar(&f.nats.creds, "creds", "", "`FILE` with the owner's credentials (.creds)")
	flags.StringVar(&f.nats.nkey, "nkey", "", "`FILE` with the owner's NKey seed")
	flags.StringVar(&f.object, "object", "", "`NAME` of the object (default policy.tar.gz or governance.tar.gz)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return cmd
}

func (f pushFlags) validate() error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return err
	}
	switch {
	case f.nats.url != "" && f.nats.context != "":
		return errors.New("--url and --context are given: a context has a URL of its own, leave one out")
	case f.nats.creds != "" && f.nats.nkey != "":
		return errors.New("--creds and --nkey are given: leave one out")
	default:
		return nil
	}
}

func (c *command) runPush(ctx context.Context, f pushFlags, file string) error {
	if err := f.validate(); err != nil {
		return usageError(err)
	}
	config, err := c.readConfig(f.nats.config)
	if err != nil {
		return err
	}
	opened, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	defer opened.Close()
	raw, err := governance.ReadCapped(opened)
	if err != nil {
		return fmt.Errorf("read the bundle %s: %w", file, err)
	}
	b, err := governance.ReadArchive(bytes.NewReader(raw), "")
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	bucket := gateway.ObjectBucket(b.Name)
	if bucket == "" {
		return withHint(fmt.Errorf("%s is a %s bundle, which has no object bucket", file, b.Name), "a gateway takes it by path or by url")
	}
	name := f.object
	if name == "" {
		name = b.Name + ".tar.gz"
	}
	conn, err := bus.Connect(ctx, f.nats.busOptions(config))
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	size, err := bus.PutObject(ctx, conn, bucket, name, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if f.output == "json" {
		return json.NewEncoder(c.out).Encode(map[string]any{"file": file, "bundle": b.Name, "bucket": bucket, "object": name, "bytes": size, "sha256": governance.Digest(raw)})
	}
	fmt.Fprintf(c.out, "%s: stored as %s in %s, %d bytes\n%s\n", file, name, bucket, size, b.Summary)
	return nil
}
