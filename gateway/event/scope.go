package event

import (
	"errors"
	"fmt"
	"strings"
)

// ScopeDocument says what concerns msigate at all. It is data.scope of the
// policy bundle. Names are compared under ASCII case folding.
type ScopeDocument struct {
	// InstallerImages are file names of Windows Installer's program, e.g. msiexec.exe.
	InstallerImages []string `json:"installer_images"`
	// OriginalFileNames are the names it has in its version resource, which a
	// renamed copy keeps, e.g. msiexec.exe.
	OriginalFileNames []string `json:"original_file_names"`
	// Providers are the event sources of Windows Installer, e.g. MsiInstaller.
	Providers []string `json:"providers"`
	// TempModules are patterns of file names that custom actions are extracted
	// to, ? for one character and * for any number, e.g. msi*.tmp.
	TempModules []string `json:"temp_modules"`
	// PackageFiles are patterns of the names of what is installed from, e.g.
	// *.msi: who wrote such a file, what its hash is and whether it bears the
	// mark of the web belongs to the install that comes later. Only file events
	// are in scope by them; none at all is allowed.
	PackageFiles []string `json:"package_files"`
}

// Scope is a compiled ScopeDocument. It is immutable; any number of goroutines
// may use it. Whatever Matches accepts once decoded, MayMatch accepts on the
// bytes, in every shape: that is what makes it sound not to decode the rest.
type Scope struct {
	images, originals, providers, patterns, packages []string // lower case
	searches                                         []search
}

// CompileScope checks document and compiles it. It refuses an empty list, so
// that nobody narrows the scope to nothing, and a name that the test on raw
// bytes could not find.
func CompileScope(document ScopeDocument) (*Scope, error) {
	s := &Scope{}
	for _, list := range []struct {
		key   string
		names []string
		kept  *[]string
	}{
		{"installer_images", document.InstallerImages, &s.images},
		{"original_file_names", document.OriginalFileNames, &s.originals},
		{"providers", document.Providers, &s.providers},
		{"temp_modules", document.TempModules, &s.patterns},
		{"package_files", document.PackageFiles, &s.packages},
	} {
		wild := list.key == "temp_modules" || list.key == "package_files"
		if len(list.names) == 0 && list.key != "package_files" {
			return nil, fmt.Errorf("compiling the scope: %s is empty, which would hide what it is for; leave its default names in", list.key)
		}
		for i, name := range list.names {
			if err := checkScopeName(name, wild); err != nil {
				return nil, fmt.Errorf("compiling the scope: %s[%d] %q: %w", list.key, i, name, err)
			}
			*list.kept = append(*list.kept, LowerASCII(name))
		}
	}
	s.searches = planSearches(s)
	return s, nil
}

// checkScopeName says why name cannot be searched for.
func checkScopeName(name string, wild bool) error {
	if name == "" {
		return errors.New("it is empty")
	}
	if strings.TrimSpace(name) != name {
		return errors.New("it begins or ends with a blank")
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c < ' ' || c >= 0x7f:
			return errors.New("only printable ASCII can be searched for in every shape")
		case strings.IndexByte(`\/"'<>&:|`, c) >= 0:
			return fmt.Errorf("%q cannot be part of it: give a file's or a provider's name, not a path", c)
		case !wild && (c == '*' || c == '?'):
			return fmt.Errorf("%q is a pattern's; only temp_modules and package_files take patterns", c)
		}
	}
	if longest := longestPiece(name); wild && len(longest) < 2 {
		return errors.New("it needs two characters side by side that are no * or ?, or nearly every file would be in scope")
	} else if len(longest) < 2 {
		return errors.New("one character is too short a name")
	}
	return nil
}

// MayMatch reports whether message could hold a record that Matches accepts:
// a scope name stands in its bytes, or something that could hide one. It reads
// any shape, never allocates, and errs only towards true.
func (s *Scope) MayMatch(message []byte) bool {
	if mayHide(message) {
		return true
	}
	for i := range s.searches {
		if s.searches[i].finds(message) {
			return true
		}
	}
	return false
}

// Skips reports that no record of message can matter, which is known without
// decoding: none is in scope by its bytes and none starts a process. With
// trees, for a message whose host has a live installer tree, or that may speak
// for many hosts, nothing is skipped: any record may belong to the tree.
func (s *Scope) Skips(message []byte, trees bool) bool {
	return !trees && !s.MayMatch(message) && !mayStart(message)
}

// Outcome is what a record is to msigate.
type Outcome uint8

// The outcomes, from the least work to the most.
const (
	Out        Outcome = iota // nothing happens to it
	Remembered                // a process start: a compact record is kept of it
	InScope                   // correlated, and decided where a signal's trigger matches
)

func (o Outcome) String() string {
	switch o {
	case Remembered:
		return "remembered"
	case InScope:
		return "in scope"
	}
	return "out"
}

// Outcome says what a decoded Event is. tracks, which may be nil, knows the
// installer trees: whether the Event's own process, its parent, its image or
// the module it loaded belongs to one.
func (s *Scope) Outcome(e *Event, tracks func(*Event) bool) Outcome {
	switch {
	case s.Matches(e), tracks != nil && tracks(e):
		return InScope
	case e.Kind == KindProcessStart:
		return Remembered
	}
	return Out
}

// Matches reports whether a decoded Event is in scope by its own names: the
// program that started, acted or is the parent, its OriginalFileName, the
// provider, a file or module named like an extracted custom action, or a file
// named like a package. That a command line mentions such a name is not enough.
func (s *Scope) Matches(e *Event) bool {
	return among(s.providers, e.Provider) ||
		s.matchesProcess(&e.Process) || s.matchesProcess(&e.Parent) ||
		matchesAny(s.patterns, e.Module.Path) || matchesAny(s.patterns, e.File.Path) || matchesAny(s.packages, e.File.Path)
}

func (s *Scope) matchesProcess(p *Process) bool {
	if p.OriginalFileName != "" && among(s.originals, p.OriginalFileName) {
		return true
	}
	if p.Image == "" {
		return false
	}
	return among(s.images, Base(p.Image)) || matchesAny(s.patterns, p.Image)
}

func matchesAny(patterns []string, path string) bool {
	if path == "" {
		return false
	}
	name := Base(path)
	for _, pattern := range patterns {
		if matchesGlob(pattern, name) {
			return true
		}
	}
	return false
}

// among reports whether name is one of names, which are lower case.
func among(names []string, name string) bool {
	for _, one := range names {
		if EqualFoldASCII(one, name) {
			return true
		}
	}
	return false
}

// matchesGlob matches name against a lower-case pattern in which ? stands for
// one byte and * for any number, under ASCII folding.
func matchesGlob(pattern, name string) bool {
	p, n := 0, 0
	star, retry := -1, 0 // where to go back to: after the last *, and one byte further on
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == lowerByte(name[n])):
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
