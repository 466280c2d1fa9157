package governance

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Effect is what a difference does to what can be approved.
type Effect string

const (
	Widens  Effect = "widens"  // more can be approved, or that cannot be ruled out
	Narrows Effect = "narrows" // nothing can be approved that could not be before
	Says    Effect = "says"    // another title, owner, reason or ticket: what is approved stays as it is
)

// The kinds of Difference.What.
const (
	Added   = "added"
	Removed = "removed"
	Altered = "altered"
)

// Difference is one entry that two bundles do not agree on.
type Difference struct {
	Kind   string   `json:"kind"` // installers, deployment_tools, sources, signers, deny; module, data; index
	ID     string   `json:"id"`   // of the entry; a module's path, a root of the data
	What   string   `json:"what"` // added, removed or altered
	Effect Effect   `json:"effect"`
	Owner  string   `json:"owner,omitempty"`  // of the entry as it is after, or was
	Detail []string `json:"detail,omitempty"` // what is altered, one line a field
}

// Changes is what a bundle changes against another of its name.
type Changes struct {
	Bundle      string
	Differences []Difference // by kind and id
}

// Widens says whether anything could be approved that could not be before.
func (c Changes) Widens() bool {
	return slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Effect == Widens })
}

// Summary is one line: how many entries of which kind were added, removed and
// altered, and whether that widens.
func (c Changes) Summary() string {
	if len(c.Differences) == 0 {
		return c.Bundle + ": nothing is changed"
	}
	counts := map[string]map[string]int{}
	widening := 0
	for _, d := range c.Differences {
		if counts[d.Kind] == nil {
			counts[d.Kind] = map[string]int{}
		}
		counts[d.Kind][d.What]++
		if d.Effect == Widens {
			widening++
		}
	}
	var parts []string
	for _, kind := range append(slices.Clone(kinds), "data", "index", "module") {
		var of []string
		for _, what := range []string{Added, Removed, Altered} {
			if n := counts[kind][what]; n > 0 {
				of = append(of, fmt.Sprintf("%d %s", n, what))
			}
		}
		if len(of) > 0 {
			parts = append(parts, kind+" "+strings.Join(of, ", "))
		}
	}
	effect := fmt.Sprintf("%d widen", widening)
	switch widening {
	case 0:
		effect = "nothing widens"
	case 1:
		effect = "1 widens"
	}
	return c.Bundle + ": " + strings.Join(parts, "; ") + "; " + effect
}

// String is one line for people.
func (d Difference) String() string {
	text := fmt.Sprintf("%s %s %s %s", d.Effect, d.Kind, plain(d.ID), d.What)
	if d.Owner != "" {
		text += " (" + plain(d.Owner) + ")"
	}
	if len(d.Detail) > 0 {
		text += ": " + strings.Join(d.Detail, "; ")
	}
	return text
}

// Compare says what after changes against before, entry by entry; nil for before
// where there was nothing. What it does to approvals is judged from the fields
// alone, and where that does not settle it, it widens. Of a bundle other than
// governance only what is altered is told, module by module, and all of it
// widens: what Rego means cannot be told from its text.
func Compare(before, after *Bundle) Changes {
	c := Changes{Bundle: after.Name}
	switch {
	case before != nil && before.Revision == after.Revision && before.Name == after.Name:
		return c
	case after.Name == NameGovernance:
		c.Differences = compareGovernance(before, after)
	default:
		c.Differences = compareCode(before, after)
	}
	slices.SortFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	return c
}

// compareCode compares modules by their text and data by its roots.
func compareCode(before, after *Bundle) []Difference {
	modules := func(b *Bundle) map[string][]byte {
		all := map[string][]byte{}
		if b != nil {
			for _, m := range b.Content.Modules {
				all[m.Path] = m.Raw
			}
		}
		return all
	}
	data := func(b *Bundle) object {
		if b == nil {
			return object{}
		}
		return b.Content.Data
	}
	all := differences("module", modules(before), modules(after), bytes.Equal)
	return append(all, differences("data", data(before), data(after), func(a, b any) bool { return reflect.DeepEqual(a, b) })...)
}

func differences[V any](kind string, before, after map[string]V, equal func(a, b V) bool) []Difference {
	var all []Difference
	for id, now := range after {
		was, there := before[id]
		switch {
		case !there:
			all = append(all, Difference{Kind: kind, ID: id, What: Added, Effect: Widens})
		case !equal(was, now):
			all = append(all, Difference{Kind: kind, ID: id, What: Altered, Effect: Widens})
		}
	}
	for id := range before {
		if _, there := after[id]; !there {
			all = append(all, Difference{Kind: kind, ID: id, What: Removed, Effect: Widens})
		}
	}
	return all
}

