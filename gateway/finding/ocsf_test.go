package finding

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/policy"
)

var trace = TraceRef{TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7"}

func newFindings() *Findings { return NewFindings(Limits{}, "0.0.0-test") }

// documents are the findings that users see, by golden file.
func documents() map[string][]Update {
	fold := func(decisions ...policy.Decision) []Update {
		f := newFindings()
		var last []Update
		for _, d := range decisions {
			last = f.Apply(plain(d), trace)
		}
		return last
	}
	return map[string][]Update{
		"alert":       fold(shellChild()),
		"approved":    fold(approvedChild()),
		"review":      fold(reviewChild()),
		"moved":       fold(approvedChild(), reviewChild(), shellChild()),
		"module":      fold(moduleLoad()),
		"install":     fold(installRecord()),
		"quarantined": fold(quarantined()),
	}
}

func TestFindingsReadAsTheGoldenDocuments(t *testing.T) {
	for name, updates := range documents() {
		for _, u := range updates {
			file := name
			if u.Activity == Close {
				file += ".close"
			}
			golden(t, file+".golden.json", pretty(t, u.Document))
		}
	}
}

func TestGoldenDocumentsAreValidOCSF(t *testing.T) {
	schema := needSchema(t)
	for name, updates := range documents() {
		for _, u := range updates {
			if err := invalid(schema, u.Document); err != nil {
				t.Errorf("%s (%s): %v", name, u.Activity, err)
			}
		}
	}
}

func TestEveryKindOfEventGivesAValidDocument(t *testing.T) {
	schema := needSchema(t)
	for _, d := range otherKinds() {
		for _, u := range newFindings().Apply(plain(d), TraceRef{}) {
			if err := invalid(schema, u.Document); err != nil {
				t.Errorf("%s: %v", d.ID, err)
			}
		}
	}
}

func TestDocumentsAreValidWhateverTheDecisionsHold(t *testing.T) {
	schema := needSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFindings()
		for i := range rapid.IntRange(1, 6).Draw(t, "decisions") {
			d := drawDecision(t, i)
			for _, u := range f.Apply(plain(d), trace) {
				if err := invalid(schema, u.Document); err != nil {
					t.Fatalf("%v\n%s", err, u.Document)
				}
			}
		}
	})
}

func TestADocumentCitesAN0940AndNoTechniqueOrActor(t *testing.T) {
	for name, updates := range documents() {
		for _, u := range updates {
			doc := string(u.Document)
			if !strings.Contains(doc, `"uid":"AN0940"`) {
				t.Errorf("%s does not cite AN0940", name)
			}
			for _, never := range []string{`"attacks"`, `"technique"`, `"tactic"`, `"threat_actor"`, `"campaign"`, `"malware"`, `T1218`} {
				if strings.Contains(doc, never) {
					t.Errorf("%s infers %s", name, never)
				}
			}
		}
	}
}

// What a finding refers to is there, under a heading of that name.
func TestAFindingRefersToTheProcedureThatIsThere(t *testing.T) {
	page, anchor, _ := strings.Cut(procedure, "#")
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	headed := false
	for line := range strings.Lines(string(text)) {
		heading, is := strings.CutPrefix(strings.TrimSpace(line), "## ")
		headed = headed || is && strings.ReplaceAll(strings.ToLower(heading), " ", "-") == anchor
	}
	if !headed {
		t.Errorf("%s has no heading for #%s", page, anchor)
	}
	for disposition, want := range map[policy.Disposition]bool{policy.Alert: true, policy.Review: true, policy.Approved: false} {
		if r := remediation(disposition); (r != nil && slices.Contains(r.References, procedure)) != want {
			t.Errorf("a finding that is %s has the remediation %+v", disposition, r)
		}
	}
}

func TestEvidenceKeepsTheSensorsCase(t *testing.T) {
	doc := string(newFindings().Apply(plain(shellChild()), trace)[0].Document)
	for _, want := range []string{`-NoProfile -Command`, `MsiExec.exe -Embedding 5A0C1B2D`, `"domain":"NT AUTHORITY"`, `Invoice Viewer.msi`} {
		if !strings.Contains(doc, want) {
			t.Errorf("%q is not in the document", want)
		}
	}
}

func TestAHugeTreeStaysBelowTheBoundAndSaysSo(t *testing.T) {
	f := newFindings()
	var last Update
	for i := range 40 {
		d := shellChild()
		d.ID = fmt.Sprintf("%064x", i)
		d.Trigger.Sequence += uint64(i)
		long := strings.Repeat("\u00e4\x01\"", 20_000)
		d.Context.Process.CommandLine = long
		d.Context.Parent.CommandLine = long
		for range 12 {
			d.Context.Lineage = append(d.Context.Lineage, d.Context.Parent)
		}
		last = f.Apply(plain(d), trace)[0]
	}
	if len(last.Document) > MaxDocument {
		t.Errorf("the document has %d bytes, the bound is %d", len(last.Document), MaxDocument)
	}
	if !strings.Contains(string(last.Document), `"is_truncated":true`) {
		t.Error("evidence was left out and is_truncated does not say so")
	}
	if !strings.Contains(string(last.Document), `"evidence_count":40`) {
		t.Error("evidence_count does not count what was left out")
	}
	if schema := ocsfSchema(t); schema != nil {
		if err := invalid(schema, last.Document); err != nil {
			t.Error(err)
		}
	}
}

// drawDecision makes a Decision of any kind with any text in it.
func drawDecision(t *rapid.T, i int) policy.Decision {
	all := append(otherKinds(), shellChild(), approvedChild(), reviewChild(), expectedChild(), moduleLoad(), installRecord(), quarantined())
	d := rapid.SampledFrom(all).Draw(t, "decision")
	d.ID = fmt.Sprintf("d%d", i)
	d.Context = cloneContext(d.Context)
	text := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.Just(`C:\`), rapid.StringN(1, 60, 400))
	eachText(&d.Context, func(_, _ string, s *string) {
		if rapid.IntRange(0, 3).Draw(t, "change") == 0 {
			*s = text.Draw(t, "text")
		}
	})
	d.Context.Process.PID = uint32(rapid.IntRange(0, 3).Draw(t, "pid"))
	if rapid.Bool().Draw(t, "without guid") {
		d.Context.Process.GUID, d.Context.Parent.GUID, d.Context.Root.GUID = "", "", ""
		d.Context.Parent.PID = uint32(rapid.IntRange(0, 1).Draw(t, "parent pid"))
	}
	d.Answer.Disposition = rapid.SampledFrom([]policy.Disposition{policy.Expected, policy.Approved, policy.Review, policy.Alert}).Draw(t, "disposition")
	d.Answer.Severity = rapid.SampledFrom([]policy.Severity{policy.Informational, policy.Low, policy.Medium, policy.High, policy.Critical}).Draw(t, "severity")
	if rapid.Bool().Draw(t, "without times") {
		d.Now = time.Time{}
	}
	if rapid.Bool().Draw(t, "nothing beside") {
		d.Answer.Signals, d.Answer.NearMisses, d.Answer.Pending, d.Answer.Missing, d.Bundles = nil, nil, nil, nil, nil
	}
	return d
}
