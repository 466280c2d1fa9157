package main

import (
	"bufio"
	"encoding/json"
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

// newEvalPrinter prints to out; where flush is set, somebody waits for each
// decision. Findings are printed at the end in any case.
func newEvalPrinter(format string, out *output, flush bool) evalPrinter {
	buffered := bufio.NewWriter(out)
	switch format {
	case "jsonl":
		encoder := json.NewEncoder(buffered)
		encoder.SetEscapeHTML(false)
		return &jsonlPrinter{w: buffered, encoder: encoder, flush: flush}
	case "ocsf":
		return &ocsfPrinter{w: buffered, documents: map[string][]byte{}}
	default:
		return &textPrinter{w: buffered, say: &speaker{w: buffered, colour: out.colour}, flush: flush}
	}
}

// decidedRow is eval's contract with scripts: one object a decision. The last
// one about an event (source, line and record) counts.
type decidedRow struct {
	Source      string               `json:"source"` // the path as given
	Line        int                  `json:"line"`   // 1-based line or record number
	Record      int                  `json:"record"` // index inside it
	RecordID    uint64               `json:"record_id"`
	Host        string               `json:"host"`
	Time        *time.Time           `json:"time"` // by the host's clock; null where no record could be read
	Kind        string               `json:"kind"`
	Cause       policy.Cause         `json:"cause"`              // event; fact:<line>.<record> or due:<fact> of one that was decided before
	LateIn      string               `json:"late_in,omitempty"`  // of a fact: the path that its line is of
	Replaces    policy.Disposition   `json:"replaces,omitempty"` // what it was before
	Disposition policy.Disposition   `json:"disposition"`
	Severity    policy.Severity      `json:"severity"`
	Signals     []string             `json:"signals"`
	Finding     string               `json:"finding"`  // uid; "" for an expected one, which belongs to none
	Approval    *policy.Approval     `json:"approval"` // null where no entry explains it
	NearMisses  []policy.NearMiss    `json:"near_misses"`
	Baseline    *policy.Prevalence   `json:"baseline,omitempty"`
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
		Time:        known(d.Context.Event.Time),
		Kind:        string(d.Context.Event.Kind),
		Cause:       d.Trigger.Cause,
		LateIn:      e.LateIn,
		Replaces:    e.Replaces,
		Disposition: d.Answer.Disposition,
		Severity:    d.Answer.Severity,
		Signals:     make([]string, 0, len(d.Answer.Signals)),
		Approval:    d.Answer.Approval,
		NearMisses:  append([]policy.NearMiss{}, d.Answer.NearMisses...), // never null
		Baseline:    d.Answer.Baseline,
		Missing:     append([]string{}, d.Answer.Missing...),
		Fault:       d.Fault,
		DecisionID:  d.ID,
		Bundles:     d.Bundles,
	}
	if d.Answer.Disposition != policy.Expected {
		row.Finding = finding.UID(e.Decision)
	}
	for _, signal := range d.Answer.Signals {
		row.Signals = append(row.Signals, signal.ID)
	}
	return row
}

type jsonlPrinter struct {
	w       *bufio.Writer
	encoder *json.Encoder
	flush   bool
}

func (p *jsonlPrinter) decision(e gateway.Evaluated) error {
	if e.Decision == nil {
		return nil // a finding that settled
	}
	if err := p.encoder.Encode(rowOf(e)); err != nil || !p.flush {
		return err
	}
	return p.w.Flush()
}

func (p *jsonlPrinter) end() error { return p.w.Flush() }

// ocsfPrinter prints each finding once, as it stands at the end.
type ocsfPrinter struct {
	w         *bufio.Writer
	order     []string
	documents map[string][]byte
}

func (p *ocsfPrinter) decision(e gateway.Evaluated) error {
	for _, update := range e.Updates {
		if update.Activity == finding.Close && update.MovedTo != "" {
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

// known is nil for a time that is not.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
