package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// StoryDecision is one line of a story's decisions.golden: what a person who
// reviews a change of the policy needs to see of one decision.
type StoryDecision struct {
	Line        int                `json:"line"` // of events.jsonl
	Record      int                `json:"record"`
	Host        string             `json:"host"`
	Time        time.Time          `json:"time"`
	Kind        string             `json:"kind"`
	Cause       policy.Cause       `json:"cause,omitempty"`   // where it is not the event itself
	Package     string             `json:"package,omitempty"` // of the install it belongs to
	What        string             `json:"what"`
	Disposition policy.Disposition `json:"disposition"`
	Severity    policy.Severity    `json:"severity"`
	Why         string             `json:"why"`
	Signals     []policy.Signal    `json:"signals"`
	Approval    *policy.Approval   `json:"approval,omitempty"`
	NearMisses  []policy.NearMiss  `json:"near_misses,omitempty"`
	Pending     []policy.Pending   `json:"pending,omitempty"`
	Missing     []string           `json:"missing,omitempty"`
	Finding     string             `json:"finding,omitempty"` // uid
	Told        []string           `json:"told,omitempty"`    // what that did to findings
	Quarantine  string             `json:"quarantine,omitempty"`
}

// StoryLife is one line of a story's findings.golden: what became of a finding,
// and what made it so. A finding's lines stand together, in the order in which
// it lived.
type StoryLife struct {
	Finding  string             `json:"finding"` // uid
	Host     string             `json:"host"`
	Revision int                `json:"revision"`
	Time     time.Time          `json:"time"` // now of what made it
	By       string             `json:"by"`   // the decided event's line and record, and the cause
	Did      string             `json:"did"`
	Queue    policy.Disposition `json:"queue"`
	From     policy.Disposition `json:"from,omitempty"`
	To       policy.Disposition `json:"to,omitempty"`
	Severity policy.Severity    `json:"severity"`
	Title    string             `json:"title"`
	Detail   string             `json:"status_detail,omitempty"`
	Settled  bool               `json:"settled,omitempty"`
}

// StoryDecisions are the decisions among the steps of a story, in order.
func StoryDecisions(steps []Step) []StoryDecision {
	var all []StoryDecision
	for _, step := range steps {
		if step.Told != nil {
			all = append(all, newStoryDecision(step))
		}
	}
	return all
}

func newStoryDecision(step Step) StoryDecision {
	d := step.Told.Decision()
	s := StoryDecision{
		Line: int(d.Trigger.Sequence), Record: d.Trigger.Record, Host: d.Context.Event.Host, Time: d.Context.Event.Time, Kind: string(d.Context.Event.Kind),
		What: finding.WhatHappened(step.Told), Disposition: d.Answer.Disposition, Severity: d.Answer.Severity, Why: finding.Why(step.Told),
		Signals: d.Answer.Signals, Approval: d.Answer.Approval, NearMisses: d.Answer.NearMisses, Pending: d.Answer.Pending, Missing: d.Answer.Missing,
	}
	if d.Trigger.Cause != policy.CauseEvent {
		s.Cause = d.Trigger.Cause
	}
	if session := d.Context.Session; session != nil && session.Package != nil {
		s.Package = session.Package.Name
	}
	if d.Answer.Disposition != policy.Expected {
		s.Finding = finding.UID(step.Told)
	}
	for _, u := range step.Updates {
		s.Told = append(s.Told, fmt.Sprintf("%s on %s", u.Activity, u.Disposition))
	}
	if step.Fault != nil {
		s.Quarantine = string(step.Fault.Reason)
	}
	return s
}

// StoryLives are the findings of a story, told from beginning to end.
func StoryLives(steps []Step) ([]StoryLife, error) {
	var uids []string
	byUID := map[string][]StoryLife{}
	for _, step := range steps {
		by := string(step.Cause)
		if step.At.Sequence != 0 {
			by = fmt.Sprintf("%d.%d %s", step.At.Sequence, step.At.Record, step.Cause)
		}
		for i := range step.Updates {
			life, err := newStoryLife(&step.Updates[i], by)
			if err != nil {
				return nil, err
			}
			if byUID[life.Finding] == nil {
				uids = append(uids, life.Finding)
			}
			byUID[life.Finding] = append(byUID[life.Finding], life)
		}
	}
	var all []StoryLife
	for _, uid := range uids {
		all = append(all, byUID[uid]...)
	}
	return all, nil
}

func newStoryLife(u *finding.Update, by string) (StoryLife, error) {
	var document struct {
		StatusDetail string `json:"status_detail"`
		Info         struct {
			Title    string `json:"title"`
			Modified int64  `json:"modified_time"` // ms since 1970
		} `json:"finding_info"`
	}
	if err := json.Unmarshal(u.Document, &document); err != nil {
		return StoryLife{}, fmt.Errorf("read finding %s, revision %d: %w", u.UID, u.Revision, err)
	}
	return StoryLife{
		Finding: u.UID, Host: u.Host, Revision: u.Revision, Time: time.UnixMilli(document.Info.Modified).UTC(), By: by, Did: u.Activity.String(),
		Queue: u.Disposition, From: u.Previous, To: u.MovedTo, Severity: u.Severity, Title: document.Info.Title,
		Detail: document.StatusDetail, Settled: u.Settled,
	}, nil
}

// GoldenLines are values as a golden file has them: one JSON object a line.
func GoldenLines[T StoryDecision | StoryLife](all []T) ([]byte, error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, one := range all {
		if err := encoder.Encode(one); err != nil {
			return nil, fmt.Errorf("write a line of a golden file: %w", err)
		}
	}
	return lines.Bytes(), nil
}
