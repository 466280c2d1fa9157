package policy

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/install"
)

// sessionSlots is how many sessions' terms are kept: those of the installs that
// the workers are busy with.
const sessionSlots = 256

// sessionTerms keeps the terms of the sessions that were asked for last. A
// Session never changes, and all events that came to it since it did share it.
// Safe for concurrent use.
type sessionTerms struct {
	seed  maphash.Seed
	slots [sessionSlots]atomic.Pointer[sessionMade]
}

type sessionMade struct {
	session *install.Session
	term    *ast.Term
}

func newSessionTerms() *sessionTerms { return &sessionTerms{seed: maphash.MakeSeed()} }

func (t *sessionTerms) term(s *install.Session) *ast.Term {
	slot := &t.slots[maphash.Comparable(t.seed, s)%sessionSlots]
	if made := slot.Load(); made != nil && made.session == s {
		return made.term
	}
	term := sessionTerm(s)
	slot.Store(&sessionMade{s, term})
	return term
}

// sessionTerm is the session of an event with all that it could be besides.
func sessionTerm(s *install.Session) *ast.Term {
	var processes processTerms
	o := sessionFacts(s, &processes)
	o.string("attribution", string(s.Attribution))
	candidates := make([]*ast.Term, len(s.Candidates))
	for i := range s.Candidates {
		candidates[i] = sessionFacts(&s.Candidates[i], &processes).term()
	}
	o.set("candidates", ast.ArrayTerm(candidates...))
	return o.term()
}

// sessionFacts leaves out the command line's properties, patches and
// transforms: they are in client.msiexec.
func sessionFacts(s *install.Session, processes *processTerms) *object {
	o := newObject(24)
	o.string("id", s.ID)
	o.string("opened_by", string(s.OpenedBy))
	o.string("via", string(s.Via))
	if s.Client != nil {
		o.object("client", processes.term(s.Client))
		o.set("launcher", processes.terms(s.Launcher))
		if s.Client.Msiexec != nil {
			o.set("verb", ast.StringTerm(s.Verb))
			o.set("quiet", ast.StringTerm(s.Quiet))
		}
	}
	if s.Package != nil {
		o.set("package", packageTerm(s.Package))
	}
	if len(s.Named) > 0 {
		o.set("named", packagesTerm(s.Named))
	}
	o.string("user", s.User)
	o.moment("begin", s.Begin)
	o.moment("end", s.End)
	if len(s.Products) > 0 {
		o.set("products", productTerms(s.Products))
	}
	o.string("outcome", string(s.Outcome))
	o.string("status", s.Status)
	if s.PackageFile != nil {
		o.object("package_file", packageFileTerm(s.PackageFile, processes))
	}
	o.flag("mark_of_the_web", s.MarkOfTheWeb)
	o.flag("inventory", s.Inventory)
	o.string("within", s.Within)
	o.set("claimed", stringsTerm(s.Claimed))
	o.set("ambiguous", ast.InternedTerm(s.Ambiguous))
	o.set("doubts", stringsTerm(s.Doubts))
	return o
}

func productTerms(products []install.Product) *ast.Term {
	terms := make([]*ast.Term, len(products))
	for i := range products {
		p := &products[i]
		o := newObject(6)
		o.string("name", p.Name)
		o.string("version", p.Version)
		o.string("manufacturer", p.Manufacturer)
		o.string("code", p.Code)
		o.string("action", p.Action)
		o.string("status", p.Status)
		terms[i] = o.term()
	}
	return ast.ArrayTerm(terms...)
}

func packageFileTerm(f *install.PackageFile, processes *processTerms) *ast.Term {
	o := newObject(7)
	if f.Writer != nil {
		o.object("writer", processes.term(f.Writer))
	}
	o.moment("written", f.Written)
	o.hashes(f.Hashes)
	o.moment("hashed", f.Hashed)
	return o.termOrNil()
}

func (o *object) moment(key string, at time.Time) {
	if !at.IsZero() {
		o.set(key, integerTerm(at.UnixNano()))
	}
}

// flag sets what is true; what is not was perhaps only not seen.
func (o *object) flag(key string, value bool) {
	if value {
		o.set(key, ast.InternedTerm(true))
	}
}
