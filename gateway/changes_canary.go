package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// canaryGroup is the group of a canary's host where a filling names none.
const canaryGroup = "canary-hosts"

// inWindow gives the groups of the canary's host, and the window that a filling puts in.
func inWindow(f policy.Filling) (groups []string, open *policy.Change) {
	if !f.Open() {
		return f.Groups, nil
	}
	groups = f.Groups
	if len(groups) == 0 {
		groups = []string{canaryGroup}
	}
	ticket := f.Ticket
	if ticket == "" {
		ticket = "chg-canary"
	}
	return groups, &policy.Change{Ticket: ticket, Opener: "opener", Approver: "approver", HostGroup: groups[0], Packages: f.Packages}
}

// covering is a window that counts when an event arrives, and names every
// package that is known around it besides its own: no real one can cover more.
func covering(w policy.Change, c *install.Context, received time.Time) policy.Change {
	w.Begin, w.End, w.Opened = received.Add(-time.Hour), received.Add(time.Hour), received.Add(-time.Hour)
	w.Packages = append(slices.Clone(w.Packages), packagesOf(c)...)
	return w
}

// packagesOf are the names and hashes of the packages around an event, as a window
// could name them.
func packagesOf(c *install.Context) []string {
	var names []string
	add := func(p *install.Package) {
		if p != nil {
			name := event.LowerASCII(p.Name)
			names = append(names, name, event.Base(name))
		}
	}
	process := func(p *install.Process) {
		if p != nil && p.Msiexec != nil {
			add(p.Msiexec.Package)
		}
	}
	session := func(s *install.Session) {
		add(s.Package)
		process(s.Client)
		if s.PackageFile != nil && s.PackageFile.Hashes.SHA256 != "" {
			names = append(names, event.LowerASCII(s.PackageFile.Hashes.SHA256))
		}
	}
	process(&c.Process)
	process(&c.Parent)
	process(&c.Root)
	for i := range c.Lineage {
		process(&c.Lineage[i])
	}
	if c.Session != nil {
		session(c.Session)
		for i := range c.Session.Candidates {
			session(&c.Session.Candidates[i])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// tryWindow puts a change window into the canaries of the active policy, like an
// entry: alone, where it must hide nothing, and beside the whole scope of each entry
// that takes a window, where it must not hide what nothing excuses.
func (a *active) tryWindow(ctx context.Context, w policy.Change) error {
	alone := policy.Filling{
		Ticket: w.Ticket, Kinds: []policy.FactKind{policy.FactChange}, Now: a.snapshot.Created(),
		Groups: []string{w.HostGroup}, Packages: w.Packages,
	}
	if i := slices.IndexFunc(w.Packages, func(name string) bool { return strings.ContainsAny(name, `\/`) }); i >= 0 {
		alone.Package = w.Packages[i]
	}
	whole := alone
	whole.Whole = true
	fillings := []policy.Filling{alone, whole}
	for _, f := range a.snapshot.Fillings() {
		if !f.Whole || !f.Open() || len(f.Groups) > 0 && !slices.Contains(f.Groups, w.HostGroup) {
			continue
		}
		f.Ticket, f.Groups, f.Packages = w.Ticket, []string{w.HostGroup}, w.Packages
		if f.Package == "" {
			f.Package = alone.Package
		}
		fillings = append(fillings, f)
	}
	for _, f := range fillings {
		if missed := a.tryFilling(ctx, f); len(missed) > 0 {
			return fmt.Errorf("the change window %s would blind the policy to %d canaries, one is %s", w.Ticket, len(missed), missed[0].how)
		}
	}
	return ctx.Err()
}
