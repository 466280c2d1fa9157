package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

type auditFlags struct {
	bus           busFlags
	since, output string
	events        []string
}

func (c *command) auditTrail() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "audit [flags]",
		Short: "Read the audit trail: who changed what",
		Long: `audit reads the stream AUDIT: activations and refusals of bundles, change records, imports
of host groups, and what a gateway made of them, oldest first. The time is the server's.
--output json: one object a line, the event as it is stored under "event".`,
		Example: `  msigate audit --since 24h
  msigate audit --since 2026-11-01T00:00:00Z --event change_approved --output json`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		ValidArgsFunction:     nothingToComplete,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.runAudit(cmd.Context(), &f) },
	}
	f.bus.add(cmd, "nats", "your")
	cmd.Flags().StringVar(&f.since, "since", "", "a `DURATION` ago (24h) or a time (RFC 3339); default: from the beginning")
	cmd.Flags().StringArrayVar(&f.events, "event", nil, "only events of this `KIND`; repeat for several")
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json (one object a line)")
	complete(cmd, "output", "text", "json")
	complete(cmd, "event", gateway.AuditKinds...)
	return cmd
}

// since reads a duration or a time.
func since(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, withHint(fmt.Errorf("--since %s: this is neither a duration nor a time", text), "24h, or RFC 3339, for instance 2026-11-28T22:00:00Z")
	}
	return at, nil
}

// auditRow is a message of the audit trail for a script.
type auditRow struct {
	Stored   time.Time       `json:"stored"`
	Sequence uint64          `json:"sequence"`
	Subject  string          `json:"subject"`
	Event    json.RawMessage `json:"event"`
}

func (c *command) runAudit(ctx context.Context, f *auditFlags) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	for _, event := range f.events {
		if !slices.Contains(gateway.AuditKinds, event) {
			return usageError(withHint(fmt.Errorf("--event %s: there is no such kind of event", event), "one of "+strings.Join(gateway.AuditKinds, ", ")))
		}
	}
	from, err := since(f.since, time.Now())
	if err != nil {
		return usageError(err)
	}
	o := bus.ReadOptions{Stream: bus.StreamAudit, Since: from}
	for _, event := range f.events {
		o.Subjects = append(o.Subjects, bus.AuditSubject(event), bus.AuditSubject(event)+".*")
	}
	conn, _, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return err
	}
	defer closing()
	shown := 0
	var failed error
	err = bus.Read(ctx, conn, o, func(m *bus.Message) bool {
		shown++
		failed = c.tellAudit(f.output, m)
		return failed == nil
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if shown == 0 && f.output == "text" {
		c.say.line("no audit event")
	}
	return nil
}

func (c *command) tellAudit(output string, m *bus.Message) error {
	if output == "json" {
		row := auditRow{Stored: m.Stamp.UTC(), Sequence: m.Sequence, Subject: m.Subject, Event: m.Data}
		if !json.Valid(m.Data) {
			quoted, err := json.Marshal(string(m.Data))
			if err != nil {
				return err
			}
			row.Event = quoted
		}
		return json.NewEncoder(c.out).Encode(row)
	}
	var e struct {
		Event    string `json:"event"`
		Detail   string `json:"detail"`
		Opener   string `json:"opened_by"`
		Approver string `json:"approved_by"`
		Closer   string `json:"closed_by"`
	}
	if err := json.Unmarshal(m.Data, &e); err != nil {
		e.Event, e.Detail = strings.TrimPrefix(m.Subject, "audit."), "not in msigate's form: "+string(m.Data)
	}
	say := &speaker{w: c.out, colour: c.out.colour}
	fmt.Fprintf(c.out, "%s  %s\n", m.Stamp.UTC().Format(time.RFC3339), say.paint(bold, finding.Printable(e.Event)))
	for line := range strings.Lines(e.Detail) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintln(c.out, wrap(finding.Printable(line), indent, indent))
		}
	}
	for _, who := range []struct{ what, key string }{{"opened", e.Opener}, {"approved", e.Approver}, {"closed", e.Closer}} {
		if who.key != "" {
			fmt.Fprintf(c.out, "%s%s by key %s\n", indent, who.what, finding.Printable(who.key))
		}
	}
	return nil
}
