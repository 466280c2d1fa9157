package governance

import (
	"maps"
	"slices"

	"msigate/gateway/event"
)

// maxNear bounds the entries listed under one signer, tool or source alone.
// Those lists serve near misses only, and a decision shows at most three: what
// approves is found by two facts together, or by a hash.
const maxNear = 16

// index answers "which entries know this fact" with one lookup, so that
// 100,000 entries cost the policy what a hundred do.
type index struct{ root object }

func newIndex() *index { return &index{root: object{}} }

// shape lists every index, so that the policy finds an empty one rather than none.
var shape = map[string][]string{
	"installers":       {"sha256", "sha1", "signer", "signer_tool", "signer_source", "tool_source", "tool", "source"},
	"deployment_tools": {"image"},
	"sources":          {"folder"},
	"signers":          {"subject", "thumbprint"},
	"deny":             {"sha256", "sha1", "signer_subject", "thumbprint", "image", "folder", "product_code", "url_host"},
}

// at is the index under a path of keys, made where it is not there yet.
func (x *index) at(path ...string) object {
	node := x.root
	for _, key := range path {
		child, ok := node[key].(object)
		if !ok {
			child = object{}
			node[key] = child
		}
		node = child
	}
	return node
}

// add lists id under every member of a set.
func (x *index) add(id string, members any, path ...string) {
	facts, _ := members.(object)
	under := x.at(path...)
	for member := range facts {
		ids, ok := under[member].(object)
		if !ok {
			ids = object{}
			under[member] = ids
		}
		ids[id] = true
	}
}

func (x *index) addInstaller(id string, e entry) {
	x.add(id, set(e.facts("sha256"), event.LowerASCII), "installers", "sha256")
	x.add(id, set(e.facts("sha1"), event.LowerASCII), "installers", "sha1")
	signers, tools, sources := set(e.facts("signers"), event.LowerASCII), set(e.facts("deployment_tools"), event.LowerASCII), set(e.facts("sources"), event.LowerASCII)
	x.add(id, signers, "installers", "signer")
	x.add(id, tools, "installers", "tool")
	x.add(id, sources, "installers", "source")
	x.add(id, pairs(signers, tools), "installers", "signer_tool")
	x.add(id, pairs(signers, sources), "installers", "signer_source")
	x.add(id, pairs(tools, sources), "installers", "tool_source")
}

// pairs are the ids of two sets with a bar between them, which no id can hold.
func pairs(first, second object) object {
	all := make(object, len(first)*len(second))
	for one := range first {
		for other := range second {
			all[one+"|"+other] = true
		}
	}
	return all
}

func (x *index) addDeny(id string, e entry) {
	for _, fact := range []struct {
		field, index string
		normal       func(string) string
	}{
		{"sha256", "sha256", event.LowerASCII},
		{"sha1", "sha1", event.LowerASCII},
		{"signer_subjects", "signer_subject", event.LowerASCII},
		{"thumbprints", "thumbprint", event.LowerASCII},
		{"images", "image", canonical(canonicalImage)},
		{"folders", "folder", canonical(canonicalFolder)},
		{"product_codes", "product_code", event.LowerASCII},
		{"url_hosts", "url_host", event.LowerASCII},
	} {
		x.add(id, set(e.facts(fact.field), fact.normal), "deny", fact.index)
	}
}

// document is the finished index: every part there, the lists for near misses cut.
func (x *index) document() object {
	for part, facts := range shape {
		for _, fact := range facts {
			x.at(part, fact)
		}
	}
	for _, fact := range []string{"signer", "tool", "source"} {
		for _, ids := range x.at("installers", fact) {
			keepLowest(ids.(object), maxNear)
		}
	}
	return x.root
}

func keepLowest(ids object, n int) {
	if len(ids) <= n {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(ids))[n:] {
		delete(ids, id)
	}
}
