package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// lifeLine is one line of findings.golden: what became of a finding, and what
// made it so. A finding's lines stand together, in the order in which it lived.
type lifeLine struct {
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

// lives are the findings of a story, told from beginning to end.
func lives(t testing.TB, p *Policy, name string) []lifeLine {
	t.Helper()
	var uids []string
	byUID := map[string][]lifeLine{}
	for _, step := range toldBy(t, p, storyMessages(t, name)) {
		by := string(step.Cause)
		if step.At.Sequence != 0 {
			by = fmt.Sprintf("%d.%d %s", step.At.Sequence, step.At.Record, step.Cause)
		}
		for i := range step.Updates {
			u := &step.Updates[i]
			var document struct {
				StatusDetail string `json:"status_detail"`
				Info         struct {
					Title    string `json:"title"`
					Modified int64  `json:"modified_time"` // ms since 1970
				} `json:"finding_info"`
			}
			if err := json.Unmarshal(u.Document, &document); err != nil {
				t.Fatal(err)
			}
			if byUID[u.UID] == nil {
				uids = append(uids, u.UID)
			}
			byUID[u.UID] = append(byUID[u.UID], lifeLine{
				Finding: u.UID, Host: u.Host, Revision: u.Revision, Time: time.UnixMilli(document.Info.Modified).UTC(), By: by, Did: u.Activity.String(),
				Queue: u.Disposition, From: u.Previous, To: u.MovedTo, Severity: u.Severity, Title: document.Info.Title,
				Detail: document.StatusDetail, Settled: u.Settled,
			})
		}
	}
	var all []lifeLine
	for _, uid := range uids {
		all = append(all, byUID[uid]...)
	}
	return all
}

func TestStoriesFindingsLiveAsTheirGoldenFilesSay(t *testing.T) {
	p := builtIn(t)
	for _, name := range stories(t) {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			encoder := json.NewEncoder(&got)
			encoder.SetEscapeHTML(false)
			for _, line := range lives(t, p, name) {
				if err := encoder.Encode(line); err != nil {
					t.Fatal(err)
				}
			}
			checkGolden(t, filepath.Join(storyFolder, name, "findings.golden"), got.String())
		})
	}
}

// Each queue by itself is complete: what is created is closed or stands, and a
// finding stands on one queue at a time. All settle in the end.
func TestStoriesFindingsStandOnOneQueueAtATime(t *testing.T) {
	p := builtIn(t)
	for _, name := range stories(t) {
		open := map[string]policy.Disposition{} // by finding
		settled := map[string]bool{}
		revision := map[string]int{}
		for _, line := range lives(t, p, name) {
			where := fmt.Sprintf("%s: finding %s, revision %d (%s)", name, line.Finding, line.Revision, line.By)
			if line.Revision < revision[line.Finding] {
				t.Errorf("%s comes after revision %d", where, revision[line.Finding])
			}
			revision[line.Finding] = line.Revision
			if settled[line.Finding] {
				t.Errorf("%s: it had settled", where)
			}
			stands := open[line.Finding]
			switch line.Did {
			case finding.Create.String():
				if stands != "" {
					t.Errorf("%s: created on %s while it stands on %s", where, line.Queue, stands)
				}
				open[line.Finding] = line.Queue
			case finding.Change.String():
				if stands != line.Queue {
					t.Errorf("%s: updated on %s while it stands on %q", where, line.Queue, stands)
				}
			case finding.Close.String():
				if stands != line.Queue {
					t.Errorf("%s: closed on %s while it stands on %q", where, line.Queue, stands)
				}
				delete(open, line.Finding)
			}
			settled[line.Finding] = line.Settled
		}
		for uid, queue := range open {
			if !settled[uid] {
				t.Errorf("%s: finding %s stands on %s and has not settled", name, uid, queue)
			}
		}
		if len(revision) == 0 {
			t.Errorf("%s has no finding", name)
		}
	}
}
