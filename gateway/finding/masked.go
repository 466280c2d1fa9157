package finding

import (
	"maps"
	"slices"
	"strings"

	"msigate/gateway/event"
	"msigate/gateway/policy"
)

// Masked is a Decision without the secrets that the active masking patterns
// find. Only [Masker.Mask] makes one.
type Masked struct {
	decision policy.Decision
	// Facts names, in the words of the policy input ("process.command_line"),
	// what was masked of the context; sorted.
	Facts []string
	// Pointers are the JSON pointers below input and result of the decision
	// log's event that were masked; sorted.
	Pointers []string
	// Erased are those that were taken out whole, because they could not be
	// looked through.
	Erased []string
}

// Decision is the Decision as it may be told.
func (d *Masked) Decision() *policy.Decision { return &d.decision }

// Mask takes the secrets out of every text of a Decision: its context, input
// and answer. d is not changed, and what it decided stays as it is. Where no
// secret is found, nothing is copied.
func (m *Masker) Mask(d policy.Decision) *Masked {
	if d.Context.Event == nil {
		d.Context.Event = &event.Event{}
	}
	if m == nil || len(m.patterns) == 0 || !m.suspectsDecision(&d) {
		return &Masked{decision: d}
	}
	x := &masking{masker: m}
	d.Context = cloneContext(d.Context)
	eachText(&d.Context, x.text)
	eachProperty(&d.Context, x.property)
	d.Answer = x.answer(d.Answer)
	d.Fault, _ = m.String(d.Fault)
	d.Input = x.input(d.Input)
	slices.Sort(x.facts)
	slices.Sort(x.pointers)
	return &Masked{
		decision: d,
		Facts:    slices.Compact(x.facts),
		Pointers: slices.Compact(x.pointers),
		Erased:   x.erased,
	}
}

// suspectsDecision runs the cheap test over everything that Mask would look at.
func (m *Masker) suspectsDecision(d *policy.Decision) bool {
	if m.test.maybeJSON(d.Input) || m.test.maybe(d.Fault) {
		return true
	}
	suspect := false
	eachText(&d.Context, func(_, _ string, s *string) { suspect = suspect || m.test.maybe(*s) })
	if suspect {
		return true
	}
	for i := range d.Answer.Signals {
		signal := &d.Answer.Signals[i]
		if m.test.maybe(signal.Title) {
			return true
		}
		for fact, value := range signal.Evidence {
			if m.test.maybe(value) || m.test.maybe(fact) {
				return true
			}
		}
	}
	return false
}

// masking is the work on one Decision.
type masking struct {
	masker   *Masker
	secrets  []string // found so far, ASCII-lower-cased, without quotes
	facts    []string
	pointers []string
	erased   []string
}

// found remembers a secret: msiexec's parsed command line, and evidence taken
// from it, hold it without the words around it that give it away.
func (x *masking) found(secret string) {
	for _, s := range [...]string{secret, strings.Trim(secret, `"'`)} {
		s = event.LowerASCII(s)
		if s != "" && !slices.Contains(x.secrets, s) {
			x.secrets = append(x.secrets, s)
		}
	}
}

func (x *masking) text(prefix, name string, s *string) {
	fact := prefix + name
	out, ids := x.masker.mask(*s, x.found)
	if len(ids) > 0 {
		*s = out
		x.facts = append(x.facts, fact)
		return
	}
	if derived(fact) {
		if out, changed := x.derivedText(*s); changed {
			*s = out
			x.facts = append(x.facts, fact)
		}
	}
}

func (x *masking) property(fact string, properties map[string]string) {
	for name, value := range properties {
		if out, changed := x.member(name, value); changed {
			properties[name] = out
			x.facts = append(x.facts, fact+"."+event.LowerASCII(name))
		}
	}
}

// member masks a value beside its name, by itself, and as an echo.
func (x *masking) member(name, value string) (string, bool) {
	if out, changed := x.masker.member(name, value, x.found); changed {
		return out, true
	}
	if out, ids := x.masker.mask(value, x.found); len(ids) > 0 {
		return out, true
	}
	return x.derivedText(value)
}

// minEcho is the shortest secret, in bytes, that is looked for inside other
// texts: a shorter one would blot out what has nothing to do with it.
const minEcho = 4

// derivedText masks what repeats a secret found elsewhere.
func (x *masking) derivedText(s string) (string, bool) {
	lower := event.LowerASCII(s)
	if slices.Contains(x.secrets, lower) {
		return Marker, true
	}
	changed := false
	for _, secret := range x.secrets {
		if len(secret) < minEcho || masked(secret) {
			continue
		}
		for {
			at := strings.Index(lower, secret)
			if at < 0 {
				break
			}
			s = s[:at] + Marker + s[at+len(secret):]
			lower = lower[:at] + Marker + lower[at+len(secret):]
			changed = true
		}
	}
	return s, changed
}

// derived reports whether a fact was parsed out of a command line. Only those
// are searched for echoes: were an image path, too, a package could hide what
// it ran by naming it as a password.
func derived(fact string) bool {
	return strings.Contains(fact, ".msiexec.") || strings.HasPrefix(fact, "event.install.package") || strings.HasPrefix(fact, "package.") ||
		derivedOfSession(fact)
}

// plainFacts are the facts of evidence that the sensor reported as they are
// and that are no command line. See derived.
var plainFacts = map[string]bool{
	"image": true, "name": true, "path": true, "file": true, "folder": true, "user": true, "sha256": true,
	"sha1": true, "md5": true, "imphash": true, "guid": true, "pid": true, "role": true, "kind": true, "host": true,
	"command_line": true, // its own patterns apply; an echo of all of it would hide a child's command
}

func (x *masking) answer(a policy.Answer) policy.Answer {
	a.Signals = slices.Clone(a.Signals)
	for i := range a.Signals {
		signal := &a.Signals[i]
		at := "/result/signals/" + itoa(i)
		x.result(at+"/title", &signal.Title)
		signal.Evidence = maps.Clone(signal.Evidence)
		for fact, value := range signal.Evidence {
			last := fact[strings.LastIndexByte(fact, '.')+1:]
			out, changed := value, false
			if plainFacts[last] && !derived(fact) {
				var ids []string
				out, ids = x.masker.mask(value, x.found)
				changed = len(ids) > 0
			} else {
				out, changed = x.member(last, value)
			}
			if changed {
				signal.Evidence[fact] = out
				x.pointers = append(x.pointers, at+"/evidence/"+pointerToken(fact))
			}
		}
	}
	return a
}

func (x *masking) result(pointer string, s *string) {
	if out, ids := x.masker.mask(*s, x.found); len(ids) > 0 {
		*s = out
		x.pointers = append(x.pointers, pointer)
	}
}

// pointerToken escapes a name for a JSON pointer (RFC 6901).
func pointerToken(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
