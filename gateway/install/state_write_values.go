package install

import (
	"encoding/json"
	"maps"
	"slices"

	"msigate/gateway/event"
)

// rowOf is the place of a row in its table, into which it goes where it is new.
func rowOf[T comparable](rows *[]T, places *map[T]int, row T) int {
	if n := (*places)[row]; n != 0 {
		return n
	}
	if *places == nil {
		*places = map[T]int{}
	}
	*rows = append(*rows, row)
	(*places)[row] = len(*rows)
	return len(*rows)
}

// sameRow is rowOf for rows that cannot be compared: by their JSON.
func sameRow[T any](rows *[]T, places *map[string]int, row T) int {
	key, err := json.Marshal(row)
	if n := (*places)[string(key)]; n != 0 && err == nil {
		return n
	}
	if *places == nil {
		*places = map[string]int{}
	}
	*rows = append(*rows, row)
	(*places)[string(key)] = len(*rows)
	return len(*rows)
}

func (w *stateWriter) fact(p *event.Process) int {
	return rowOf(&w.s.Facts, &w.facts, factsState{
		GUID: w.text(p.GUID), PID: p.PID, Image: w.text(p.Image), CommandLine: w.text(p.CommandLine),
		CurrentDirectory: w.text(p.CurrentDirectory), User: w.text(p.User), LogonID: w.text(p.LogonID),
		IntegrityLevel: w.text(p.IntegrityLevel), OriginalFileName: w.text(p.OriginalFileName), Company: w.text(p.Company),
		Product: w.text(p.Product), Description: w.text(p.Description), FileVersion: w.text(p.FileVersion),
		Hashes: w.hashes(&p.Hashes), Signature: w.signature(&p.Signature),
	})
}

func (w *stateWriter) hashes(h *event.Hashes) hashesState {
	return hashesState{MD5: w.text(h.MD5), SHA1: w.text(h.SHA1), SHA256: w.text(h.SHA256), Imphash: w.text(h.Imphash)}
}

func (w *stateWriter) signature(s *event.Signature) signatureState {
	return signatureState{
		Known: s.Known, Signed: s.Signed, Subject: w.text(s.Subject), Status: w.text(s.Status), Issuer: w.text(s.Issuer), Thumbprint: w.text(s.Thumbprint),
	}
}

func (w *stateWriter) pkg(p *Package) *packageState {
	if p == nil {
		return nil
	}
	return &packageState{Kind: w.text(string(p.Kind)), Name: w.text(p.Name)}
}

func (w *stateWriter) pkgs(packages []Package) []packageState {
	var list []packageState
	for i := range packages {
		list = append(list, *w.pkg(&packages[i]))
	}
	return list
}

func (w *stateWriter) properties(properties map[string]string) [][2]int {
	var list [][2]int
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		list = append(list, [2]int{w.text(name), w.text(properties[name])})
	}
	return list
}

func (w *stateWriter) line(line *CommandLine) int {
	if line == nil {
		return 0
	}
	if n := w.lines[line]; n != 0 {
		return n
	}
	n := sameRow(&w.s.Lines, &w.sameLine, lineState{
		Verb: w.text(line.Verb), Package: w.pkg(line.Package), Patches: w.pkgs(line.Patches), Others: w.pkgs(line.Others),
		Properties: w.properties(line.Properties), Transforms: w.list(line.Transforms), Quiet: w.text(line.Quiet), Suffix: w.text(line.Suffix),
	})
	if w.lines == nil {
		w.lines = map[*CommandLine]int{}
	}
	w.lines[line] = n
	return n
}

// describe is the place of a process as it was told of.
func (w *stateWriter) describe(p *Process) int {
	if p == nil {
		return 0
	}
	row := describedState{Facts: w.fact(&p.Process), Role: w.text(string(p.Role)), Line: w.line(p.Msiexec), Sequence: p.Sequence}
	if p.Written != nil {
		row.Writer, row.Written = w.describe(&p.Written.By), stamp(p.Written.At)
	}
	return rowOf(&w.s.Described, &w.described, row)
}

func (w *stateWriter) product(p *Product) productState {
	return productState{
		Name: w.text(p.Name), Version: w.text(p.Version), Manufacturer: w.text(p.Manufacturer),
		Code: w.text(p.Code), Action: w.text(p.Action), Status: w.text(p.Status),
	}
}

func (w *stateWriter) session(v *Session) int {
	if v == nil {
		return 0
	}
	if n := w.sessions[v]; n != 0 {
		return n
	}
	row := sessionState{
		ID: w.text(v.ID), OpenedBy: w.text(string(v.OpenedBy)), Via: w.text(string(v.Via)), Verb: w.text(v.Verb),
		Properties: w.properties(v.Properties), Transforms: w.list(v.Transforms), Patches: w.pkgs(v.Patches), Quiet: w.text(v.Quiet),
		Package: w.pkg(v.Package), Named: w.pkgs(v.Named), Client: w.describe(v.Client), User: w.text(v.User),
		Begin: stamp(v.Begin), End: stamp(v.End), Outcome: w.text(string(v.Outcome)), Status: w.text(v.Status),
		MarkOfTheWeb: v.MarkOfTheWeb, Inventory: v.Inventory, Within: w.text(v.Within), Claimed: w.list(v.Claimed),
		Attribution: w.text(string(v.Attribution)), Ambiguous: v.Ambiguous, Doubts: w.list(v.Doubts),
	}
	for i := range v.Launcher {
		row.Launcher = append(row.Launcher, w.describe(&v.Launcher[i]))
	}
	for i := range v.Products {
		row.Products = append(row.Products, w.product(&v.Products[i]))
	}
	if f := v.PackageFile; f != nil {
		row.PackageFile = &packageFileState{Writer: w.describe(f.Writer), Written: stamp(f.Written), Hashes: w.hashes(&f.Hashes), Hashed: stamp(f.Hashed)}
	}
	for i := range v.Candidates {
		row.Candidates = append(row.Candidates, w.session(&v.Candidates[i]))
	}
	n := sameRow(&w.s.Sessions, &w.same, row)
	if w.sessions == nil {
		w.sessions = map[*Session]int{}
	}
	w.sessions[v] = n
	return n
}
