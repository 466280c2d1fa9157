package finding

import (
	"maps"
	"slices"
	"strings"

	"msigate/gateway/install"
)

// sessionTexts shows visit every text of a session and its candidates.
func sessionTexts(prefix string, s *install.Session, visit textVisitor) {
	for i, p := range []*install.Process{s.Client, writerOf(s)} {
		if p != nil {
			processTexts(prefix+[]string{"client.", "package_file.writer."}[i], p, visit)
		}
	}
	for i := range s.Launcher {
		processTexts(prefix+"launcher."+itoa(i)+".", &s.Launcher[i], visit)
	}
	if s.Package != nil {
		visit(prefix, "package.name", &s.Package.Name)
	}
	for i := range s.Named {
		visit(prefix, "named."+itoa(i)+".name", &s.Named[i].Name)
	}
	for i := range s.Patches {
		visit(prefix, "patches."+itoa(i)+".name", &s.Patches[i].Name)
	}
	for i := range s.Transforms {
		visit(prefix, "transforms."+itoa(i), &s.Transforms[i])
	}
	for i := range s.Products {
		p := &s.Products[i]
		at := prefix + "products." + itoa(i) + "."
		visit(at, "name", &p.Name)
		visit(at, "version", &p.Version)
		visit(at, "manufacturer", &p.Manufacturer)
		visit(at, "status", &p.Status)
	}
	visit(prefix, "user", &s.User)
	visit(prefix, "status", &s.Status)
	for i := range s.Candidates {
		sessionTexts(prefix+"candidates."+itoa(i)+".", &s.Candidates[i], visit)
	}
}

func sessionProperties(prefix string, s *install.Session, one func(string, *install.Process), visit func(string, map[string]string)) {
	if len(s.Properties) > 0 {
		visit(prefix+"properties", s.Properties)
	}
	if s.Client != nil {
		one(prefix+"client.", s.Client)
	}
	for i := range s.Launcher {
		one(prefix+"launcher."+itoa(i)+".", &s.Launcher[i])
	}
	if w := writerOf(s); w != nil {
		one(prefix+"package_file.writer.", w)
	}
	for i := range s.Candidates {
		sessionProperties(prefix+"candidates."+itoa(i)+".", &s.Candidates[i], one, visit)
	}
}

// derivedOfSession is [derived] for the facts of a session.
func derivedOfSession(fact string) bool {
	fact, ok := strings.CutPrefix(fact, "session.")
	if !ok {
		return false
	}
	if candidate, ok := strings.CutPrefix(fact, "candidates."); ok {
		_, fact, _ = strings.Cut(candidate, ".")
	}
	name, _, _ := strings.Cut(fact, ".")
	switch name {
	case "package", "named", "patches", "transforms", "properties":
		return true
	}
	return false
}

func writerOf(s *install.Session) *install.Process {
	if s.PackageFile == nil {
		return nil
	}
	return s.PackageFile.Writer
}

// cloneSession copies everything that sessionTexts and sessionProperties can reach.
func cloneSession(s install.Session) install.Session {
	s.Client = cloneProcess(s.Client)
	s.Launcher = slices.Clone(s.Launcher)
	for i := range s.Launcher {
		cloneMsiexec(&s.Launcher[i])
	}
	if s.PackageFile != nil {
		f := *s.PackageFile
		f.Writer = cloneProcess(f.Writer)
		s.PackageFile = &f
	}
	if s.Package != nil {
		p := *s.Package
		s.Package = &p
	}
	s.Named = slices.Clone(s.Named)
	s.Patches = slices.Clone(s.Patches)
	s.Transforms = slices.Clone(s.Transforms)
	s.Properties = maps.Clone(s.Properties)
	s.Products = slices.Clone(s.Products)
	s.Candidates = slices.Clone(s.Candidates)
	for i := range s.Candidates {
		s.Candidates[i] = cloneSession(s.Candidates[i])
	}
	return s
}

func cloneProcess(p *install.Process) *install.Process {
	if p == nil {
		return nil
	}
	clone := *p
	cloneMsiexec(&clone)
	return &clone
}
