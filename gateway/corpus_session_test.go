package gateway

import (
	"path/filepath"
	"slices"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// Every decision on an install of the corpus names its session's package, or
// says that it could not tell. Where a log's own records name one package only,
// it is that one.
func TestEachCorpusDecisionNamesItsSessionsPackageOrSaysWhyNot(t *testing.T) {
	all, _ := decided(t, corpus(t, "labelled"))
	packages := map[string][]string{} // by file: what its 1040 and 1042 name
	for _, one := range all {
		if c := one.Decision.Decision().Context; c.Event.Kind == event.KindInstall && c.Package != nil {
			file, name := filepath.Base(one.Source), event.LowerASCII(c.Package.Name)
			if !slices.Contains(packages[file], name) {
				packages[file] = append(packages[file], name)
			}
		}
	}
	named, unnamed, openers := 0, 0, map[install.Opener]int{}
	for _, one := range all {
		c := one.Decision.Decision().Context
		where := place(one.Source, one.Line)
		s := c.Session
		switch {
		case s != nil && s.Package != nil:
			named++
			openers[s.OpenedBy]++
			if only := packages[filepath.Base(one.Source)]; len(only) == 1 && event.LowerASCII(s.Package.Name) != only[0] {
				t.Errorf("%s is of %s, and the log names %s only", where, s.Package.Name, only[0])
			}
			continue
		case slices.Contains(c.Missing, "session") || slices.Contains(c.Missing, "session.package"):
		case s != nil && s.Inventory:
		default:
			t.Errorf("%s (%s of %s, role %q) neither names a package nor says why: %+v, missing %v", where, c.Event.Kind, c.Process.Image, c.Process.Role, s, c.Missing)
		}
		unnamed++
		what := "no session"
		if s != nil {
			what = string(s.OpenedBy)
			if s.Ambiguous {
				what = "ambiguous"
			}
		}
		t.Logf("%s: %s %s: %s", where, c.Event.Kind, event.Base(c.Process.Image), what)
	}
	t.Logf("%d decisions name their package (%v), %d say why not", named, openers, unnamed)
	if named == 0 || openers[install.OpenedByClient] == 0 || openers[install.OpenedByMsiInstaller] == 0 {
		t.Error("no decision names a package, or all are opened in one way")
	}
}
