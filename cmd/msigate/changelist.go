package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/finding"
	"msigate/gateway/governance"
)

// changeStatesShown are the states that change list tells apart.
var changeStatesShown = []string{"waiting", "upcoming", "open", "closed", "over", "refused"}

func (c *command) changeList() *cobra.Command {
	var f changeFlags
	var state string
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "Show the change windows, and what each counts for",
		Long: `list verifies every record as a gateway does and says what it counts for: waiting for
its approval, upcoming (approved, not open now), open, closed, over, or refused, with
the reason. --output json: one object a line.`,
		Example: `  msigate change list --config msigate.yaml
  msigate change list --state waiting --output json | jq -r .ticket`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		ValidArgsFunction:     nothingToComplete,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.runChangeList(cmd.Context(), &f, state) },
	}
	f.add(cmd, false)
	cmd.Flags().StringVar(&state, "state", "", "only those in a `STATE`: "+strings.Join(changeStatesShown, ", "))
	complete(cmd, "state", changeStatesShown...)
	return cmd
}

func (c *command) runChangeList(ctx context.Context, f *changeFlags, state string) error {
	if state != "" && !slices.Contains(changeStatesShown, state) {
		return usageError(fmt.Errorf("--state %s: it is one of %s", state, strings.Join(changeStatesShown, ", ")))
	}
	store, _, closing, err := c.openChanges(ctx, f, false)
	if err != nil {
		return err
	}
	defer closing()
	all, err := store.List(ctx)
	if err != nil {
		return err
	}
	now, shown := time.Now(), 0
	for _, stored := range all {
		is := stored.State(now)
		if state != "" && is != state {
			continue
		}
		shown++
		if err := c.tellStored(f.output, is, stored); err != nil {
			return err
		}
	}
	if shown == 0 && f.output == "text" {
		c.say.line("no change window")
	}
	return nil
}

// windowRow is a change window for a script.
type windowRow struct {
	Ticket     string            `json:"ticket"`
	State      string            `json:"state"`
	HostGroup  string            `json:"host_group,omitempty"`
	Packages   []string          `json:"packages,omitempty"`
	From       *time.Time        `json:"from,omitempty"`
	Until      *time.Time        `json:"until,omitempty"`
	RRule      string            `json:"rrule,omitempty"`
	Lasts      string            `json:"lasts,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Opening    string            `json:"opening,omitempty"` // SHA-256 of what the opener signed
	OpenedBy   string            `json:"opened_by,omitempty"`
	ApprovedBy string            `json:"approved_by,omitempty"`
	ClosedBy   string            `json:"closed_by,omitempty"`
	Stored     *time.Time        `json:"stored,omitempty"` // the server's stamp of the last signature
	Refused    string            `json:"refused,omitempty"`
	Open       []governance.Span `json:"-"`
}

func windowRowOf(state string, w *governance.Window) windowRow {
	return windowRow{
		Ticket: w.Ticket, State: state, HostGroup: w.HostGroup, Packages: w.Packages, From: &w.From, Until: &w.Until, RRule: w.RRule, Lasts: w.Lasts,
		Reason: w.Reason, Opening: w.ID, OpenedBy: w.Opener, ApprovedBy: w.Approver, ClosedBy: w.ClosedBy, Open: w.Spans,
	}
}

func (c *command) tellStored(output, state string, stored gateway.StoredChange) error {
	row := windowRow{Ticket: stored.Key, State: state}
	if stored.Window != nil {
		row = windowRowOf(state, stored.Window)
	}
	row.Stored = &stored.Stamp
	if stored.Refused != nil {
		row.Refused = stored.Refused.Error()
	}
	return c.tellRow(output, row)
}

// tellChange says what was done to a window, and what is to be done next.
func (c *command) tellChange(output, done string, w *governance.Window, next string) error {
	if err := c.tellRow(output, windowRowOf(done, w)); err != nil {
		return err
	}
	if next != "" && output == "text" {
		c.say.hint(next)
	}
	return nil
}

func (c *command) tellRow(output string, row windowRow) error {
	if output == "json" {
		return json.NewEncoder(c.out).Encode(row)
	}
	colours := map[string]colour{"open": green, "approved": green, "waiting": yellow, "refused": red, "over": dim, "closed": dim}
	say := &speaker{w: c.out, colour: c.out.colour}
	fmt.Fprintf(c.out, "%s %s", say.head(colours[row.State], row.State), say.paint(bold, finding.Printable(row.Ticket)))
	line := func(format string, args ...any) {
		fmt.Fprintln(c.out, wrap(finding.Printable(fmt.Sprintf(format, args...)), indent, indent))
	}
	if row.Refused != "" {
		fmt.Fprintln(c.out)
		line("%s", strings.ReplaceAll(row.Refused, "\n", "; "))
		return nil
	}
	fmt.Fprintf(c.out, "  %s, %s to %s\n", row.HostGroup, row.From.Format(time.RFC3339), row.Until.Format(time.RFC3339))
	line("%s", strings.Join(row.Packages, "  "))
	if row.RRule != "" {
		line("%s for %s: open %s", row.RRule, row.Lasts, counted(len(row.Open), "time"))
	}
	if row.Reason != "" {
		line("%s", row.Reason)
	}
	line("opened by %s, opening %.12s", row.OpenedBy, row.Opening)
	if row.ApprovedBy != "" {
		line("approved by %s", row.ApprovedBy)
	}
	if row.ClosedBy != "" {
		line("closed by %s", row.ClosedBy)
	}
	return nil
}
