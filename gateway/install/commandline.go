package install

import (
	"strings"

	"msigate/gateway/event"
)

// CommandLine is msiexec's command line, parsed as msiexec does: dash or slash,
// any case, short and long options, quotes, option and value with or without space.
type CommandLine struct {
	Verb       string // install, uninstall, patch, administrative, advertise, repair, register, unregister, service, embedding, help or ""
	Package    *Package
	Patches    []Package // /p and /update when not the verb's own
	Others     []Package // what further verbs and bare words name: nothing documents what msiexec makes of them
	Properties map[string]string
	Transforms []string // TRANSFORMS property, split
	Quiet      string   // full UI is ""; else none, basic, reduced, passive
	Suffix     string   // what follows -Embedding <hex>, opaque
}

// The verbs of CommandLine.Verb.
const (
	VerbInstall        = "install"        // /i, /package
	VerbUninstall      = "uninstall"      // /x, /uninstall
	VerbPatch          = "patch"          // /p, /update
	VerbAdministrative = "administrative" // /a
	VerbAdvertise      = "advertise"      // /j, /ju, /jm
	VerbRepair         = "repair"         // /f…
	VerbRegister       = "register"       // /y
	VerbUnregister     = "unregister"     // /z
	VerbService        = "service"        // /V
	VerbEmbedding      = "embedding"      // -Embedding <32 hex>
	VerbHelp           = "help"           // /?, /h, /help
)

// ParseCommandLine reads the command line of a msiexec process, its first
// word (the program) included; currentDirectory, where known, completes a
// relative package path. It gives nil for a blank command line: unknown is
// not the same as "no options". Property names come back in upper case, as
// Windows Installer stores them; the values of one given twice are joined by
// semicolons, since nothing documents which one counts.
//
// Certain (Microsoft, "Command-Line Options" and "Standard Installer
// Command-Line Options"): the options, dash or slash, any case, that a value
// may follow with or without a space, and a doubled quote inside a quoted
// property value. Chosen, because nothing documents it, so that a package is
// rather named than missed:
//   - of several verbs the last one that names a package counts, else the
//     last; a patch beside another verb is one of its Patches;
//   - a verb whose package is missing takes the first bare word; what further
//     verbs and words name is among Others;
//   - what follows -Embedding <hex> is its suffix, and read as options too;
//   - with /y and /z the package is the module they register;
//   - Unicode dashes count as dashes; an unknown option is passed over.
func ParseCommandLine(commandLine, currentDirectory string) *CommandLine {
	words := splitWords(commandLine)
	if words == nil {
		return nil
	}
	p := parser{cwd: currentDirectory, words: words}
	for p.next < len(p.words) {
		word := p.words[p.next]
		p.next++
		switch option, ok := cutDash(word.text); {
		case ok:
			p.option(option)
		case !p.property(word.text):
			p.bare = append(p.bare, word.text)
		}
	}
	return p.finish()
}

// parser collects what the words say, in their order.
type parser struct {
	cwd   string
	words []word
	next  int // index of the word after the current one

	line    CommandLine
	verbs   []verb
	bare    []string // words that are neither option nor property
	product string   // value of /n
	patches []string // values of /p and /update
}

// verb is one option that says what to do, with the package it names.
type verb struct {
	name, target string
}

// longOptions are spelt out whole; their meaning is that of the short one.
var longOptions = map[string]string{
	"package": "i", "uninstall": "x", "update": "p",
	"quiet": "qn", "passive": "passive", "help": "h", "log": "l",
	"norestart": "", "promptrestart": "", "forcerestart": "",
	"regserver": "", "unregserver": "", "unregister": "",
}

// option reads one option, its dash taken off, and the value that belongs to it.
func (p *parser) option(text string) {
	name := event.LowerASCII(text)
	if strings.HasPrefix(name, "embedding") {
		p.embedding(text[len("embedding"):])
		return
	}
	if short, ok := longOptions[name]; ok {
		name, text = short, short
	}
	for _, long := range [...]string{"package", "uninstall", "update"} { // the value may follow at once
		if rest, ok := strings.CutPrefix(name, long); ok {
			name, text = longOptions[long]+rest, longOptions[long]+text[len(long):]
		}
	}
	p.known(name, text)
}

// known reads an option by its short name; text is the same in its own case.
func (p *parser) known(name, text string) {
	if name == "" {
		return
	}
	if name == "passive" {
		p.line.Quiet = "passive"
		return
	}
	rest := ""
	if len(text) > 1 {
		rest = text[1:]
	}
	switch name[0] {
	case 'i':
		p.verb(VerbInstall, rest)
	case 'x':
		p.verb(VerbUninstall, rest)
	case 'a':
		p.verb(VerbAdministrative, rest)
	case 'p':
		p.patches = append(p.patches, p.value(rest))
	case 'j':
		p.verb(VerbAdvertise, afterAdvertise(rest))
	case 'f':
		p.verb(VerbRepair, afterRepair(rest))
	case 'y':
		p.verb(VerbRegister, rest)
	case 'z':
		p.verb(VerbUnregister, rest)
	case 'v':
		if name == "v" {
			p.verbs = append(p.verbs, verb{name: VerbService})
		}
	case 'h', '?':
		if len(name) == 1 {
			p.verbs = append(p.verbs, verb{name: VerbHelp})
		}
	case 'q':
		p.quiet(name)
	case 'l':
		if strings.Trim(rest, "iIwWeEaArRuUcCmMoOpPvVxX+!*") == "" {
			p.value("") // the log file, nothing we keep
		}
	case 't':
		p.transforms(p.value(rest))
	case 'n': // the product that an uninstalled patch belongs to
		if code := p.value(rest); isProductCode(code) {
			p.product = code
		}
	case 'g', 'm': // language, SMS status file
		p.value(rest)
	}
}

