package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/install"
)

// processTerms makes the terms of processes that belong into one value, each
// once: a parent is the first of the lineage, the root is one of it, and the
// client of a session is its package's writer as often as not.
type processTerms struct{ made []processMade }

type processMade struct {
	process *install.Process
	term    *ast.Term
}

// term is nil for a process of which nothing is known.
func (t *processTerms) term(p *install.Process) *ast.Term {
	for i := range t.made {
		if m := &t.made[i]; m.process.PID == p.PID && *m.process == *p {
			return m.term
		}
	}
	made := processTerm(p)
	if made != nil {
		t.made = append(t.made, processMade{p, made})
	}
	return made
}

// terms leaves out the processes of which nothing is known.
func (t *processTerms) terms(processes []install.Process) *ast.Term {
	terms := make([]*ast.Term, 0, len(processes))
	for i := range processes {
		if made := t.term(&processes[i]); made != nil {
			terms = append(terms, made)
		}
	}
	return ast.ArrayTerm(terms...)
}

// processTerm is nil for a process of which nothing is known.
func processTerm(p *install.Process) *ast.Term {
	o := newObject(25)
	o.string("guid", p.GUID)
	o.integer("pid", int64(p.PID))
	o.path("image", "name", p.Image)
	o.string("command_line", p.CommandLine)
	o.string("current_directory", p.CurrentDirectory)
	o.string("user", p.User)
	o.string("integrity_level", p.IntegrityLevel)
	o.string("original_file_name", p.OriginalFileName)
	o.string("company", p.Company)
	o.string("product", p.Product)
	o.string("description", p.Description)
	o.string("file_version", p.FileVersion)
	o.hashes(p.Hashes)
	o.object("signer", signerTerm(p.Signature))
	if o.empty() {
		return nil
	}
	o.set("role", ast.InternedTerm(string(p.Role)))
	if p.Msiexec != nil {
		o.set("msiexec", commandLineTerm(p.Msiexec))
	}
	if p.Written != nil {
		o.set("written", writtenTerm(p.Written))
	}
	return o.term()
}

// writtenTerm is who wrote a file; who wrote the writer's own is left out.
func writtenTerm(w *install.Written) *ast.Term {
	writer := w.By
	writer.Written = nil
	o := newObject(2)
	o.object("by", processTerm(&writer))
	o.moment("at", w.At)
	return o.term()
}
