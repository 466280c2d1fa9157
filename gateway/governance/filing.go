package governance

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// filing lists entries under two facts that together approve: index → key → entries.
//
// Thousands of entries may share a tool and a source and differ in a file name,
// so the key holds one narrowing fact besides. And of entries that approve the
// very same, as long as each lasts, only as many are listed as it takes for one
// to count whenever any does. So a decision looks at a handful, and no entry
// that fits wholly goes without one that says the same.
type filing map[string]map[string][]filed

// filed is an entry under a key.
type filed struct {
	id               string
	class            string // entries of one class approve the same under that key
	created, expires int64  // ns since 1970
}

// narrowingFacts are those that a key can hold besides, the most telling first,
// and the entry's list of each. lib/approvals, filed_under, asks by the same names.
var narrowingFacts = []struct{ fact, list string }{
	{"image", "images"},
	{"product_code", "product_codes"},
	{"file_name", "file_names"},
	{"original_file_name", "original_file_names"},
	{"product", "products"},
	{"company", "companies"},
}

func (f filing) add(id string, value object) {
	signers, tools, sources := members(value["signers"]), members(value["deployment_tools"]), members(value["sources"])
	under := narrowedKeys(value)
	f.list("signer_tool", pairs(signers, tools), under, id, value, "sha256", "sha1")
	f.list("signer_source", pairs(signers, sources), under, id, value, "sha256", "sha1")
	// What a strong fact is needed for is found by that fact.
	f.list("tool_source", pairs(tools, sources), under, id, value, "sha256", "sha1", "signers")
	if value["change_window"] != nil {
		f.list("signer_change", signers, under, id, value, "sha256", "sha1")
	}
}

// list files an entry under each pair with each narrowing; found are lists by
// which it is found elsewhere, so that it does not matter here what they hold.
func (f filing) list(index string, pairs, under []string, id string, value object, found ...string) {
	if len(pairs) == 0 {
		return
	}
	one := filed{id: id, class: class(value, found), created: integer(value["created"]), expires: integer(value["expires"])}
	if f[index] == nil {
		f[index] = map[string][]filed{}
	}
	for _, pair := range pairs {
		for _, narrowing := range under {
			f[index][pair+narrowing] = append(f[index][pair+narrowing], one)
		}
	}
}

// class is all that an entry asks for, but what it is found by elsewhere.
func class(value object, found []string) string {
	rest := maps.Clone(value)
	for _, described := range []string{"title", "owner", "reason", "ticket", "created", "expires"} {
		delete(rest, described)
	}
	strong := false
	for _, list := range []string{"sha256", "sha1", "signers"} {
		strong = strong || len(members(value[list])) > 0
	}
	for _, list := range found {
		delete(rest, list)
	}
	rest["strong"] = strong
	text, err := json.Marshal(rest)
	if err != nil {
		return "" // cannot be: it is made of texts, numbers and booleans
	}
	return string(text)
}

// narrowedKeys are what follows a pair in a key: one narrowing fact, or the
// host groups or accounts, or nothing for an entry that has none of them.
func narrowedKeys(value object) []string {
	narrow, _ := value["narrow"].(object)
	for _, fact := range narrowingFacts {
		if keys := suffixes(fact.fact, narrow[fact.list]); keys != nil {
			return keys
		}
	}
	if keys := suffixes("host_group", value["host_groups"]); keys != nil {
		return keys
	}
	if keys := suffixes("user", value["users"]); keys != nil {
		return keys
	}
	return []string{""}
}

func suffixes(fact string, set any) []string {
	var keys []string
	for _, member := range members(set) {
		keys = append(keys, "|"+fact+"|"+member)
	}
	return keys
}

// covering are the fewest entries of each class with one that counts at every
// moment at which any of the class does.
func covering(entries []filed) []filed {
	slices.SortFunc(entries, func(a, b filed) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.created, b.created), cmp.Compare(b.expires, a.expires), cmp.Compare(a.id, b.id))
	})
	var kept []filed
	for at := 0; at < len(entries); {
		class, reach := entries[at].class, entries[at].created
		for at < len(entries) && entries[at].class == class {
			if entries[at].created > reach { // nothing of the class counts in between
				reach = entries[at].created
			}
			best := -1
			for ; at < len(entries) && entries[at].class == class && entries[at].created <= reach; at++ {
				if entries[at].expires > reach && (best < 0 || entries[at].expires > entries[best].expires) {
					best = at
				}
			}
			if best >= 0 {
				kept = append(kept, entries[best])
				reach = entries[best].expires
			}
		}
	}
	return kept
}

// pairs are the ids of two sets with a bar between them, which no id can hold.
func pairs(first, second []string) []string {
	all := make([]string, 0, len(first)*len(second))
	for _, one := range first {
		for _, other := range second {
			all = append(all, one+"|"+other)
		}
	}
	return all
}

func members(set any) []string {
	all, _ := set.(object)
	return slices.Sorted(maps.Keys(all))
}

func integer(value any) int64 {
	number, _ := value.(json.Number)
	n, _ := number.Int64()
	return n
}
