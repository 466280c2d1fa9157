package finding

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Bounds of what is kept of one Decision; what is cut says by how much.
const (
	maxEventSignals   = 32
	maxEventNearMiss  = 8
	maxEventPending   = 16
	maxFactsOfSignal  = 32
	maxSignalEvidence = 48 << 10 // bytes of all of it; beyond, a value keeps maxName bytes
	maxName           = 256      // bytes of an id, a fact's name and the like
	maxEvidence       = 64 << 10 // bytes of rendered evidence; beyond, the ancestors above the parent are left out
)

// Standing is an event with its current Decision, as its finding keeps it:
// everything that can be told of it, rendered or cut to size. It never changes
// once it is made; a later Decision makes another one.
type Standing struct {
	At       install.Position `json:"at"`
	Decision string           `json:"decision"`
	Cause    policy.Cause     `json:"cause"`
	Grade
	Time     int64          `json:"time"`     // by the host's clock, ms since 1970; 0 where unknown
	Evidence jsontext.Value `json:"evidence"` // an [Evidence]

	Title      string               `json:"title"`
	What       string               `json:"what"`
	Why        string               `json:"why"`
	Subject    string               `json:"subject"`           // what it is about, in a word
	Package    string               `json:"package,omitempty"` // its identity, the same on every host
	Child      string               `json:"child,omitempty"`   // likewise of what ran, was loaded or written
	Group      string               `json:"group"`
	Root       string               `json:"root,omitempty"` // the lineage root in words
	Channel    string               `json:"channel,omitempty"`
	Provider   string               `json:"provider,omitempty"`
	Source     string               `json:"source,omitempty"`
	Actor      jsontext.Value       `json:"actor,omitempty"` // an [Actor]
	Signals    []policy.Signal      `json:"signals,omitempty"`
	Approval   *policy.Approval     `json:"approval,omitempty"`
	NearMisses []policy.NearMiss    `json:"near_misses,omitempty"`
	Baseline   *policy.Prevalence   `json:"baseline,omitempty"`
	Pending    []policy.Pending     `json:"pending,omitempty"`
	Missing    []string             `json:"missing,omitempty"`
	Mangled    []string             `json:"mangled,omitempty"`
	Masked     []string             `json:"masked,omitempty"`
	Fault      string               `json:"fault,omitempty"`
	Bundles    []policy.BundleStamp `json:"bundles,omitempty"`
}

// newStanding keeps what a Decision says.
func newStanding(d *Masked) *Standing {
	s := account(d)
	c := &d.decision.Context
	v := newEvidence(d, s.What)
	s.Evidence = encode(&v)
	if len(s.Evidence) > maxEvidence && v.Process != nil {
		v.Process.Ancestry = nil
		s.Evidence = encode(&v)
	}
	if who := newActor(acting(c)); who != nil {
		s.Actor = encode(who)
	}
	return s
}

