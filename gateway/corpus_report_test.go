package gateway

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// measuredPage carries the report between its two marks; -update writes it anew.
const (
	measuredPage  = "../docs/measured.md"
	measuredBegin = "<!-- report: go test ./gateway -run Corpus -update -->\n"
	measuredEnd   = "<!-- end of report -->\n"
)

// mostReviewed is the share of benign lines that may be reviewed.
const mostReviewed = 0.15

// corpusReport is what the shipped bundles make of the labelled corpus: figures
// and the names of signals and Windows' own tools, nothing else of it.
type corpusReport struct {
	lines    map[string]map[policy.Disposition]int // label → disposition; "" is not decided
	children []corpusChild                         // benign lines whose parent is msiexec
	installs map[string]bool                       // benign installs
	findings map[string]policy.Disposition         // findings on benign lines, by their worst
}

// corpusChild is one benign line that msiexec started.
type corpusChild struct {
	program     string
	disposition policy.Disposition
	severity    policy.Severity
	signals     string
}

// newCorpusReport takes each event's last Decision.
func newCorpusReport(labels map[string]label, last map[string]Evaluated) corpusReport {
	r := corpusReport{
		lines: map[string]map[policy.Disposition]int{}, installs: map[string]bool{}, findings: map[string]policy.Disposition{},
	}
	for at, l := range labels {
		kind := strings.TrimSpace(l.Label + " " + l.Strength)
		if r.lines[kind] == nil {
			r.lines[kind] = map[policy.Disposition]int{}
		}
		one, decided := last[at]
		if !decided {
			r.lines[kind][""]++
			continue
		}
		d := one.Decision.Decision()
		r.lines[kind][d.Answer.Disposition]++
		if l.Label == "benign" {
			r.benign(one, d)
		}
	}
	slices.SortFunc(r.children, func(a, b corpusChild) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return r
}

// benign counts a benign line's install and finding, and the line itself where
// msiexec started something that is not msiexec.
func (r *corpusReport) benign(one Evaluated, d *policy.Decision) {
	c, answer := d.Context, d.Answer
	switch host := c.Event.Host; {
	case c.Session != nil && c.Session.Inventory:
	case c.Session != nil && c.Session.ID != "":
		r.installs[host+" "+c.Session.ID] = true
	case c.Root.GUID != "":
		r.installs[host+" "+c.Root.GUID] = true
	}
	if answer.Disposition != policy.Expected {
		uid := finding.UID(one.Decision)
		if !r.findings[uid].AtLeast(answer.Disposition) {
			r.findings[uid] = answer.Disposition
		}
	}
	parent, image := event.LowerASCII(event.Base(c.Event.Parent.Image)), event.LowerASCII(event.Base(c.Process.Image))
	if c.Event.Kind != event.KindProcessStart || parent != "msiexec.exe" || image == "msiexec.exe" {
		return
	}
	child := corpusChild{program: "a program of the product's, under Program Files", disposition: answer.Disposition, severity: answer.Severity}
	if strings.HasPrefix(event.LowerASCII(c.Process.Image), `c:\windows\`) {
		child.program = image
	}
	var ids []string
	for _, s := range answer.Signals {
		ids = append(ids, "`"+s.ID+"`")
	}
	slices.Sort(ids)
	child.signals = strings.Join(ids, ", ")
	r.children = append(r.children, child)
}

// String is the report as docs/measured.md has it.
func (r corpusReport) String() string {
	var b strings.Builder
	dispositions := []policy.Disposition{policy.Alert, policy.Review, policy.Approved, policy.Expected, ""}
	b.WriteString("| label | lines | alert | review | approved | expected | not decided |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, kind := range slices.Sorted(maps.Keys(r.lines)) {
		total := 0
		for _, n := range r.lines[kind] {
			total += n
		}
		fmt.Fprintf(&b, "| %s | %d |", kind, total)
		for _, d := range dispositions {
			fmt.Fprintf(&b, " %d |", r.lines[kind][d])
		}
		b.WriteString("\n")
	}
	counts := map[policy.Disposition]int{}
	for _, d := range r.findings {
		counts[d]++
	}
	b.WriteString("\n| benign installs | findings | per 1,000 installs |\n| --- | --- | --- |\n")
	for _, d := range []policy.Disposition{policy.Alert, policy.Review, policy.Approved} {
		fmt.Fprintf(&b, "| %d | %d %s | %d |\n", len(r.installs), counts[d], d, (counts[d]*1000+len(r.installs)/2)/max(len(r.installs), 1))
	}
	b.WriteString("\n| benign child of msiexec | lines | answer | signal |\n| --- | --- | --- | --- |\n")
	for i := 0; i < len(r.children); {
		n := i
		for n < len(r.children) && r.children[n] == r.children[i] {
			n++
		}
		c := r.children[i]
		fmt.Fprintf(&b, "| %s | %d | %s, %s | %s |\n", c.program, n-i, c.disposition, c.severity, c.signals)
		i = n
	}
	return b.String()
}

// What the project promises of a real corpus, and what docs/measured.md says.
func TestCorpusReportHoldsAndIsWhatThePageSays(t *testing.T) {
	labels := readLabels(t)
	all, _ := decided(t, corpus(t, "labelled"))
	last := map[string]Evaluated{}
	for _, one := range all {
		last[place(one.Source, one.Line)] = one
	}
	r := newCorpusReport(labels, last)
	t.Log("\n" + r.String())

	benign, reviewed := 0, r.lines["benign"][policy.Review]
	for _, n := range r.lines["benign"] {
		benign += n
	}
	if alerts := r.lines["benign"][policy.Alert]; benign == 0 || alerts > 0 {
		t.Errorf("%d of %d benign lines are alerts", alerts, benign)
	}
	if share := float64(reviewed) / float64(max(benign, 1)); share > mostReviewed {
		t.Errorf("%d of %d benign lines are reviews, more than %.0f %%", reviewed, benign, 100*mostReviewed)
	}
	if len(r.children) != 11 {
		t.Errorf("%d benign lines are children of msiexec, not 11: the report leaves some out", len(r.children))
	}
	if len(r.installs) == 0 || len(r.findings) == 0 {
		t.Error("no benign install or no finding was counted")
	}
	checkMeasured(t, r.String())
}

// checkMeasured compares the page's report with the one that was made now.
func checkMeasured(t *testing.T, report string) {
	t.Helper()
	page, err := os.ReadFile(filepath.FromSlash(measuredPage))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), measuredBegin)
	was, after, ends := strings.Cut(rest, measuredEnd)
	if !begins || !ends {
		t.Fatalf("%s has not the two marks that the report stands between", measuredPage)
	}
	if was == report {
		return
	}
	if !*update {
		t.Errorf("%s is not what was measured; look at git diff after: go test ./gateway -run Corpus -update", measuredPage)
		return
	}
	if err := os.WriteFile(measuredPage, []byte(before+measuredBegin+report+measuredEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
