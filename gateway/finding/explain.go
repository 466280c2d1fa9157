package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"msigate/gateway/policy"
)

// Summary is one line: what happened, and why it got the disposition it got.
func Summary(d *Masked) string {
	return fmt.Sprintf("%s: %s: %s", d.decision.Answer.Disposition, WhatHappened(d), Why(d))
}

// Why says in one line what approved behaviour an event matches, or what held
// against it and which part of the nearest approval does not fit; what is
// waited for; and what made it be decided again, if it was.
func Why(d *Masked) string {
	why := reason(d)
	if again := decidedAgain(d.decision.Trigger.Cause); again != "" {
		why += "; decided again: " + again
	}
	return why
}

func reason(d *Masked) string {
	a := &d.decision.Answer
	if d.decision.Fault != "" {
		if reason, kept := strings.CutPrefix(d.decision.Fault, policy.FaultQuarantined+": "); kept {
			return "it is kept in quarantine (" + excerpt(reason, excerptLength) + "), and what cannot be read is never taken for harmless"
		}
		return "the policy gave no answer (" + excerpt(d.decision.Fault, excerptLength) + "), and that is never taken for harmless"
	}
	var parts []string
	switch {
	case a.Disposition == policy.Expected:
		return "the installer's own machinery"
	case a.Approval != nil:
		parts = append(parts, approvedBy(a.Approval))
		if len(a.Signals) > 0 {
			parts = append(parts, "it excuses: "+signalTitles(a.Signals))
		}
	case len(a.Signals) > 0:
		parts = append(parts, signalTitles(a.Signals))
	default:
		parts = append(parts, "not explained by any approval")
	}
	if len(a.NearMisses) > 0 {
		parts = append(parts, "nearest approval "+nearMiss(&a.NearMisses[0]))
	}
	if len(a.Pending) > 0 {
		parts = append(parts, "waits "+waits(slices.SortedFunc(slices.Values(a.Pending), byDue)))
	}
	if len(a.Missing) > 0 && a.Disposition != policy.Approved {
		parts = append(parts, "not seen: "+listed(a.Missing, 6))
	}
	return strings.Join(parts, "; ")
}

// Explanation is the long form, several lines without a final line break: what
// happened, every signal with its evidence, the approval or how near each
// other entry came, what may still come and what could not be seen, why it was
// decided again if it was, and the policy that answered.
func Explanation(d *Masked) string { return account(d).explanation() }

func (s *Standing) explanation() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.What)
	fmt.Fprintf(&b, "%s, severity %s: %s", s.Disposition, s.Severity, s.Why)
	for _, signal := range bySeverity(s.Signals) {
		fmt.Fprintf(&b, "\nsignal %s (%s): %s", Printable(signal.ID), signal.Severity, Printable(signal.Title))
		for _, fact := range slices.Sorted(maps.Keys(signal.Evidence)) {
			fmt.Fprintf(&b, "\n  %s = %s", Printable(fact), excerpt(signal.Evidence[fact], 4*excerptLength))
		}
	}
	if s.Approval != nil {
		fmt.Fprintf(&b, "\n%s", approvedBy(s.Approval))
	}
	for i := range s.NearMisses {
		n := &s.NearMisses[i]
		fmt.Fprintf(&b, "\nnear miss %s", nearMiss(n))
		if len(n.Matched) > 0 {
			fmt.Fprintf(&b, "; fits: %s", listed(n.Matched, len(n.Matched)))
		}
	}
	for i := range s.Pending {
		fmt.Fprintf(&b, "\nmay still come: %s, until %s", Printable(s.Pending[i].Fact), s.Pending[i].Due.UTC().Format(time.RFC3339))
	}
	if len(s.Missing) > 0 {
		fmt.Fprintf(&b, "\nnot seen: %s", listed(s.Missing, len(s.Missing)))
	}
	if len(s.Masked) > 0 {
		fmt.Fprintf(&b, "\nmasked: %s", listed(s.Masked, len(s.Masked)))
	}
	if again := decidedAgain(s.Cause); again != "" {
		fmt.Fprintf(&b, "\ndecided again: %s", again)
	}
	for _, stamp := range s.Bundles {
		fmt.Fprintf(&b, "\nbundle %s: revision %s, serial %d", Printable(stamp.Name), Printable(stamp.Revision), stamp.Serial)
	}
	return b.String()
}

func approvedBy(a *policy.Approval) string {
	out := "approved by " + Printable(a.Entry)
	if a.Owner != "" {
		out += ", owner " + Printable(a.Owner)
	}
	if a.Ticket != "" {
		out += ", ticket " + Printable(a.Ticket)
	}
	if len(a.Matched) > 0 {
		out += ": " + listed(a.Matched, 6) + " fit"
	}
	return out
}

// inWords says of a failed fact, where it is no fact that does not fit, what it means.
var inWords = map[string]string{
	"expired":            "has expired",
	"not_yet_valid":      "is not valid yet",
	"change_retroactive": "has a change window that was opened afterwards",
	"change_not_begun":   "has a change window that had not begun",
	"change_over":        "has a change window that was over",
	"change_not_valid":   "has a change window that nobody else approved or that is longer than 14 days",
}

// InWords says what a failed fact of a near miss means, as the end of a sentence
// that begins with the entry; false where it is a fact that does not fit.
func InWords(failed string) (string, bool) {
	words, ok := inWords[failed]
	return words, ok
}

// nearMiss names an entry and the facts that keep it from approving.
func nearMiss(n *policy.NearMiss) string {
	var failed, why []string
	for _, fact := range n.Failed {
		if words, ok := inWords[fact]; ok {
			why = append(why, words)
		} else {
			failed = append(failed, fact)
		}
	}
	if len(failed) > 0 {
		why = append(why, "does not fit: "+listed(failed, 6))
	}
	return strings.TrimSpace(Printable(n.Entry) + " " + strings.Join(why, " and "))
}

// signalTitles lists titles, the most severe first.
func signalTitles(signals []policy.Signal) string {
	titles := make([]string, 0, len(signals))
	for _, s := range bySeverity(signals) {
		titles = append(titles, cmp.Or(s.Title, s.ID))
	}
	return listed(titles, 4)
}

// bySeverity orders signals, the most severe first, then by id.
func bySeverity(signals []policy.Signal) []policy.Signal {
	sorted := slices.Clone(signals)
	slices.SortStableFunc(sorted, func(a, b policy.Signal) int {
		return cmp.Or(severityID(b.Severity)-severityID(a.Severity), cmp.Compare(a.ID, b.ID))
	})
	return sorted
}

// listed joins the first limit of words and counts the rest.
func listed(words []string, limit int) string {
	shown := words[:min(limit, len(words))]
	printable := make([]string, len(shown))
	for i, w := range shown {
		printable[i] = Printable(w)
	}
	out := strings.Join(printable, ", ")
	if rest := len(words) - len(shown); rest > 0 {
		out += fmt.Sprintf(" and %d more", rest)
	}
	return out
}
