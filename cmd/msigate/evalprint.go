package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"msigate/gateway"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// evalPrinter is one output format of eval.
type evalPrinter interface {
	decision(gateway.Evaluated) error
	end() error
}

func newEvalPrinter(output string, w io.Writer, colour bool) evalPrinter {
	buffered := bufio.NewWriter(w)
	switch output {
	case "jsonl":
		return &jsonlPrinter{w: buffered, encoder: json.NewEncoder(buffered)}
	case "ocsf":
		return &ocsfPrinter{w: buffered, documents: map[string][]byte{}}
	default:
		return &textPrinter{w: buffered, say: &speaker{w: buffered, colour: colour}}
	}
}

// decidedRow is eval's contract with scripts: one object a decided event.
type decidedRow struct {
	Source      string               `json:"source"` // the path as given
	Line        int                  `json:"line"`   // 1-based line or record number
	Record      int                  `json:"record"` // index inside it
	RecordID    uint64               `json:"record_id"`
	Host        string               `json:"host"`
	Time        time.Time            `json:"time"`
	Kind        string               `json:"kind"`
	Disposition policy.Disposition   `json:"disposition"`
	Severity    policy.Severity      `json:"severity"`
	Signals     []string             `json:"signals"`
	Finding     string               `json:"finding"` // uid
	Approval    *policy.Approval     `json:"approval"`
	NearMisses  []policy.NearMiss    `json:"near_misses"`
	Missing     []string             `json:"missing"`
	Fault       string               `json:"fault,omitempty"`
	DecisionID  string               `json:"decision_id"`
	Bundles     []policy.BundleStamp `json:"bundles"`
}

func rowOf(e gateway.Evaluated) decidedRow {
	d := e.Decision.Decision()
	row := decidedRow{
		Source:      e.Source,
		Line:        e.Line,
		Record:      d.Trigger.Record,
		RecordID:    d.Context.Event.RecordID,
		Host:        d.Context.Event.Host,
		Time:        d.Context.Event.Time,
		Kind:        string(d.Context.Event.Kind),
		Disposition: d.Answer.Disposition,
		Severity:    d.Answer.Severity,
		Signals:     make([]string, 0, len(d.Answer.Signals)),
		Finding:     finding.UID(e.Decision),
		Approval:    d.Answer.Approval,
		NearMisses:  d.Answer.NearMisses,
		Missing:     d.Answer.Missing,
		Fault:       d.Fault,
		DecisionID:  d.ID,
		Bundles:     d.Bundles,
	}
	for _, signal := range d.Answer.Signals {
		row.Signals = append(row.Signals, signal.ID)
	}
	return row
}

type jsonlPrinter struct {
	w       *bufio.Writer
	encoder *json.Encoder
}

func (p *jsonlPrinter) decision(e gateway.Evaluated) error { return p.encoder.Encode(rowOf(e)) }
func (p *jsonlPrinter) end() error                         { return p.w.Flush() }

// ocsfPrinter prints each finding once, as it stands at the end.
type ocsfPrinter struct {
	w         *bufio.Writer
	order     []string
	documents map[string][]byte
}

func (p *ocsfPrinter) decision(e gateway.Evaluated) error {
	for _, update := range e.Updates {
		if update.Activity == finding.Close {
			continue // it goes on under another disposition
		}
		if _, known := p.documents[update.UID]; !known {
			p.order = append(p.order, update.UID)
		}
		p.documents[update.UID] = update.Document
	}
	return nil
}

func (p *ocsfPrinter) end() error {
	for _, uid := range p.order {
		p.w.Write(p.documents[uid])
		p.w.WriteByte('\n')
	}
	return p.w.Flush()
}

// textPrinter is for people.
type textPrinter struct {
	w   *bufio.Writer
	say *speaker
}

func (p *textPrinter) decision(e gateway.Evaluated) error {
	d := e.Decision.Decision()
	fmt.Fprintf(p.w, "%s %s %s\n", p.say.disposition(d.Answer.Disposition), p.say.paint(bold, finding.Printable(d.Context.Event.Host)),
		p.say.paint(dim, fmt.Sprintf("%s  %s:%d", d.Context.Event.Time.UTC().Format("2006-01-02 15:04:05.000Z"), e.Source, e.Line)))
	if d.Answer.Disposition == policy.Expected {
		fmt.Fprintf(p.w, "         %s\n", finding.WhatHappened(e.Decision))
		return nil
	}
	for line := range strings.SplitSeq(finding.Explanation(e.Decision), "\n") {
		fmt.Fprintf(p.w, "         %s\n", line)
	}
	return nil
}

func (p *textPrinter) end() error { return p.w.Flush() }

// disposition is the word, padded and coloured.
func (s *speaker) disposition(d policy.Disposition) string {
	colours := map[policy.Disposition]colour{policy.Alert: red, policy.Review: yellow, policy.Approved: green, policy.Expected: dim}
	return s.paint(colours[d], pad(strings.ToUpper(string(d)), 8))
}
