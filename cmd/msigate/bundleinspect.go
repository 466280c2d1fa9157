package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

type bundleInspectFlags struct {
	name, against, output string
	stale                 bool
}

func (c *command) bundleInspect() *cobra.Command {
	var f bundleInspectFlags
	cmd := &cobra.Command{
		Use:   "inspect [flags] FILE",
		Short: "Show what a bundle holds, what it changes and what is about to expire",
		Long: `inspect shows a bundle (an archive, or the folder that one is built from): its entries
with owner and end, its serial, and who it says signed and approved it. It verifies
nothing; msigate bundle verify does.

--against OTHER shows what it changes against another bundle, entry by entry, and of each
whether it widens what can be approved. What cannot be told from the entry is taken to
widen. Of a policy every change is.
--stale shows only entries that have expired or will within 14 days.`,
		Example: `  msigate bundle inspect governance.tar.gz
  msigate bundle inspect bundles/governance --against published.tar.gz
  msigate bundle inspect --stale --output json governance.tar.gz | jq -r '.entries[] | .owner + " " + .id'`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one bundle: an archive or a folder"),
		RunE:                  func(_ *cobra.Command, args []string) error { return c.inspectBundle(f, args[0]) },
	}
	flags := cmd.Flags()
	nameFlag(cmd, &f.name)
	flags.StringVar(&f.against, "against", "", "bundle `FILE` or folder to compare with, for instance the published one")
	flags.BoolVar(&f.stale, "stale", false, "only entries that have expired or will within 14 days")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

// openBundle reads an archive with what it claims, or a folder, which claims nothing.
func openBundle(path, name string) (*governance.Bundle, governance.Claims, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, governance.Claims{}, usageError(fmt.Errorf("%s: %w", path, reason(err)))
	}
	if info.IsDir() {
		b, err := governance.Open(path, name)
		return b, governance.Claims{}, err
	}
	raw, err := readArchiveFile(path)
	if err != nil {
		return nil, governance.Claims{}, err
	}
	b, err := governance.ReadSigned(raw, name)
	if err != nil {
		return nil, governance.Claims{}, fmt.Errorf("%s: %w", path, err)
	}
	claims, err := b.Claims()
	if err != nil {
		return nil, governance.Claims{}, fmt.Errorf("%s: %w", path, err)
	}
	return b, claims, nil
}

func (c *command) inspectBundle(f bundleInspectFlags, path string) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if err := checkName(f.name); err != nil {
		return err
	}
	b, claims, err := openBundle(path, f.name)
	if err != nil {
		return err
	}
	now := time.Now()
	r := reportOf(path, b, claims)
	if r.Entries = b.Entries(); f.stale {
		r.Entries = slices.DeleteFunc(r.Entries, func(e governance.Entry) bool { return !e.Stale(now) })
	}
	if f.against != "" {
		other, _, err := openBundle(f.against, b.Name)
		if err != nil {
			return err
		}
		changes := governance.Compare(other, b)
		r.Changes = &bundleChanges{Against: f.against, Summary: changes.Summary(), Widens: changes.Widens(), Differences: append([]governance.Difference{}, changes.Differences...)}
	}
	if err := c.printBundle(f.output, r); err != nil || f.output == "json" {
		return err
	}
	c.printEntries(r.Entries, f.stale, now)
	if r.Changes != nil {
		c.printChanges(r.Changes)
	}
	return nil
}

func (c *command) printEntries(entries []governance.Entry, stale bool, now time.Time) {
	switch {
	case len(entries) == 0 && stale:
		fmt.Fprintln(c.out, "\nno entry has expired or will within 14 days")
		return
	case len(entries) == 0:
		return
	}
	fmt.Fprintln(c.out)
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tENTRY\tOWNER\tEXPIRES\tTITLE")
	for _, e := range entries {
		expires := e.Expires.Format(time.DateOnly)
		switch {
		case e.Expired(now):
			expires += " expired"
		case e.Stale(now):
			expires += " soon"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", e.Kind, printable(e.ID), printable(e.Owner), expires, printable(e.Title))
	}
	_ = table.Flush() // the output keeps its own error
}

func (c *command) printChanges(changes *bundleChanges) {
	fmt.Fprintf(c.out, "\nagainst %s: %s\n", changes.Against, changes.Summary)
	say := &speaker{w: c.out, colour: c.out.colour}
	for _, d := range changes.Differences {
		effect := fmt.Sprintf("%-7s", d.Effect)
		if d.Effect == governance.Widens {
			effect = say.paint(yellow, effect)
		}
		d.Effect = ""
		fmt.Fprintf(c.out, "  %s%s\n", effect, d)
	}
}
