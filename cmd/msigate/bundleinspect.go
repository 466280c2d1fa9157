package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/governance"
)

type bundleInspectFlags struct {
	name, against, output string
	stale                 bool
	bus                   busFlags
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
--stale shows only entries that have expired or will within 14 days and, of a bus that
--config, --url or --context names, those that approved nothing for 90 days there.`,
		Example: `  msigate bundle inspect governance.tar.gz
  msigate bundle inspect bundles/governance --against published.tar.gz
  msigate bundle inspect --stale --url nats://127.0.0.1:4222 bundles/governance
  msigate bundle inspect --stale --output json governance.tar.gz | jq -r '.entries[] | .owner + " " + .id'`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one bundle: an archive or a folder"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.inspectBundle(cmd.Context(), f, args[0]) },
	}
	flags := cmd.Flags()
	nameFlag(cmd, &f.name)
	flags.StringVar(&f.against, "against", "", "bundle `FILE` or folder to compare with, for instance the published one")
	flags.BoolVar(&f.stale, "stale", false, "only entries that have expired or will within 14 days, or are not used")
	f.bus.add(cmd, "nats", "your")
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

func (c *command) inspectBundle(ctx context.Context, f bundleInspectFlags, path string) error {
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
	r.Entries = []inspectedEntry{}
	for _, e := range b.Entries() {
		r.Entries = append(r.Entries, inspectedEntry{Entry: e})
	}
	if f.stale {
		if err := c.onlyStale(ctx, f.bus, r, now); err != nil {
			return err
		}
	} else if f.bus != (busFlags{}) {
		return usageError(errors.New("a bus is named without --stale: of it only what approved nothing is asked"))
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
	c.printEntries(r, f.stale, now)
	if r.Changes != nil {
		c.printChanges(r.Changes)
	}
	return nil
}

// inspectedEntry is an entry with what a bus knows of it.
type inspectedEntry struct {
	governance.Entry
	LastApproved *time.Time `json:"last_approved,omitempty"` // to the day; absent: never, or no bus was asked
	Unused       bool       `json:"unused,omitempty"`        // it approved nothing for 90 days
}

// onlyStale leaves the entries that need another look.
func (c *command) onlyStale(ctx context.Context, f busFlags, r *bundleReport, now time.Time) error {
	if f != (busFlags{}) {
		conn, _, closing, err := c.connect(ctx, f)
		if err != nil {
			return err
		}
		defer closing()
		approved, err := gateway.ReadApproved(ctx, conn)
		if err != nil {
			return err
		}
		r.ApprovedSince = &approved.Since
		for i := range r.Entries {
			e := &r.Entries[i]
			if e.Kind != "installers" {
				continue // the others carry approvals, and approve nothing themselves
			}
			if last, ok := approved.Last[e.ID]; ok {
				e.LastApproved = &last
			}
			e.Unused = approved.Unused(e.ID, e.Created, now)
		}
	}
	r.Entries = slices.DeleteFunc(r.Entries, func(e inspectedEntry) bool { return !e.Stale(now) && !e.Unused })
	return nil
}

func (c *command) printEntries(r *bundleReport, stale bool, now time.Time) {
	if stale {
		fmt.Fprintln(c.out)
		switch since := r.ApprovedSince; {
		case since == nil:
			fmt.Fprintln(c.out, "what approved nothing is known to the bus: name it with --url, --context or --config")
		case now.Sub(*since) < gateway.UnusedAfter:
			fmt.Fprintf(c.out, "approvals are noted there since %s: what approved nothing for 90 days is known from %s on\n", since.Format(time.DateOnly), since.Add(gateway.UnusedAfter).Format(time.DateOnly))
		}
	}
	switch {
	case len(r.Entries) == 0 && stale:
		fmt.Fprintln(c.out, "no entry has expired, will within 14 days, or is known to be unused")
		return
	case len(r.Entries) == 0:
		return
	}
	fmt.Fprintln(c.out)
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	heading := "KIND\tENTRY\tOWNER\tEXPIRES\t"
	if r.ApprovedSince != nil {
		heading += "LAST APPROVED\t"
	}
	fmt.Fprintln(table, heading+"TITLE")
	for _, e := range r.Entries {
		expires := e.Expires.Format(time.DateOnly)
		switch {
		case e.Expired(now):
			expires += " expired"
		case e.Stale(now):
			expires += " soon"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t", e.Kind, printable(e.ID), printable(e.Owner), expires)
		if r.ApprovedSince != nil {
			fmt.Fprintf(table, "%s\t", e.lastApproved())
		}
		fmt.Fprintln(table, printable(e.Title))
	}
	_ = table.Flush() // the output keeps its own error
}

func (e inspectedEntry) lastApproved() string {
	last := "never"
	switch {
	case e.Kind != "installers":
		return "-"
	case e.LastApproved != nil:
		last = e.LastApproved.Format(time.DateOnly)
	}
	if e.Unused {
		last += " unused"
	}
	return last
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
