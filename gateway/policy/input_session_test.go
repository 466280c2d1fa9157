package policy

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

func TestTheSessionIsInTheInputWithWhatItRestsOn(t *testing.T) {
	c := shellBelowServer()
	c.Session = wholeSession(c)
	raw := inputJSON(inputValue(facts(c), newSessionTerms()))
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
	if strings.Contains(string(inputJSON(inputValue(facts(c), newSessionTerms()))), `"session"`) {
		t.Error("there is a session where there is none")
	}
}

func TestTheTermOfASessionIsMadeOnceAndNeverThatOfAnother(t *testing.T) {
	c := shellBelowServer()
	terms := newSessionTerms()
	var sessions []*install.Session
	for i := range 3 * sessionSlots { // some share a slot
		s := wholeSession(c)
		s.ID = strconv.Itoa(i)
		sessions = append(sessions, s)
	}
	for range 2 {
		for _, s := range sessions {
			made := terms.term(s)
			if got := made.Get(ast.StringTerm("id")).String(); got != strconv.Quote(s.ID) {
				t.Fatalf("session %s has the term of %s", s.ID, got)
			}
			if terms.term(s) != made {
				t.Fatalf("session %s was made twice", s.ID)
			}
		}
	}
}

func TestProcessesThatDifferInAnythingAreDifferentTerms(t *testing.T) {
	var processes processTerms
	p := shellBelowServer().Process
	made := processes.term(&p)
	same := p
	if processes.term(&same) != made {
		t.Error("the same process was made twice")
	}
	for name, change := range map[string]func(*install.Process){
		"role":     func(p *install.Process) { p.Role = install.RoleWrapper },
		"image":    func(p *install.Process) { p.Image = `C:\x.exe` },
		"signer":   func(p *install.Process) { p.Signature = event.Signature{Known: true} },
		"written":  func(p *install.Process) { p.Written = &install.Written{} },
		"msiexec":  func(p *install.Process) { p.Msiexec = &install.CommandLine{} },
		"guid":     func(p *install.Process) { p.GUID = "c1" },
		"pid":      func(p *install.Process) { p.PID++ },
		"sequence": func(p *install.Process) { p.Sequence++ },
	} {
		other := p
		change(&other)
		if processes.term(&other) == made {
			t.Errorf("another %s is taken for the same process", name)
		}
	}
	if processes.term(&install.Process{}) != nil {
		t.Error("there is a term for nobody")
	}
}

// BenchmarkSessionInput is what a session adds to an evaluation's input: the
// first time, and for the other events that share it.
func BenchmarkSessionInput(b *testing.B) {
	c := shellBelowServer()
	s := wholeSession(c)
	s.Candidates = nil
	terms := newSessionTerms()
	for _, test := range []struct {
		name    string
		session func() *install.Session
	}{
		{"without", func() *install.Session { return nil }},
		{"shared", func() *install.Session { return s }},
		{"new", func() *install.Session { fresh := *s; return &fresh }},
	} {
		b.Run(test.name, func(b *testing.B) {
			f := facts(c)
			b.ReportAllocs()
			for b.Loop() {
				c.Session = test.session()
				inputValue(f, terms)
			}
		})
	}
}
