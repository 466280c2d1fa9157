package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// trigger is one element of a signal's METADATA custom.trigger: which in-scope
// events the signal can hold for. An event that matches no signal's trigger is
// context: it updates state and is not decided. Where several conditions are
// given, all must hold; one that is absent always does.
type trigger struct {
	Kind     event.Kind `json:"kind"`
	EventIDs []int      `json:"event_ids,omitempty"`
	Names    []string   `json:"names,omitempty"` // path.Match patterns on the last element of the module's, file's or process's path
	Paths    []string   `json:"paths,omitempty"` // parts of the whole path of the module, file, process or registry value
	// Outside are beginnings of paths that the subject's must not have: a name that
	// Windows' own files have as well is wanted elsewhere only.
	Outside []string       `json:"outside,omitempty"`
	Roles   []install.Role `json:"roles,omitempty"` // of the process that acted
	// Written asks that it is known who wrote the file that starts or is loaded
	// (install.Written): without it every module that a tree loads would be decided.
	Written bool `json:"written,omitempty"`
}

// triggers are all signals' triggers by kind: most events fail on that alone.
type triggers map[event.Kind][]trigger

// readTriggers collects custom.trigger from the METADATA of every signal.
func readTriggers(annotations *ast.AnnotationSet) (triggers, error) {
	all := triggers{}
	for _, ref := range annotations.Flatten() {
		raw, ok := ref.Annotations.Custom["trigger"]
		if !ok {
			continue
		}
		where := ref.Path.String()
		if ref.Location != nil {
			where = fmt.Sprintf("%s:%d", ref.Location.File, ref.Location.Row)
		}
		encoded, err := json.Marshal(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: METADATA custom.trigger: %w", where, err)
		}
		var list []trigger
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&list); err != nil {
			return nil, fmt.Errorf("%s: METADATA custom.trigger must be a list of {kind, event_ids, names, paths, outside, roles, written}: %w", where, err)
		}
		for _, t := range list {
			if err := t.validate(); err != nil {
				return nil, fmt.Errorf("%s: METADATA custom.trigger: %w", where, err)
			}
			all[t.Kind] = append(all[t.Kind], t)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("compile policy: no signal declares a trigger: nothing would ever be decided")
	}
	return all, nil
}

func (t trigger) validate() error {
	if !slices.Contains(event.Kinds(), t.Kind) {
		return fmt.Errorf("kind %q is not one of %v", t.Kind, event.Kinds())
	}
	for _, pattern := range t.Names {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("names: %q: %w", pattern, err)
		}
		if pattern != event.LowerASCII(pattern) {
			return fmt.Errorf("names: %q: names are compared in lower case", pattern)
		}
	}
	for _, part := range t.Paths {
		if part == "" || part != event.LowerASCII(part) {
			return fmt.Errorf("paths: %q: a part of a path in lower case is needed", part)
		}
	}
	for _, beginning := range t.Outside {
		if beginning == "" || beginning != event.LowerASCII(beginning) {
			return fmt.Errorf("outside: %q: the beginning of a path in lower case is needed", beginning)
		}
	}
	return nil
}

// Triggers tells whether an in-scope event matches some signal's trigger and is to be decided.
func (s *Snapshot) Triggers(c *install.Context) bool {
	for _, t := range s.triggers[c.Event.Kind] {
		if t.matches(c) {
			return true
		}
	}
	return false
}

func (t trigger) matches(c *install.Context) bool {
	if len(t.EventIDs) > 0 && !slices.Contains(t.EventIDs, c.Event.EventID) {
		return false
	}
	if len(t.Roles) > 0 && !slices.Contains(t.Roles, c.Process.Role) {
		return false
	}
	if t.Written && writtenBy(c) == nil {
		return false
	}
	if len(t.Paths)+len(t.Names)+len(t.Outside) == 0 {
		return true
	}
	whole := event.LowerASCII(subject(c.Event))
	name := event.Base(whole)
	part := func(part string) bool { return strings.Contains(whole, part) }
	pattern := func(pattern string) bool { ok, err := path.Match(pattern, name); return err == nil && ok }
	beginning := func(beginning string) bool { return strings.HasPrefix(whole, beginning) }
	return (len(t.Paths) == 0 || slices.ContainsFunc(t.Paths, part)) &&
		(len(t.Names) == 0 || slices.ContainsFunc(t.Names, pattern)) &&
		!slices.ContainsFunc(t.Outside, beginning)
}

// writtenBy is who wrote the file that starts or is loaded; nil where nobody
// was seen to.
func writtenBy(c *install.Context) *install.Written {
	if c.Event.Kind == event.KindImageLoad {
		return c.ModuleWritten
	}
	return c.Process.Written
}

// subject is the path that names and paths in a trigger speak of.
func subject(e *event.Event) string {
	switch {
	case e.Kind == event.KindRegistry:
		return e.Registry.Key
	case e.Module.Path != "":
		return e.Module.Path
	case e.File.Path != "":
		return e.File.Path
	default:
		return e.Process.Image
	}
}