// compareGovernance compares entries by kind and id.
func compareGovernance(before, after *Bundle) []Difference {
	was, now := newFacts(before), newFacts(after)
	var all []Difference
	for _, kind := range kinds {
		for id, value := range now.entries[kind] {
			old, there := was.entries[kind][id]
			switch {
			case !there:
				all = append(all, Difference{Kind: kind, ID: id, What: Added, Effect: onAdding(kind), Owner: ownerOf(value)})
			case !reflect.DeepEqual(old, value):
				d := Difference{Kind: kind, ID: id, What: Altered, Owner: ownerOf(value)}
				d.Effect, d.Detail = alteration(kind, asObject(old), asObject(value), was.denied(kind, id) || now.denied(kind, id))
				all = append(all, d)
			}
		}
		for id, value := range was.entries[kind] {
			if _, there := now.entries[kind][id]; !there {
				all = append(all, Difference{Kind: kind, ID: id, What: Removed, Effect: onRemoving(kind, was.denied(kind, id) || now.denied(kind, id)), Owner: ownerOf(value)})
			}
		}
	}
	return append(all, now.beyond(was)...)
}

func onAdding(kind string) Effect {
	if kind == "deny" {
		return Narrows
	}
	return Widens
}

// onRemoving: a tool or source that a denial names is known by its entry, so
// that without it the denial no longer holds.
func onRemoving(kind string, denied bool) Effect {
	if kind == "deny" || denied {
		return Widens
	}
	return Narrows
}

func asObject(value any) object {
	o, _ := value.(object)
	return o
}

func ownerOf(value any) string {
	text, _ := asObject(value)["owner"].(string)
	return text
}

// facts are the entries of a governance bundle with all that counts of them.
type facts struct {
	data    object
	entries map[string]object // kind → id → the entry; a denial with its facts, which the data holds in the index alone
}

func newFacts(b *Bundle) facts {
	f := facts{data: object{}, entries: map[string]object{}}
	if b != nil {
		f.data = asObject(b.Content.Data[NameGovernance])
	}
	for _, kind := range kinds {
		f.entries[kind] = asObject(f.data[kind])
	}
	denials := object{}
	for id, value := range f.entries["deny"] {
		denial := object{}
		for field, text := range asObject(value) {
			denial[field] = text
		}
		denials[id] = denial
	}
	for fact, under := range asObject(asObject(f.data["index"])["deny"]) {
		for member, ids := range asObject(under) {
			for id := range asObject(ids) {
				denial, there := denials[id].(object)
				if !there {
					continue // beyond tells
				}
				set, there := denial[fact].(object)
				if !there {
					set = object{}
					denial[fact] = set
				}
				set[member] = true
			}
		}
	}
	f.entries["deny"] = denials
	return f
}

// denied says whether a denial names the tool or source.
func (f facts) denied(kind, id string) bool {
	fact := map[string]string{"deployment_tools": "deployment_tool", "sources": "source"}[kind]
	return fact != "" && len(asObject(asObject(asObject(asObject(f.data["index"])["deny"])[fact])[id])) > 0
}

// beyond is what the data holds besides entries and their index: what Build never
// makes, and whose meaning nobody here knows.
func (f facts) beyond(was facts) []Difference {
	var all []Difference
	for _, key := range sortedKeys(f.data) {
		if key != "index" && !slices.Contains(kinds, key) && !reflect.DeepEqual(f.data[key], was.data[key]) {
			all = append(all, Difference{Kind: "data", ID: "governance." + key, What: Altered, Effect: Widens})
		}
	}
	had := asObject(f.data["index"])
	for part, made := range f.reindexed() {
		if part != "deny" && !reflect.DeepEqual(made, had[part]) {
			all = append(all, Difference{Kind: "index", ID: part, What: Altered, Effect: Widens, Detail: []string{"it is not what the entries give: the policy would find other entries than a reviewer sees"}})
		}
	}
	for fact, under := range asObject(had["deny"]) {
		for member, ids := range asObject(under) {
			for id := range asObject(ids) {
				if _, there := f.entries["deny"][id]; !there {
					all = append(all, Difference{Kind: "index", ID: "deny." + fact + "." + member, What: Altered, Effect: Widens, Detail: []string{"it names " + quote(id) + ", which is no entry"}})
				}
			}
		}
	}
	return all
}

// reindexed is the index that Build would give these entries, but for denials.
func (f facts) reindexed() object {
	index := newIndex()
	for id, value := range f.entries["installers"] {
		index.addInstaller(id, asObject(value))
	}
	for id, value := range f.entries["deployment_tools"] {
		index.add(id, asObject(value)["images"], "deployment_tools", "image")
	}
	for id, value := range f.entries["sources"] {
		index.add(id, asObject(value)["folders"], "sources", "folder")
	}
	for id, value := range f.entries["signers"] {
		index.add(id, asObject(value)["subjects"], "signers", "subject")
		index.add(id, asObject(value)["thumbprints"], "signers", "thumbprint")
	}
	return index.document()
}
