package governance

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"msigate/gateway/event"
)

// kinds are the files of a governance folder, each named for its only key.
var kinds = []string{"deny", "deployment_tools", "installers", "signers", "sources"}

// maxLife is the longest an entry may count without being looked at again, in days.
const maxLife = 366

// The facts of an installer entry by who chooses them (bundles/README.md, "What
// makes an approval valid"; claimed facts carry nothing).
var (
	strongFacts      = []string{"sha256", "sha1", "signers"}
	situationalFacts = []string{"deployment_tools", "sources", "change_window"}
)

// checker holds entries to the rules that a JSON Schema cannot express.
type checker struct {
	documents map[string]document
	ids       map[string]map[string]int // kind → id → line where it first stands
	now       time.Time                 // zero: created may lie in the future
	problems  Problems
}

func (c *checker) refuse(p Problem, why, want string) {
	p.Why, p.Want = why, want
	c.problems = append(c.problems, p)
}

func (c *checker) check() {
	c.ids = map[string]map[string]int{}
	for _, kind := range kinds {
		c.ids[kind] = map[string]int{}
		for _, e := range c.documents[kind].entries {
			c.checkID(kind, e)
			c.checkLife(e)
		}
	}
	for _, e := range c.documents["installers"].entries {
		c.checkInstaller(e)
	}
	for _, e := range c.documents["deployment_tools"].entries {
		for _, f := range e.facts("images") {
			c.checkTool(e, f)
		}
	}
	for _, e := range c.documents["sources"].entries {
		for _, f := range e.facts("folders") {
			c.checkSource(e, f)
		}
	}
	for _, e := range c.documents["deny"].entries {
		c.checkReferences(e, "deployment_tools", "sources")
		for _, f := range e.facts("folders") {
			if _, why := canonicalFolder(f.text); why != "" {
				c.refuse(e.at(f.node, f.field), quote(f.text)+" "+why, "a full local path, \\\\server\\share\\folder or a URL's folder")
			}
		}
		for _, f := range e.facts("images") {
			if _, why := canonicalImage(f.text); why != "" {
				c.refuse(e.at(f.node, f.field), quote(f.text)+" "+why, "the full path of one executable file")
			}
		}
	}
}

func (c *checker) checkID(kind string, e entry) {
	id := e.text("id")
	if id == "" {
		return
	}
	if line, taken := c.ids[kind][id]; taken {
		c.refuse(e.at(mapValue(e.node, "id"), "id"), fmt.Sprintf("the id is already used in line %d", line), "an id that no other entry of the file has")
		return
	}
	c.ids[kind][id] = mapValue(e.node, "id").Line
}

func (c *checker) checkLife(e entry) {
	created, ok := c.day(e, "created")
	if ok && !c.now.IsZero() && created.After(c.now.Add(24*time.Hour)) {
		c.refuse(e.at(mapValue(e.node, "created"), "created"), e.text("created")+" lies in the future", "today or an earlier day (the clock here says "+c.now.UTC().Format(time.DateOnly)+")")
	}
	expires, dated := c.day(e, "expires")
	if !ok || !dated {
		return
	}
	latest := created.AddDate(0, 0, maxLife)
	within := fmt.Sprintf("a day from %s to %s", created.AddDate(0, 0, 1).Format(time.DateOnly), latest.Format(time.DateOnly))
	switch node := mapValue(e.node, "expires"); {
	case !expires.After(created):
		c.refuse(e.at(node, "expires"), e.text("expires")+" is not after created, "+e.text("created"), within)
	case expires.After(latest):
		c.refuse(e.at(node, "expires"), fmt.Sprintf("%s is %d days after created", e.text("expires"), int(expires.Sub(created).Hours()/24)), within)
	}
}

// day reads a date that the schema has found well-formed.
func (c *checker) day(e entry, field string) (time.Time, bool) {
	text := e.text(field)
	if len(text) != len(time.DateOnly) || !strings.HasPrefix(text, "20") {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		c.refuse(e.at(mapValue(e.node, field), field), text+" is no day of the calendar", "a day as YYYY-MM-DD")
		return time.Time{}, false
	}
	return day, true
}

