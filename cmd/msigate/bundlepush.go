package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

type pushFlags struct {
	bus    busFlags
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
	f.bus.add(cmd, "nats", "the owner's")
	flags := cmd.Flags()
	flags.StringVar(&f.object, "object", "", "`NAME` of the object (default policy.tar.gz or governance.tar.gz)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (f pushFlags) validate() error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return err
	}
	return f.bus.validate()
}

func (c *command) runPush(ctx context.Context, f pushFlags, file string) error {
	if err := f.validate(); err != nil {
		return usageError(err)
	}
	config, err := c.readConfig(f.bus.config)
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
	conn, closing, err := f.bus.connect(ctx, config)
	if err != nil {
		return err
	}
	defer closing()
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
