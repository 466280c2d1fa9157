package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

func (c *command) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Watch it work: recorded installs and attacks through a real NATS server",
		Long: `demo needs no flag, no file and no network. It runs a NATS server in a temporary
folder and the gateway on it, publishes recorded installs and attacks as a shipper
would, and prints each verdict as it comes off the stream: disposition, host, what
happened (parent → child), why, and the trace.`,
		Example: "  msigate demo",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := &demoPrinter{w: c.out, say: &speaker{w: c.out, colour: isTerminal(c.out) && wantsColour()}}
			c.say.progress("starting a NATS server and the gateway …")
			summary, err := gateway.Demo(cmd.Context(), readVersion().Version, gateway.DemoHandler{
				Story: func(name, about string, events int) {
					c.say.progressDone()
					p.story(name, about, events)
				},
				Verdict:     p.verdict,
				Expected:    p.expected,
				Quarantined: p.quarantined,
			})
			c.say.progressDone()
			if err != nil {
				return err
			}
			p.summary(summary)
			return nil
		},
	}
}

type demoPrinter struct {
	w   io.Writer
	say *speaker
}

func (p *demoPrinter) story(name, about string, events int) {
	fmt.Fprintf(p.w, "\n%s  (%d events)\n%s\n\n", p.say.paint(bold, name), events, wrap(about, 96, "  "))
}

func (p *demoPrinter) verdict(_ string, f *finding.DetectionFinding, header bus.Header) {
	disposition := policy.Disposition(header.Get(gateway.HeaderDisposition))
	moved := ""
	switch {
	case header.Get(gateway.HeaderActivity) == finding.Close.String():
		moved = "  closed here: " + f.StatusDetail
	case header.Get(gateway.HeaderPrevious) != "":
		moved = "  was " + header.Get(gateway.HeaderPrevious)
	}
	fmt.Fprintf(p.w, "%s %s%s\n", p.say.disposition(disposition), p.say.paint(bold, finding.Printable(f.Device.Hostname)), p.say.paint(dim, moved))
	if header.Get(gateway.HeaderActivity) != finding.Close.String() {
		fmt.Fprintln(p.w, wrap(finding.Printable(f.Message), 96, "         "))
	}
	p.trace(header)
}

func (p *demoPrinter) trace(header bus.Header) {
	if parts := strings.Split(header.Get(bus.HeaderTraceparent), "-"); len(parts) == 4 {
		fmt.Fprintf(p.w, "         %s\n", p.say.paint(dim, "trace "+parts[1]))
	}
}

func (p *demoPrinter) expected(d *finding.DecisionLog) {
	fmt.Fprintf(p.w, "%s %s\n%s\n", p.say.disposition(policy.Expected), finding.Printable(d.Custom.Host), wrap(d.Custom.What+": "+d.Custom.Why, 96, "         "))
	if d.TraceID != "" {
		fmt.Fprintf(p.w, "         %s\n", p.say.paint(dim, "trace "+d.TraceID))
	}
}

func (p *demoPrinter) quarantined(subject string, header bus.Header) {
	fmt.Fprintf(p.w, "%s %s\n%s\n", p.say.paint(cyan, pad("KEPT", 8)), subject,
		wrap(fmt.Sprintf("from %s: %s", header.Get(bus.HeaderSubject), header.Get(bus.HeaderDetail)), 96, "         "))
}

func (p *demoPrinter) summary(s gateway.DemoSummary) {
	fmt.Fprintf(p.w, "\n%d events published, %d decided, %d of them expected, %d quarantined, in %s\n",
		s.Published, s.Decisions, s.Expected, s.Quarantined, s.Took.Round(10*time.Millisecond))
	fmt.Fprintf(p.w, "verdicts: %d alert, %d review, %d approved\n",
		s.Verdicts[string(policy.Alert)], s.Verdicts[string(policy.Review)], s.Verdicts[string(policy.Approved)])
	fmt.Fprintln(p.w, "next: msigate eval your-events.jsonl, or msigate run")
}

// wrap breaks text at spaces, each line indented.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		column := 0
		for _, word := range strings.Fields(line) {
			if column > 0 && column+1+len(word) > width {
				b.WriteByte('\n')
				column = 0
			}
			if column == 0 {
				b.WriteString(indent)
			} else {
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += len(word)
		}
		if column > 0 {
			b.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
