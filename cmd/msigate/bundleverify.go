package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

type verifyFlags struct {
	name, output    string
	keys, approvers []string
	approved        bool
}

func (c *command) bundleVerify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [flags] FILE",
		Short: "Say whether a gateway with these keys would believe a bundle",
		Long: `verify holds an archive to what a gateway holds it to before it looks at the policy:
its size, its signature by one of the keys, the roots and content that its owner may
have, its serial and not_after, and who approved it. What only a gateway knows is left
to it: the serial it had last, and whether its canaries still see what they must.

Exit codes: 0 it would be believed, 1 not, and why; 2 the command line is wrong, or a
file of --key or --approver holds no public key.`,
		Example: `  msigate bundle verify --key owner.pub.pem governance.tar.gz
  msigate bundle verify --name governance --key owner.pub.pem --approver second.pub.pem --approved governance.tar.gz`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one archive"),
		ValidArgsFunction:     archives,
		RunE:                  func(_ *cobra.Command, args []string) error { return c.verifyArchive(f, args[0]) },
	}
	flags := cmd.Flags()
	nameFlag(cmd, &f.name)
	flags.StringArrayVar(&f.keys, "key", nil, "public key `FILE` (PEM) that may sign it; repeat for several")
	flags.StringArrayVar(&f.approvers, "approver", nil, "public key `FILE` (PEM) that may approve it; repeat for several (default: the keys)")
	flags.BoolVar(&f.approved, "approved", false, "refuse it without a second person's approval")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	_ = cmd.MarkFlagFilename("key", "pem")
	_ = cmd.MarkFlagFilename("approver", "pem")
	return cmd
}

func readKeys(flag string, files []string) (governance.Keys, error) {
	keys := governance.Keys{}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return nil, usageError(fmt.Errorf("--%s %s: %w", flag, file, reason(err)))
		}
		key, err := governance.ReadKey(file)
		if err != nil {
			return nil, usageError(err)
		}
		keys[key.ID] = key
	}
	return keys, nil
}

func (c *command) verifyArchive(f verifyFlags, file string) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if err := checkName(f.name); err != nil {
		return err
	}
	if len(f.keys) == 0 {
		return usageError(withHint(errors.New("msigate bundle verify needs --key"), "the owner's public key, NAME.pub.pem where msigate bundle keygen made it"))
	}
	keys, err := readKeys("key", f.keys)
	if err != nil {
		return err
	}
	approvers, err := readKeys("approver", f.approvers)
	if err != nil {
		return err
	}
	raw, err := readArchiveFile(file)
	if err != nil {
		return err
	}
	if f.name == "" {
		if f.name, err = governance.NameOf(raw); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	now := time.Now()
	b, err := governance.Verify(raw, governance.Trust{Name: f.name, Keys: keys, Approvers: approvers, Now: now})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	claims, err := b.Claims()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, why := range b.Disregarded {
		c.say.warning("%s", why)
	}
	if f.approved && len(b.ApprovedBy) == 0 {
		return withHint(fmt.Errorf("%s: no second person has approved it", file), "msigate bundle approve, by another key than the one that signs, then sign it again")
	}
	r := reportOf(file, b, claims)
	r.Verified, r.SignedBy, r.ApprovedBy, r.names = true, b.SignedBy, append([]string{}, b.ApprovedBy...), map[string]string{}
	for _, set := range []governance.Keys{keys, approvers} {
		for id, key := range set {
			r.names[id] = key.Name
		}
	}
	if key, ok := keys.Get(b.SignedBy); ok && !key.Expires.IsZero() && key.Expires.Before(now.AddDate(0, 0, 30)) {
		c.say.warning("the key %s expires on %s: no gateway takes what it signed from then on", key, key.Expires.Format(time.DateOnly))
	}
	return c.printBundle(f.output, r)
}