// value is what an option names: the rest of its own word, else the next
// word unless that is an option or a property.
func (p *parser) value(rest string) string {
	if rest != "" || p.next >= len(p.words) {
		return rest
	}
	following := p.words[p.next].text
	if _, ok := cutDash(following); ok && !strings.HasPrefix(following, "//") {
		return ""
	}
	if name, _, ok := strings.Cut(following, "="); ok && isPropertyName(name) && !p.words[p.next].quotedStart {
		return ""
	}
	p.next++
	return following
}

func (p *parser) verb(name, rest string) {
	p.verbs = append(p.verbs, verb{name: name, target: p.value(rest)})
}

// afterAdvertise takes /j's u (this user) or m (the machine) off.
func afterAdvertise(rest string) string {
	if rest != "" && strings.IndexByte("uUmM", rest[0]) >= 0 {
		return rest[1:]
	}
	return rest
}

// afterRepair takes /f's flags off. A flag before a colon is a drive letter.
func afterRepair(rest string) string {
	name := strings.TrimLeft(rest, "pPoOeEdDcCaAuUmMsSvV")
	if at := len(rest) - len(name); at > 0 && strings.HasPrefix(name, ":") {
		return rest[at-1:]
	}
	return name
}

// quiet reads /q with its letter and the modifiers +, - and !.
func (p *parser) quiet(name string) {
	switch strings.TrimRight(name, "+-!") {
	case "q", "qn":
		p.line.Quiet = "none"
	case "qb":
		p.line.Quiet = "basic"
	case "qr":
		p.line.Quiet = "reduced"
	case "qf":
		p.line.Quiet = ""
	}
}

// embedding reads the command line of a custom-action server. Without the 32
// hex digits it is COM's ordinary switch and says nothing of an install.
func (p *parser) embedding(id string) {
	if id == "" && p.next < len(p.words) {
		id = p.words[p.next].text
		p.next++
	}
	if len(id) != 32 || strings.Trim(id, "0123456789abcdefABCDEF") != "" {
		return
	}
	rest := make([]string, 0, 2)
	for _, word := range p.words[p.next:] {
		rest = append(rest, word.text)
	}
	p.line.Suffix = strings.Join(rest, " ")
	p.verbs = append(p.verbs, verb{name: VerbEmbedding})
}

// property reads PROPERTY=value; false when word is none.
func (p *parser) property(text string) bool {
	name, value, ok := strings.Cut(text, "=")
	if !ok || !isPropertyName(name) {
		return false
	}
	if p.line.Properties == nil {
		p.line.Properties = map[string]string{}
	}
	name = strings.ToUpper(name)
	if before, again := p.line.Properties[name]; again && before != value {
		value = before + ";" + value
	}
	p.line.Properties[name] = value
	return true
}

func (p *parser) transforms(list string) {
	for one := range strings.SplitSeq(list, ";") {
		if one = strings.TrimSpace(one); one != "" {
			p.line.Transforms = append(p.line.Transforms, one)
		}
	}
}

// finish weighs the verbs against each other once every word is read.
func (p *parser) finish() *CommandLine {
	var chosen verb
	var others []string
	for _, v := range p.verbs {
		if v.target != "" || chosen.target == "" {
			others = append(others, chosen.target)
			chosen = v
		}
	}
	// A patch by itself is the verb; beside an install it is a part of that.
	if chosen.name == "" && len(p.patches) > 0 {
		last := len(p.patches) - 1
		chosen = verb{name: VerbPatch, target: p.patches[last]}
		p.patches = p.patches[:last]
	}
	p.line.Verb = chosen.name
	if takesPackage(chosen.name) {
		if chosen.target == "" && len(p.bare) > 0 {
			chosen.target, p.bare = p.bare[0], p.bare[1:]
		} else if chosen.target == "" {
			chosen.target = p.product
		}
		p.line.Others = p.packages(append(others, p.bare...))
	}
	if chosen.target != "" {
		named := ParsePackage(chosen.target, p.cwd)
		p.line.Package = &named
	}
	for _, list := range []string{p.line.Properties["PATCH"], p.line.Properties["MSIPATCHES"]} {
		p.patches = append(p.patches, strings.Split(list, ";")...)
	}
	p.line.Patches = p.packages(p.patches)
	p.transforms(p.line.Properties["TRANSFORMS"])
	return &p.line
}

// packages parses the names that are not blank.
func (p *parser) packages(names []string) []Package {
	var list []Package
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, ParsePackage(name, p.cwd))
		}
	}
	return list
}

func takesPackage(verb string) bool {
	switch verb {
	case "", VerbService, VerbEmbedding, VerbHelp:
		return false
	}
	return true
}

// isPropertyName reports whether name can be a Windows Installer property:
// letters, digits, underscore and period, not beginning with a digit or period.
func isPropertyName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}
