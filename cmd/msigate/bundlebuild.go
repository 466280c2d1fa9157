package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

type buildFlags struct {
	name, notAfter, out, output string
	serial                      int64
}

func (c *command) bundleBuild() *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build [flags] FOLDER",
		Short: "Make an unsigned archive of governance YAML or of a policy folder",
		Long: `build reads a folder of governance YAML (installers.yaml, signers.yaml,
deployment_tools.yaml, sources.yaml, deny.yaml), of Rego, or of a baseline's data, holds
it to its rules, and writes an OPA bundle. What cannot be right is refused, every fault
at once, with file, line, entry and what would be acceptable.

The archive is unsigned and reproducible: the same folder, serial and date give the same
bytes, so that whoever approves can build it again and compare.

--serial counts up: a gateway takes none that is lower than the last one it had. Going
back is building the old content under a higher serial. --not-after says until when the
bundle may count without a newer one; a gateway that still has it then says that it is
degraded. Without the two the archive cannot be signed, and only a source with
allow_unsigned takes it.`,
		Example: `  msigate bundle build --serial 7 --not-after 2027-03-01 bundles/governance
  msigate bundle build --serial 12 --not-after 2027-06-01 -o policy.tar.gz policies`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one folder: governance YAML, a policy or a baseline"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.build(cmd, f, args[0]) },
	}
	flags := cmd.Flags()
	nameFlag(cmd, &f.name)
	flags.Int64Var(&f.serial, "serial", 0, "`NUMBER` of this publication, 1 or more, higher than the last")
	flags.StringVar(&f.notAfter, "not-after", "", "`DATE` (YYYY-MM-DD, 00:00 UTC, or RFC 3339) until which it may count, at most 366 days away")
	flags.StringVarP(&f.out, "out", "o", "", "archive `FILE` to write (default policy.tar.gz, governance.tar.gz or baseline.tar.gz)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT` of what it says: text or json")
	complete(cmd, "output", "text", "json")
	complete(cmd, "serial")
	complete(cmd, "not-after")
	_ = cmd.MarkFlagFilename("out", "gz")
	return cmd
}

// maxNotAfter is how far away not_after may be: an entry's own longest life.
const maxNotAfter = 366 * 24 * time.Hour

func (f buildFlags) check(cmd *cobra.Command) (notAfter time.Time, err error) {
	if err := errors.Join(checkOutput(f.output, "text", "json")); err != nil {
		return notAfter, usageError(err)
	}
	if err := checkName(f.name); err != nil {
		return notAfter, err
	}
	serial, until := cmd.Flags().Changed("serial"), f.notAfter != ""
	switch {
	case serial && f.serial < 1:
		return notAfter, usageError(fmt.Errorf("--serial %d: the first is 1", f.serial))
	case serial != until:
		return notAfter, usageError(withHint(errors.New("--serial and --not-after belong together"), "give both for a bundle that will be signed, neither for one that will not"))
	case !until:
		return notAfter, nil
	}
	if notAfter, err = time.Parse(time.DateOnly, f.notAfter); err != nil {
		if notAfter, err = time.Parse(time.RFC3339, f.notAfter); err != nil {
			return notAfter, usageError(withHint(fmt.Errorf("--not-after %s: this is no date", f.notAfter), "for instance 2027-03-01 or 2027-03-01T12:00:00Z"))
		}
	}
	switch now := time.Now(); {
	case !notAfter.After(now):
		return notAfter, usageError(fmt.Errorf("--not-after %s: it is past already", f.notAfter))
	case notAfter.After(now.Add(maxNotAfter)):
		return notAfter, usageError(withHint(fmt.Errorf("--not-after %s: it is more than 366 days away", f.notAfter), "whoever holds back newer bundles could keep this one alive until then; weeks or a few months are usual"))
	}
	return notAfter, nil
}

func (c *command) build(cmd *cobra.Command, f buildFlags, folder string) error {
	notAfter, err := f.check(cmd)
	if err != nil {
		return err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", folder, reason(err)))
	}
	if !info.IsDir() {
		return usageError(withHint(fmt.Errorf("%s: it is no folder", folder), "the folder with the YAML or the Rego is what is built"))
	}
	b, err := governance.Open(folder, f.name)
	if err != nil {
		return err
	}
	if !notAfter.IsZero() {
		if err := b.Stamp(f.serial, notAfter); err != nil {
			return err
		}
	}
	if f.out == "" {
		f.out = b.Name + ".tar.gz"
	}
	if err := writeArchiveFile(f.out, b); err != nil {
		return err
	}
	return c.reportMade(f.out, f.output, b)
}

// reportMade tells what an archive is that was just written, and what comes next.
func (c *command) reportMade(file, output string, b *governance.Bundle) error {
	claims, err := b.Claims()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := c.printBundle(output, reportOf(file, b, claims)); err != nil {
		return err
	}
	switch {
	case output == "json" || claims.Signed:
	case claims.Serial == 0:
		c.say.hint("it has no serial, so it cannot be signed; --serial and --not-after give it one")
	case len(claims.Approvals) == 0:
		c.say.hint("next, a second person: msigate bundle approve --key FILE " + file)
	default:
		c.say.hint("next, the owner: msigate bundle sign --key FILE " + file)
	}
	return nil
}
