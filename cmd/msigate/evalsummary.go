package main

import (
	"fmt"
	"strings"

	"msigate/gateway"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// mostUndecodable is how many undecodable messages a summary names.
const mostUndecodable = 20

// summary tells on stderr what was read, what became of it, and who decided.
func (c *command) summary(s *gateway.Summary, bundles []policy.BundleStamp, given []string) {
	c.say.line("read %d: out of scope %d, remembered %d, context %d, undecodable %d", s.Read, s.Out, s.Remembered, s.Context, len(s.Undecodable))
	c.say.line("decided %d: alert %d, review %d, approved %d, expected %d", s.Decided(),
		s.Decisions[policy.Alert], s.Decisions[policy.Review], s.Decisions[policy.Approved], s.Decisions[policy.Expected])
	if s.Again > 0 {
		c.say.line("decided again %d: each event counts by its last decision", s.Again)
	}
	c.say.line("by %s", stamps(bundles, given))
	for i, u := range s.Undecodable {
		if i == mostUndecodable {
			c.say.line("  and %d more", len(s.Undecodable)-i)
			break
		}
		if i == 0 {
			c.say.line("undecodable:")
		}
		c.say.line("  %s", undecodable(u))
	}
}

// undecodable begins as compilers do, so that editors find the place.
func undecodable(u gateway.Undecodable) string {
	record := ""
	if u.Record > 0 {
		record = fmt.Sprintf(" record %d:", u.Record)
	}
	return fmt.Sprintf("%s:%d:%s %s", finding.Printable(u.Source), u.Line, record, finding.Printable(u.Fault.Error()))
}

// stamps names the bundles that decided.
func stamps(bundles []policy.BundleStamp, given []string) string {
	words := make([]string, len(bundles))
	for i, b := range bundles {
		words[i] = b.Name + " " + shortRevision(b.Revision)
		if b.Serial > 0 {
			words[i] += fmt.Sprintf(" serial %d", b.Serial)
		}
	}
	out := strings.Join(words, ", ")
	if len(given) == 0 {
		out += ", built in"
	}
	return out
}

// shortRevision is enough of a revision to tell it from others.
func shortRevision(revision string) string {
	const digits = 12
	if len(revision) > digits {
		return revision[:digits]
	}
	return revision
}
