package gateway

import (
	"fmt"
	"path/filepath"
	"testing"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// lives are the findings of a story, told from beginning to end.
func lives(t testing.TB, p *Policy, name string) []StoryLife {
	t.Helper()
	all, err := StoryLives(toldBy(t, p, storyMessages(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStoriesFindingsLiveAsTheirGoldenFilesSay(t *testing.T) {
	p := builtIn(t)
	for _, name := range stories(t) {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, filepath.Join(storyFolder, name, storyFindings), golden(t, lives(t, p, name)))
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