func (c *checker) checkInstaller(e entry) {
	c.checkReferences(e, "signers", "deployment_tools", "sources")
	for _, field := range []string{"file_version", "product_version"} {
		c.checkVersions(e, field)
	}
	hasCommandLines := len(e.facts("command_lines")) > 0
	for _, field := range []string{"file_names", "original_file_names", "images"} {
		for _, f := range e.facts("narrow", field) {
			name := event.Base(event.LowerASCII(f.text))
			if field == "images" {
				if _, why := canonicalImage(f.text); why != "" {
					c.refuse(e.at(f.node, f.field), quote(f.text)+" "+why, "the full path of one executable file")
					continue
				}
			}
			if extractedName.MatchString(name) {
				c.refuse(e.at(f.node, f.field), quote(f.text)+" is the name every custom action is extracted under, an attacker's too", "the sha256 of the extracted file")
				continue
			}
			if systemTools[name] && !hasCommandLines {
				c.refuse(e.at(f.node, f.field), quote(f.text)+" is an interpreter or system tool: what it does is in its arguments", "command_lines with its exact arguments besides, or the name of the product's own program")
			}
		}
	}
	c.checkProperties(e)
	for _, f := range e.facts("command_lines") {
		if why := neverInherit(event.LowerASCII(f.text)); why != "" {
			c.refuse(e.at(f.node, f.field), why, "the exact command line of the product's own program")
		}
	}
}

// checkReferences holds ids of other files to those that are there.
func (c *checker) checkReferences(e entry, kinds ...string) {
	for _, kind := range kinds {
		if _, read := c.documents[kind]; !read {
			continue // its file has a fault of its own, and every id would seem unknown
		}
		for _, f := range e.facts(kind) {
			if _, known := c.ids[kind][f.text]; !known {
				c.refuse(e.at(f.node, f.field), "no entry of "+fileName(kind)+" has the id "+quote(f.text), c.knownIDs(kind))
			}
		}
	}
}

// checkVersions refuses a range that nothing lies in, and numbers Windows has no room for.
func (c *checker) checkVersions(e entry, field string) {
	node := mapValue(mapValue(e.node, "narrow"), field)
	bounds := map[string][]int{}
	for _, end := range []string{"min", "max"} {
		value := mapValue(node, end)
		if value == nil || value.Kind != yaml.ScalarNode {
			continue
		}
		numbers := versionNumbers(value.Value, versionFields[field])
		bounds[end] = numbers
		for _, part := range strings.Split(value.Value, ".") {
			if n, err := strconv.Atoi(part); err == nil && n > 65535 {
				c.refuse(e.at(value, "narrow."+field+"."+end), quote(value.Value)+" has a number above 65535", "numbers that fit the 16 bits of a Windows version")
			}
		}
	}
	if least, most := bounds["min"], bounds["max"]; least != nil && most != nil && slices.Compare(least, most) > 0 {
		c.refuse(e.at(mapValue(node, "max"), "narrow."+field+".max"), fmt.Sprintf("max comes before min, by the first %d numbers", versionFields[field]), "min and max with at least one version from one to the other")
	}
}

// checkProperties keeps what changes the package out of the properties.
func (c *checker) checkProperties(e entry) {
	node := mapValue(e.node, "properties")
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if field, apart := map[string]string{"transforms": "transforms", "patch": "patches"}[event.LowerASCII(key.Value)]; apart {
			c.refuse(e.at(key, "properties."+key.Value), "the property changes the package and has a field of its own", field+" of the entry")
		}
	}
}

func (c *checker) knownIDs(kind string) string {
	known := make([]string, 0, len(c.ids[kind]))
	for id := range c.ids[kind] {
		known = append(known, id)
	}
	slices.Sort(known)
	switch {
	case len(known) == 0:
		return "an id that " + fileName(kind) + " has; it has none yet"
	case len(known) > 12:
		return fmt.Sprintf("one of the %d ids of %s", len(known), fileName(kind))
	}
	return "one of " + strings.Join(known, ", ")
}

