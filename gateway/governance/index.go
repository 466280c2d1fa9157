package governance

import (
	"maps"
	"slices"

	"msigate/gateway/event"
)

// maxNear bounds the entries listed under one signer, tool or source alone.
// Those lists serve near misses only, and a decision shows at most three: what
// approves is found by two facts together, or by a hash.
const maxNear = 4

// index answers "which entries know this fact" with one lookup, so that
// 100,000 entries cost the policy what a hundred do.
type index struct {
	root  object
	pairs filing
}

func newIndex() *index { return &index{root: object{}, pairs: filing{}} }

// shape lists every index, so that the policy finds an empty one rather than none.
var shape = map[string][]string{
	"installers":       {"sha256", "sha1", "signer", "signer_tool", "signer_source", "signer_change", "tool_source", "tool", "source"},
	"deployment_tools": {"image"},
	"sources":          {"folder"},
	"signers":          {"subject", "thumbprint"},
	"deny":             denyIndexes(),
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

// addInstaller lists an entry, as the policy will read it, under its facts.
func (x *index) addInstaller(id string, value object) {
	x.add(id, value["sha256"], "installers", "sha256")
	x.add(id, value["sha1"], "installers", "sha1")
	x.add(id, value["signers"], "installers", "signer")
	x.add(id, value["deployment_tools"], "installers", "tool")
	x.add(id, value["sources"], "installers", "source")
	x.pairs.add(id, value)
}

// denyFields are the lists of a deny entry: the index that each fills, and how
// its values are written for the policy.
var denyFields = []struct {
	field, index string
	normal       func(string) string
}{
	{"sha256", "sha256", event.LowerASCII},
	{"sha1", "sha1", event.LowerASCII},
	{"signer_subjects", "signer_subject", event.LowerASCII},
	{"thumbprints", "thumbprint", event.LowerASCII},
	{"images", "image", canonical(canonicalImage)},
	{"folders", "folder", canonical(canonicalFolder)},
	{"url_hosts", "url_host", event.LowerASCII},
	{"deployment_tools", "deployment_tool", event.LowerASCII},
	{"sources", "source", event.LowerASCII},
	{"product_codes", "product_code", event.LowerASCII},
	{"package_names", "package_name", event.LowerASCII},
	{"file_names", "file_name", event.LowerASCII},
	{"original_file_names", "original_file_name", event.LowerASCII},
	{"products", "product", event.LowerASCII},
	{"companies", "company", event.LowerASCII},
}

func denyIndexes() []string {
	names := make([]string, len(denyFields))
	for i, fact := range denyFields {
		names[i] = fact.index
	}
	return names
}

func (x *index) addDeny(id string, e entry) {
	for _, fact := range denyFields {
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
	for fact, keys := range x.pairs {
		under := x.at("installers", fact)
		for key, entries := range keys {
			ids := object{}
			for _, one := range covering(entries) {
				ids[one.id] = true
			}
			under[key] = ids
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
