package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fillings are the scopes of all entries of the governance data as they are put
// into canaries: of each entry its whole scope, and the largest parts of it that
// must not suffice. Each value that an entry's tools, sources and signers have is
// in one of them. Entries that differ in nothing that a canary could show share
// theirs, and so do those that differ in names of one shape (see shapes). They
// are sorted by entry; before them stands a change window alone.
//
// What a tool, a source and a signer stand for is read from the index, because
// that is what the policy looks up, whatever the records say.
func (s *Snapshot) Fillings() []Filling {
	g := readGovernance(s.data["governance"])
	h := s.shapes()
	byKey, last := map[string]*Filling{}, map[string]string{}
	var order []string
	for _, whole := range []bool{false, true} { // a change window beside no entry hides nothing
		f := Filling{Count: 1, Kinds: []FactKind{FactChange}, Whole: whole, Now: s.created}
		f.key = f.Key()
		byKey[f.Key()] = &f
		order = append(order, f.Key())
	}
	for _, id := range slices.Sorted(maps.Keys(g.installers)) {
		for _, f := range g.fillings(id) {
			key := h.key(asObject(g.installers[id]), f)
			if last[key] == id {
				continue // two of its tools, say, have the same part without one
			}
			last[key] = id
			if known := byKey[key]; known != nil {
				known.Count++
				continue
			}
			f.Count, f.key = 1, key
			byKey[key] = &f
			order = append(order, key)
		}
	}
	all := make([]Filling, len(order))
	for i, key := range order {
		all[i] = *byKey[key]
	}
	return all
}

// governance is what of data.governance makes a scope.
type governance struct {
	installers map[string]any
	tools      map[string]record[string]
	sources    map[string]record[string]
	signers    map[string]record[SignerFact]
}

// record is a tool, a source or a signer: what it stands for, and when it counts.
type record[T any] struct {
	values           []T
	created, expires int64 // ns since 1970
}

func readGovernance(document any) governance {
	root := asObject(document)
	g := governance{
		installers: asObject(root["installers"]),
		tools:      map[string]record[string]{}, sources: map[string]record[string]{}, signers: map[string]record[SignerFact]{},
	}
	index := asObject(root["index"])
	paths := func(part, fact string, into map[string]record[string]) {
		byID := map[string][]string{}
		for value, ids := range asObject(asObject(index[part])[fact]) {
			for id := range asObject(ids) {
				byID[id] = append(byID[id], value)
			}
		}
		for id, entry := range asObject(root[part]) {
			slices.Sort(byID[id])
			created, expires := term(entry)
			into[id] = record[string]{byID[id], created, expires}
		}
	}
	paths("deployment_tools", "image", g.tools)
	paths("sources", "folder", g.sources)
	for id, entry := range asObject(root["signers"]) {
		created, expires := term(entry)
		g.signers[id] = record[SignerFact]{signerFacts(asObject(entry)), created, expires}
	}
	return g
}

// signerFacts are signatures that a record vouches for, each of its values in one.
func signerFacts(entry map[string]any) []SignerFact {
	subjects, issuers, thumbprints := members(entry["subjects"]), members(entry["issuers"]), members(entry["thumbprints"])
	facts := make([]SignerFact, max(len(subjects), len(issuers), len(thumbprints)))
	for i := range facts {
		facts[i] = SignerFact{turn(subjects, i), turn(issuers, i), turn(thumbprints, i)}
	}
	return facts
}

// standInPackage is put in where an entry names no file of its own.
const standInPackage = "orrery.msi"