func (c *checker) checkTool(e entry, f fact) {
	image, why := canonicalImage(f.text)
	name := event.Base(image)
	switch {
	case why != "":
	case extractedName.MatchString(name):
		why = "is named as every custom action is when it is extracted"
	case systemTools[name]:
		why = "is an interpreter, a system tool or a host that many services share: anything can stand behind it"
	default:
		if why = openToUsers(parentFolder(image)); why != "" {
			why = "lies in a folder that " + why
		}
	}
	if why != "" {
		c.refuse(e.at(f.node, f.field), quote(f.text)+" "+why, "the full path of the tool's own service program, in a folder that ordinary users cannot write")
	}
}

func (c *checker) checkSource(e entry, f fact) {
	folder, why := canonicalFolder(f.text)
	if why == "" {
		why = tooBroad(folder)
	}
	if why == "" {
		why = openToUsers(folder)
	}
	if why != "" {
		c.refuse(e.at(f.node, f.field), quote(f.text)+" "+why, `a folder that only administrators and the deployment tool can write, such as C:\Windows\ccmcache, \\server\share\folder or https://host/folder`)
	}
}

// missingFacts says in words which facts an entry lacks, where the schema only
// knows that no branch of anyOf fits.
func missingFacts(d document, e *jsonschema.ValidationError) (why, want string) {
	node := d.nodeAt(e.InstanceLocation)
	has := func(fields []string) (present []string) {
		for _, field := range fields {
			if mapValue(node, field) != nil {
				present = append(present, field)
			}
		}
		return present
	}
	switch d.kind {
	case "signers":
		return "names no signer", "subjects or thumbprints, or both; issuers only narrow"
	case "deny":
		return "denies nothing", "at least one of sha256, sha1, signer_subjects, thumbprints, images, folders, url_hosts, deployment_tools, sources, product_codes, package_names, file_names, original_file_names, products, companies"
	}
	want = "one strong fact (sha256, signers; sha1 only beside a situational one) and one situational fact (deployment_tools, sources, change_window), or deployment_tools and sources together"
	strong, situational := has(strongFacts), has(situationalFacts)
	switch {
	case len(strong) == 1 && strong[0] == "sha1":
		why = "rests on sha1 alone, and SHA-1 can be forged: it counts only beside a situational fact"
	case len(strong) > 0:
		why = "has a strong fact (" + strings.Join(strong, ", ") + ") and no situational one"
	case len(situational) > 0:
		why = "has one situational fact (" + strings.Join(situational, ", ") + ") and nothing strong"
	case mapValue(node, "narrow") != nil:
		why = "rests on claimed facts (narrow) alone, and the package's author chooses those"
	default:
		why = "has no facts"
	}
	return why, want
}

// extractedName is how Windows Installer names what it extracts from a
// package's Binary table ("Debugging Custom Actions").
var extractedName = regexp.MustCompile(`^msi[0-9a-f]{1,8}\.tmp$`)

var (
	serviceCommand = regexp.MustCompile(`msiexec(\.exe)?"?\s+[/-]v\s*$`)
	anyOnDrive     = regexp.MustCompile(`[/-](i|package)\s*"?[a-z]:\\?"?\s*$`)
	extractedPath  = regexp.MustCompile(`\\msi[0-9a-f]{1,8}\.tmp`)
)

// neverInherit says why a command line is one of the exclusions known from
// other rule sets as ways round a detector; "" where it is none.
func neverInherit(line string) string {
	switch {
	case strings.Contains(line, `global\msi0000`):
		return `every elevated custom-action server ends in "E Global\MSI0000", an attacker's too`
	case strings.Contains(line, "-embedding") && strings.Contains(line, "msiexec"):
		return "every custom-action server is started with -Embedding, an attacker's too"
	case serviceCommand.MatchString(line):
		return "msiexec /V is the service that runs every package, an attacker's too"
	case strings.Contains(line, "zzzzinvokemanagedcustomactionoutofproc"):
		return "every managed custom action is called by this name, an attacker's too"
	case anyOnDrive.MatchString(line):
		return "a package named only by its drive can be any package"
	case extractedPath.MatchString(line):
		return `MSIxxxx.tmp is the name every custom action is extracted under, an attacker's too`
	}
	return ""
}