// account is a Standing in words, without what is rendered of its event.
func account(d *Masked) *Standing {
	x := &d.decision
	c, a := &x.Context, &x.Answer
	s := &Standing{
		At:       install.Position{Stream: text(x.Trigger.Stream, maxText), Sequence: x.Trigger.Sequence, Record: x.Trigger.Record},
		Decision: text(x.ID, maxName),
		Cause:    policy.Cause(text(string(x.Trigger.Cause), maxName)),
		Grade:    Grade{a.Disposition, a.Severity},
		Time:     millis(c.Event.Time),
		Title:    text(title(d), maxText),
		What:     text(WhatHappened(d), maxText),
		Why:      text(Why(d), maxDesc),
		Subject:  text(subjectOf(c), maxText),
		Package:  text(packageIdentity(c), maxText),
		Child:    text(childIdentity(c), maxText),
		Group:    groupID(x),
		Channel:  text(c.Event.Channel, maxText),
		Provider: text(c.Event.Provider, maxText),
		Source:   text(dataSource(c), maxText),
		Signals:  keptSignals(a.Signals),
		Missing:  names(a.Missing),
		Mangled:  names(c.Event.Mangled),
		Masked:   names(d.Facts),
		Fault:    text(x.Fault, maxText),
	}
	if processKey(&c.Root) != "" {
		s.Root = text(actor(&c.Root), maxText)
	}
	if a.Approval != nil {
		s.Approval = &policy.Approval{
			Entry: text(a.Approval.Entry, maxText), Owner: text(a.Approval.Owner, maxText), Ticket: text(a.Approval.Ticket, maxText),
			Matched: listOf(a.Approval.Matched),
		}
	}
	if b := a.Baseline; b != nil {
		s.Baseline = &policy.Prevalence{
			Package: text(b.Package, maxText), Child: text(b.Child, maxName), Hosts: b.Hosts,
			FirstSeen: writable(b.FirstSeen), LastSeen: writable(b.LastSeen),
		}
	}
	for i := range a.NearMisses[:min(len(a.NearMisses), maxEventNearMiss)] {
		n := &a.NearMisses[i]
		s.NearMisses = append(s.NearMisses, policy.NearMiss{Entry: text(n.Entry, maxText), Matched: listOf(n.Matched), Failed: listOf(n.Failed)})
	}
	for _, p := range a.Pending[:min(len(a.Pending), maxEventPending)] {
		s.Pending = append(s.Pending, policy.Pending{Fact: text(p.Fact, maxName), Due: writable(p.Due)})
	}
	for _, stamp := range x.Bundles[:min(len(x.Bundles), maxNames)] {
		s.Bundles = append(s.Bundles, policy.BundleStamp{Name: text(stamp.Name, maxName), Revision: text(stamp.Revision, maxName), Serial: stamp.Serial})
	}
	return s
}

// keptSignals cuts the evidence of signals to size.
func keptSignals(signals []policy.Signal) []policy.Signal {
	if len(signals) == 0 {
		return nil
	}
	kept := make([]policy.Signal, 0, min(len(signals), maxEventSignals))
	room := maxSignalEvidence
	for i := range signals[:min(len(signals), maxEventSignals)] {
		from := &signals[i]
		s := policy.Signal{
			ID: text(from.ID, maxName), Severity: from.Severity, Title: text(from.Title, maxText),
			Evidence: make(map[string]string, len(from.Evidence)),
		}
		facts := sortedKeys(from.Evidence)
		for _, fact := range facts[:min(len(facts), maxFactsOfSignal)] {
			limit := maxText
			if room <= 0 {
				limit = maxName
			}
			value := text(from.Evidence[fact], limit)
			s.Evidence[text(fact, maxName)] = value
			room -= len(value)
		}
		kept = append(kept, s)
	}
	return kept
}

// text is what is kept of a string: cut to about limit bytes, UTF-8, and no
// part of a message that would be kept whole for it.
func text(s string, limit int) string {
	return strings.Clone(strings.ToValidUTF8(clip(s, limit), "\ufffd"))
}

// listOf keeps a list of fact names in its order; it is never nil.
func listOf(words []string) []string {
	kept := make([]string, min(len(words), maxNames))
	for i := range kept {
		kept[i] = text(words[i], maxName)
	}
	return kept
}

// names keeps names sorted, once each; nil where there are none.
func names(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	kept := listOf(words)
	slices.Sort(kept)
	return slices.Compact(kept)
}

// writable is a time as it can be written down: UTC, in the years that JSON knows.
func writable(t time.Time) time.Time {
	t = t.UTC().Round(0)
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	return t
}

// order is that of events within a finding: by the host's clock, then as they
// came. It does not depend on when each was decided.
func (s *Standing) order(other *Standing) int {
	return compareEvents(s.Time, s.At, other.Time, other.At)
}

// encode renders what cannot fail to be rendered.
func encode(value any) []byte {
	raw, err := json.Marshal(value, jsonOptions)
	if err != nil {
		// Only a type that JSON cannot hold gets here, and there is none.
		return []byte(`{}`)
	}
	return raw
}