// fillings are those of one entry.
func (g *governance) fillings(id string) []Filling {
	entry := asObject(g.installers[id])
	narrow := asObject(entry["narrow"])
	tools := resolve(members(entry["deployment_tools"]), g.tools)
	sources := resolve(members(entry["sources"]), g.sources)
	signers := resolve(members(entry["signers"]), g.signers)
	sha256, sha1, users := members(entry["sha256"]), members(entry["sha1"]), members(entry["users"])
	file := standInPackage
	for _, name := range members(narrow["file_names"]) {
		if strings.HasSuffix(name, ".msi") {
			file = name
			break
		}
	}
	whole := Filling{
		Entry: id, Whole: true, SHA256: turn(sha256, 0), SHA1: turn(sha1, 0), Groups: members(entry["host_groups"]),
		Company: turn(members(narrow["companies"]), 0), Product: turn(members(narrow["products"]), 0),
	}
	for kind, there := range map[FactKind]bool{
		FactSHA256: len(sha256) > 0, FactSHA1: len(sha1) > 0, FactSigner: len(signers) > 0, FactTool: len(tools) > 0, FactSource: len(sources) > 0,
		FactChange: entry["change_window"] != nil,
	} {
		if there {
			whole.Kinds = append(whole.Kinds, kind)
		}
	}
	slices.SortFunc(whole.Kinds, func(a, b FactKind) int { return slices.Index(factKinds, a) - slices.Index(factKinds, b) })
	created, expires := term(entry)
	var all []Filling
	for i := range max(len(tools), len(sources), len(signers), len(users), 1) {
		f, begins, ends := whole, created, expires
		counts := func(created, expires int64) { begins, ends = max(begins, created), min(ends, expires) }
		if len(tools) > 0 {
			one := tools[i%len(tools)]
			f.Tool = one.value
			counts(one.created, one.expires)
		}
		if len(sources) > 0 {
			one := sources[i%len(sources)]
			f.Package = below(one.value, file)
			counts(one.created, one.expires)
		}
		if len(signers) > 0 {
			one := signers[i%len(signers)]
			f.Signer = one.value
			counts(one.created, one.expires)
		}
		f.User = turn(users, i)
		if begins >= ends {
			continue // at no time does all of it count
		}
		f.Now = time.Unix(0, begins).UTC()
		all = append(all, f)
		all = append(all, f.parts()...)
	}
	return all
}

// parts are the largest parts of a whole scope that must not suffice: all strong
// facts without a situational one, and each situational fact without a strong one.
// A change window says when and not what, so it goes with each of them.
func (f Filling) parts() []Filling {
	var strong []FactKind
	var parts []Filling
	for _, kind := range f.Kinds {
		if slices.Contains(strongKinds, kind) {
			strong = append(strong, kind)
			continue
		}
		switch {
		case kind != FactChange && f.has(FactChange):
			parts = append(parts, f.only(kind, FactChange))
		case kind != FactChange, !f.has(FactTool) && !f.has(FactSource):
			parts = append(parts, f.only(kind))
		}
	}
	if len(strong) > 0 {
		parts = append(parts, f.only(strong...))
	}
	return parts
}

// only is the part of a scope that has these kinds of fact, so that entries
// which share that part share what is learnt from it.
func (f Filling) only(kinds ...FactKind) Filling {
	part := Filling{Entry: f.Entry, Kinds: kinds, Now: f.Now, Host: f.Host, User: f.User, Groups: f.Groups, Company: f.Company, Product: f.Product}
	for _, kind := range kinds {
		switch kind {
		case FactSHA256:
			part.SHA256 = f.SHA256
		case FactSHA1:
			part.SHA1 = f.SHA1
		case FactSigner:
			part.Signer = f.Signer
		case FactTool:
			part.Tool = f.Tool
		case FactSource:
			part.Package = f.Package
		}
	}
	return part
}

// valueOf is one value of a record that an entry names.
type valueOf[T any] struct {
	value            T
	created, expires int64
}

func resolve[T any](ids []string, records map[string]record[T]) []valueOf[T] {
	var all []valueOf[T]
	for _, id := range ids {
		r := records[id]
		for _, value := range r.values {
			all = append(all, valueOf[T]{value, r.created, r.expires})
		}
	}
	return all
}

// below is a file in a folder, on a share or on a web server.
func below(folder, file string) string {
	if strings.Contains(folder, "://") {
		return folder + "/" + file
	}
	return folder + `\` + file
}

func asObject(value any) map[string]any {
	members, _ := value.(map[string]any)
	return members
}

// members are those of a set, sorted.
func members(set any) []string { return slices.Sorted(maps.Keys(asObject(set))) }

// turn is value i of a list that is gone through again and again; "" of none.
func turn(list []string, i int) string {
	if len(list) == 0 {
		return ""
	}
	return list[i%len(list)]
}

// term is from when until when an entry counts, in ns since 1970.
func term(entry any) (created, expires int64) {
	return nanoseconds(asObject(entry)["created"]), nanoseconds(asObject(entry)["expires"])
}

func nanoseconds(value any) int64 {
	number, ok := value.(json.Number)
	if !ok {
		return 0
	}
	ns, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil {
		return 0
	}
	return ns
}

// Denials is the deny list of the governance data; nil where there is none.
func (s *Snapshot) Denials() any { return asObject(s.data["governance"])["deny"] }
