package install

import (
	"fmt"
	"strings"

	"msigate/gateway/event"
)

// stateReader reads a HostState. It remembers the first thing that cannot be,
// by the name that has in JSON, and reads nothing of what is named wrongly.
type stateReader struct {
	s         *HostState
	table     string // of which it reads a row
	row       int
	facts     []event.Process
	lines     []*CommandLine
	described []Process
	sessions  []*Session
	processes []*process
	err       error
}

func (r *stateReader) fail(field, format string, args ...any) {
	if r.err != nil {
		return
	}
	where := r.table
	if r.row >= 0 {
		where = fmt.Sprintf("%s[%d].%s", r.table, r.row, field)
	}
	r.err = fmt.Errorf("%s: %s", strings.TrimSuffix(where, "."), fmt.Sprintf(format, args...))
}

// at says which row is read from here on; -1 where the table has no fields.
func (r *stateReader) at(table string, row int) { r.table, r.row = table, row }

// known reports whether the n-th of a table's rows, of which there are count,
// can be named; 0 names none.
func (r *stateReader) known(field, table string, n, count int) bool {
	if n == 0 {
		return false
	}
	if n < 0 || n > count {
		r.fail(field, "%s %d is named, of which there are %d here", table, n, count)
		return false
	}
	return true
}

func (r *stateReader) text(field string, n int) string {
	if !r.known(field, "text", n, len(r.s.Texts)) {
		return ""
	}
	return r.s.Texts[n-1]
}

func (r *stateReader) list(field string, texts []int) []string {
	var list []string
	for _, n := range texts {
		list = append(list, r.text(field, n))
	}
	return list
}

// identity is that of a GUID as it is written down.
func (r *stateReader) identity(field string, n int) identity {
	guid := r.text(field, n)
	id := parseIdentity(guid)
	if id.String() != guid {
		r.fail(field, "%q is no GUID in lower case", clip(guid, 64))
	}
	return id
}

func (r *stateReader) process(field string, n int) *process {
	if !r.known(field, "process", n, len(r.processes)) {
		return nil
	}
	return r.processes[n-1]
}

func (r *stateReader) session(field string, n int) *Session {
	if !r.known(field, "session", n, len(r.sessions)) {
		return nil
	}
	return r.sessions[n-1]
}

func (r *stateReader) line(field string, n int) *CommandLine {
	if !r.known(field, "command line", n, len(r.lines)) {
		return nil
	}
	return r.lines[n-1]
}

func (r *stateReader) fact(field string, n int) event.Process {
	if !r.known(field, "facts", n, len(r.facts)) {
		return event.Process{}
	}
	return r.facts[n-1]
}

func (r *stateReader) describe(field string, n int) Process {
	if !r.known(field, "described process", n, len(r.described)) {
		return Process{}
	}
	return r.described[n-1]
}

func (r *stateReader) hashes(h *hashesState) event.Hashes {
	return event.Hashes{
		MD5: r.text("hashes", h.MD5), SHA1: r.text("hashes", h.SHA1), SHA256: r.text("hashes", h.SHA256), Imphash: r.text("hashes", h.Imphash),
	}
}

func (r *stateReader) signature(s *signatureState) event.Signature {
	return event.Signature{
		Known: s.Known, Signed: s.Signed, Subject: r.text("signature", s.Subject), Status: r.text("signature", s.Status),
		Issuer: r.text("signature", s.Issuer), Thumbprint: r.text("signature", s.Thumbprint),
	}
}

func (r *stateReader) pkg(field string, p *packageState) *Package {
	if p == nil {
		return nil
	}
	return &Package{Kind: PackageKind(r.text(field, p.Kind)), Name: r.text(field, p.Name)}
}

func (r *stateReader) pkgs(field string, packages []packageState) []Package {
	var list []Package
	for i := range packages {
		list = append(list, *r.pkg(field, &packages[i]))
	}
	return list
}

func (r *stateReader) properties(field string, list [][2]int) map[string]string {
	if len(list) == 0 {
		return nil
	}
	properties := make(map[string]string, len(list))
	for _, one := range list {
		name := r.text(field, one[0])
		if _, again := properties[name]; again {
			r.fail(field, "%q stands there twice", clip(name, 64))
		}
		properties[name] = r.text(field, one[1])
	}
	return properties
}

func (r *stateReader) product(p *productState) Product {
	return Product{
		Name: r.text("product", p.Name), Version: r.text("product", p.Version), Manufacturer: r.text("product", p.Manufacturer),
		Code: r.text("product", p.Code), Action: r.text("product", p.Action), Status: r.text("product", p.Status),
	}
}

