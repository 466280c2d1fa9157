package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/install"
)

func TestTheSessionIsInTheInputWithWhatItRestsOn(t *testing.T) {
	c := shellBelowServer()
	c.Session = wholeSession(c)
	raw := inputJSON(inputValue(facts(c)))
	var input struct {
		Session struct {
			ID, Via, Attribution string
			Package              struct{ Name, File string }
			Client               struct {
				Msiexec struct{ Properties map[string]string }
			}
			Launcher        []struct{ Name string }
			Begin, End      int64
			Products        []struct{ Name, Status string }
			PackageFile     struct{ SHA256 string } `json:"package_file"`
			Claimed, Doubts []string
			Ambiguous       bool
			Candidates      []map[string]any
		}
	}
	if err := json.Unmarshal(raw, &input); err != nil {
		t.Fatal(err)
	}
	s := input.Session
	if s.ID != "5e55" || s.Via != "msiexec" || s.Attribution != "transaction" || s.Package.Name != `c:\pkg\a.msi` || s.Package.File != "a.msi" ||
		s.Client.Msiexec.Properties["target"] != `c:\x` || len(s.Launcher) != 1 || s.Begin != c.Event.Time.UnixNano() || s.End <= s.Begin ||
		s.Products[0].Name != "p" || s.PackageFile.SHA256 != "c" || !slices.Equal(s.Claimed, []string{"products"}) || !s.Ambiguous || len(s.Doubts) != 2 {
		t.Errorf("%+v", s)
	}
	if len(s.Candidates) != 2 || s.Candidates[0]["id"] != "5e55" || s.Candidates[0]["candidates"] != nil || s.Candidates[1]["ambiguous"] != false {
		t.Errorf("candidates %v", s.Candidates)
	}
	if text := string(raw); strings.Contains(text, "A.msi") || strings.Contains(text, "Alice") {
		t.Error("the policy sees upper case")
	}
	c.Session = nil
	if strings.Contains(string(inputJSON(inputValue(facts(c)))), `"session"`) {
		t.Error("there is a session where there is none")
	}
}

// BenchmarkSessionInput is what a session adds to an evaluation's input.
func BenchmarkSessionInput(b *testing.B) {
	c := shellBelowServer()
	s := wholeSession(c)
	s.Candidates = nil
	for name, session := range map[string]*install.Session{"without": nil, "with": s} {
		b.Run(name, func(b *testing.B) {
			c.Session = session
			f := facts(c)
			b.ReportAllocs()
			for b.Loop() {
				inputValue(f)
			}
		})
	}
}
