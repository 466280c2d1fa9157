package governance

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"msigate/gateway/event"
)

// object is a JSON object of the data document. A set is an object whose
// values are true: the policy asks for a member, it never scans.
type object = map[string]any

// data turns checked documents into data.governance. Facts are as the policy
// sees values: ASCII lower case, paths without a separator at the end. What
// people read (title, owner, reason, ticket) keeps its case.
func data(documents map[string]document) object {
	installers, tools, sources, signers, deny := object{}, object{}, object{}, object{}, object{}
	index := newIndex()
	for _, e := range documents["installers"].entries {
		value := described(e)
		for _, field := range []string{"sha256", "sha1", "signers", "deployment_tools", "sources", "host_groups", "users", "command_lines", "transforms", "patches"} {
			value[field] = set(e.facts(field), event.LowerASCII)
		}
		narrow := object{}
		for _, field := range []string{"product_codes", "file_names", "images", "original_file_names", "products", "companies"} {
			narrow[field] = set(e.facts("narrow", field), event.LowerASCII)
		}
		for field, fields := range versionFields {
			if node := mapValue(mapValue(e.node, "narrow"), field); node != nil {
				narrow[field] = versionRange(node, fields)
			}
		}
		value["narrow"] = narrow
		if mapValue(e.node, "change_window") != nil {
			value["change_window"] = object{"open": true}
		}
		value["properties"] = properties(e)
		installers[e.text("id")] = value
		index.addInstaller(e.text("id"), value)
	}
	for _, e := range documents["deployment_tools"].entries {
		value := described(e)
		value["images"] = set(e.facts("images"), canonical(canonicalImage))
		value["started_by_service"] = true
		tools[e.text("id")] = value
		index.add(e.text("id"), value["images"], "deployment_tools", "image")
	}
	for _, e := range documents["sources"].entries {
		value := described(e)
		value["folders"] = set(e.facts("folders"), canonical(canonicalFolder))
		sources[e.text("id")] = value
		index.add(e.text("id"), value["folders"], "sources", "folder")
	}
	for _, e := range documents["signers"].entries {
		value := described(e)
		for _, field := range []string{"subjects", "issuers", "thumbprints"} {
			value[field] = set(e.facts(field), event.LowerASCII)
		}
		signers[e.text("id")] = value
		index.add(e.text("id"), value["subjects"], "signers", "subject")
		index.add(e.text("id"), value["thumbprints"], "signers", "thumbprint")
	}
	for _, e := range documents["deny"].entries {
		deny[e.text("id")] = described(e)
		index.addDeny(e.text("id"), e)
	}
	return object{
		"installers":       installers,
		"deployment_tools": tools,
		"sources":          sources,
		"signers":          signers,
		"deny":             deny,
		"index":            index.document(),
	}
}

// described is what every entry has in common.
func described(e entry) object {
	return object{
		"title":   e.text("title"),
		"owner":   e.text("owner"),
		"reason":  e.text("reason"),
		"ticket":  e.text("ticket"),
		"created": nanoseconds(e.text("created")),
		"expires": nanoseconds(e.text("expires")),
	}
}

// nanoseconds is 00:00 UTC of a day in ns since 1970, as a number of the JSON
// that a bundle's reader would give, so that a bundle built in memory and one
// read from an archive hold equal values.
func nanoseconds(day string) json.Number {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "0" // cannot be: the checker has read this day
	}
	return json.Number(strconv.FormatInt(t.UnixNano(), 10))
}

// versionFields says how many numbers of a version count. A file has four (Microsoft,
// "VS_FIXEDFILEINFO"). Of a ProductVersion Windows Installer compares three: "If you
// include a fourth field in your product version, the installer ignores the fourth
// field" (Microsoft, "ProductVersion property").
var versionFields = map[string]int{"file_version": 4, "product_version": 3}

// versionRange is a range's ends as lists of numbers, which the policy compares whole.
func versionRange(node *yaml.Node, fields int) object {
	ends := object{}
	for _, end := range []string{"min", "max"} {
		value := mapValue(node, end)
		if value == nil {
			continue
		}
		numbers := make([]any, 0, fields)
		for _, n := range versionNumbers(value.Value, fields) {
			numbers = append(numbers, json.Number(strconv.Itoa(n)))
		}
		ends[end] = numbers
	}
	return ends
}

// versionNumbers are the first numbers of a version; those left out are 0.
func versionNumbers(text string, fields int) []int {
	numbers := make([]int, fields)
	for i, part := range strings.Split(text, ".") {
		if i == fields {
			break
		}
		numbers[i], _ = strconv.Atoi(part) // the schema has found it well-formed
	}
	return numbers
}

func set(facts []fact, normal func(string) string) object {
	members := make(object, len(facts))
	for _, f := range facts {
		members[normal(f.text)] = true
	}
	return members
}

// canonical drops the reason of a path's reader: the checker has asked already.
func canonical(read func(string) (string, string)) func(string) string {
	return func(text string) string {
		path, _ := read(text)
		return path
	}
}

func properties(e entry) object {
	all := object{}
	node := mapValue(e.node, "properties")
	if node == nil {
		return all
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := event.LowerASCII(node.Content[i].Value)
		values, _ := all[name].(object)
		if values == nil {
			values = object{}
			all[name] = values
		}
		for _, f := range listFacts(node.Content[i+1], name) {
			values[event.LowerASCII(f.text)] = true
		}
	}
	return all
}