// tables reads the values that others name; each names only what stands before it.
func (r *stateReader) tables() {
	r.facts = make([]event.Process, len(r.s.Facts))
	for n := range r.s.Facts {
		r.at("facts", n)
		f := &r.s.Facts[n]
		r.facts[n] = event.Process{
			GUID: r.text("guid", f.GUID), PID: f.PID, Image: r.text("image", f.Image), CommandLine: r.text("line", f.CommandLine),
			CurrentDirectory: r.text("folder", f.CurrentDirectory), User: r.text("user", f.User), LogonID: r.text("logon", f.LogonID),
			IntegrityLevel: r.text("integrity", f.IntegrityLevel), OriginalFileName: r.text("original", f.OriginalFileName),
			Company: r.text("company", f.Company), Product: r.text("product", f.Product), Description: r.text("description", f.Description),
			FileVersion: r.text("version", f.FileVersion), Hashes: r.hashes(&f.Hashes), Signature: r.signature(&f.Signature),
		}
	}
	for n := range r.s.Lines {
		r.at("lines", n)
		l := &r.s.Lines[n]
		r.lines = append(r.lines, &CommandLine{
			Verb: r.text("verb", l.Verb), Package: r.pkg("package", l.Package), Patches: r.pkgs("patches", l.Patches), Others: r.pkgs("others", l.Others),
			Properties: r.properties("properties", l.Properties), Transforms: r.list("transforms", l.Transforms),
			Quiet: r.text("quiet", l.Quiet), Suffix: r.text("suffix", l.Suffix),
		})
	}
	for n := range r.s.Described {
		r.at("described", n)
		d := &r.s.Described[n]
		one := Process{
			Process: r.fact("facts", d.Facts), Role: Role(r.text("role", d.Role)), Msiexec: r.line("line", d.Line), Sequence: d.Sequence,
		}
		if d.Writer != 0 {
			one.Written = r.written("writer", &writtenState{By: d.Writer, At: d.Written}, n)
		}
		r.described = append(r.described, one)
	}
	for n := range r.s.Sessions {
		r.at("sessions", n)
		r.sessions = append(r.sessions, r.sessionValue(&r.s.Sessions[n]))
	}
}

func (r *stateReader) sessionValue(row *sessionState) *Session {
	v := &Session{
		ID: r.text("id", row.ID), OpenedBy: Opener(r.text("opened_by", row.OpenedBy)), Via: Via(r.text("via", row.Via)), Verb: r.text("verb", row.Verb),
		Properties: r.properties("properties", row.Properties), Transforms: r.list("transforms", row.Transforms),
		Patches: r.pkgs("patches", row.Patches), Quiet: r.text("quiet", row.Quiet), Package: r.pkg("package", row.Package),
		Named: r.pkgs("named", row.Named), User: r.text("user", row.User), Begin: moment(row.Begin), End: moment(row.End),
		Outcome: Outcome(r.text("outcome", row.Outcome)), Status: r.text("status", row.Status),
		MarkOfTheWeb: row.MarkOfTheWeb, Inventory: row.Inventory, Within: r.text("within", row.Within), Claimed: r.list("claimed", row.Claimed),
		Attribution: Attribution(r.text("attribution", row.Attribution)), Ambiguous: row.Ambiguous, Doubts: r.list("doubts", row.Doubts),
	}
	if row.Client != 0 {
		client := r.describe("client", row.Client)
		v.Client = &client
	}
	for _, n := range row.Launcher {
		v.Launcher = append(v.Launcher, r.describe("launcher", n))
	}
	for i := range row.Products {
		v.Products = append(v.Products, r.product(&row.Products[i]))
	}
	if f := row.PackageFile; f != nil {
		v.PackageFile = &PackageFile{Written: moment(f.Written), Hashes: r.hashes(&f.Hashes), Hashed: moment(f.Hashed)}
		if f.Writer != 0 {
			writer := r.describe("package_file", f.Writer)
			v.PackageFile.Writer = &writer
		}
	}
	if len(row.Candidates) > MaxCandidates || len(row.Launcher) > MaxLineage || len(row.Products) > MaxProducts {
		r.fail("", "more than %d candidates, %d ancestors or %d products", MaxCandidates, MaxLineage, MaxProducts)
		return v
	}
	for _, n := range row.Candidates {
		candidate := r.session("candidates", n)
		switch {
		case candidate == nil:
			r.fail("candidates", "one is none")
		case len(candidate.Candidates) > 0:
			r.fail("candidates", "session %d has candidates of its own", n)
		default:
			v.Candidates = append(v.Candidates, *candidate)
		}
	}
	return v
}
