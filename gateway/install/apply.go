package install

import (
	"slices"
	"strings"

	"msigate/gateway/event"
)

// Apply takes an Event that is in scope (by the scope test, or because Tracks
// said so) into what is known of its host, and gives it back in its context.
// at is where its record stands: for a process start it is kept.
func (t *Tracker) Apply(e *event.Event, at Position) Context {
	h := t.host(e)
	if file, signature, ok := e.Certificate(); ok {
		h.certify(file, signature, stamp(e.Time))
		t.bound(h)
		t.boundTrees(h)
		return t.known(h, e, nil, nil)
	}
	h.applying = at
	h.sends.saw(e.Kind)
	var p *process
	var r *installRecord
	switch e.Kind {
	case event.KindProcessStart:
		p = t.applyStart(h, e, at)
		if p.late != 0 {
			p.late |= lateHeard
		}
	case event.KindInstall:
		p, r = h.applyInstall(e)
	default:
		p = t.applyActivity(h, e)
		h.noteRoot(e, p)
	}
	h.descend()
	c := t.known(h, e, p, r)
	h.applying = Position{}
	t.bound(h)
	t.boundTrees(h)
	return c
}

// known is e in its context: p is whom it is about, if anybody, and r the
// MsiInstaller record that it is, if it is one.
func (t *Tracker) known(h *host, e *event.Event, p *process, r *installRecord) Context {
	if p == nil { // a certificate record is about no process
		return Context{Event: e, Module: e.Module, Sends: h.sends.names(), Missing: slices.Clip(e.Missing)}
	}
	line := h.ancestors(p)
	t.widen(h, p, line)
	c := t.context(h, e, p, line)
	c.Session = t.sessionOf(h, e, p, line, r)
	c.Missing = missing(&c)
	return c
}

// applyStart records a new process and takes it into the tree where it is an
// installer process, a descendant of one, or run from a file a tree wrote.
func (t *Tracker) applyStart(h *host, e *event.Event, at Position) *process {
	p := t.start(h, e, at)
	parent := t.parentSeen(h, p, e)
	if parent != nil {
		h.adopt(parent)
		h.descend() // what the parent turns out to be decides on its child
	}
	// The event's words first: the compact record holds less.
	facts, earlier := e.Process, p.facts()
	fillFacts(&facts, &earlier)
	file, _ := h.fileOf(facts.Image, stamp(e.Time), t.window)
	role, line := roleOf(&facts, parent)
	below := parent != nil && parent.bears(stamp(e.Time))
	switch {
	case role != RoleNone:
	case p.isWrapper() && !below:
		role = RoleWrapper
	case below, file.writer != nil && file.writer != p, p.member != nil:
		role = RoleDescendant
	default:
		return p
	}
	if m := p.member; m == nil {
		h.join(p, newMember(facts, role, line), stamp(e.Time))
	} else {
		h.tells(p, &facts, role, line)
		h.traced(p, t.window)
	}
	if e.Process.Signature.Known {
		p.member.signer = max(p.member.signer, signerStart)
	}
	if parent != nil && len(p.member.above) == 0 {
		p.member.above = []*process{parent}
	}
	return p
}

// tells takes over what the start of a process says that a tree has already.
func (h *host) tells(p *process, facts *event.Process, role Role, line *CommandLine) {
	m := p.member
	was := m.facts
	m.facts = *facts
	m.facts.CommandLine = clip(m.facts.CommandLine, treeCommandLine)
	if m.signer == signerLoad {
		m.facts.Signature = was.Signature
	}
	if m.role == role && m.facts == was {
		if (m.msiexec == nil) != (line == nil) {
			h.stir(p)
			h.fresh = append(h.fresh, p) // what is known of a msiexec tells what it started
		}
		m.msiexec = line
		return
	}
	m.role, m.msiexec = role, line
	h.opens(p)
	h.stir(p)
	h.signed(p)
	h.fresh = append(h.fresh, p)
}

// parentSeen is the record of the new process's parent. Where its own start
// was not seen, what the child's record tells of it becomes one.
func (t *Tracker) parentSeen(h *host, p *process, e *event.Event) *process {
	facts := &e.Parent
	if facts.GUID == "" && facts.PID == 0 && facts.Image == "" {
		return nil
	}
	at := stamp(e.Time)
	parent := h.find(p.parentGUID, p.parentPID, facts.Image, at)
	if parent == p {
		return nil
	}
	if parent == nil {
		parent = newProcess(facts, at)
		h.add(parent)
	} else {
		h.fill(parent, facts)
	}
	if parent.member == nil {
		full, earlier := *facts, parent.facts()
		fillFacts(&full, &earlier)
		if role, line := roleOf(&full, h.recordedParent(parent)); role != RoleNone {
			// An installer process that ran before anything was heard of it.
			h.join(parent, newMember(full, role, line), at)
		}
	}
	return parent
}

// fill takes over what was not known of p yet.
func (h *host) fill(p *process, facts *event.Process) {
	if !p.fill(facts) || !p.listed {
		return
	}
	if p.guid != (identity{}) && h.byGUID[p.guid] == nil {
		h.byGUID[p.guid] = p
	}
	h.stir(p)
	if p.member != nil {
		h.signed(p)
		h.reassess(p)
		h.fresh = append(h.fresh, p)
	}
}

// adopt takes p into the tree of an ancestor, with those between: their
// records came before the ancestor's.
func (h *host) adopt(p *process) {
	if p.member != nil || !h.inTree(p) {
		return
	}
	for ; p != nil && p.member == nil; p = h.recordedParent(p) {
		h.join(p, newMember(p.facts(), RoleDescendant, nil), began(p))
	}
}

// applyActivity records what a process did, ended or loaded.
func (t *Tracker) applyActivity(h *host, e *event.Event) *process {
	at := stamp(e.Time)
	p := h.acting(e)
	if p == nil {
		p = newProcess(&e.Process, at)
	} else {
		h.fill(p, &e.Process)
	}
	if p.actsUnborn() && len(h.unborn) < keptDeeds {
		h.note(p)
	}
	if p.member == nil {
		full, earlier := e.Process, p.facts()
		fillFacts(&full, &earlier)
		if role, line := roleOf(&full, h.recordedParent(p)); role != RoleNone {
			// Its start was not seen, but there is no doubt what it is.
			if !p.listed {
				h.add(p)
			}
			h.join(p, newMember(full, role, line), at)
		}
	}
	h.adopt(p)
	h.touch(p, at)
	if isPackageFile(e.File.Path) {
		h.notePackage(e, p)
	}
	t.does(h, p, e)
	return p
}

// does takes over what a process did.
func (t *Tracker) does(h *host, p *process, e *event.Event) {
	at := stamp(e.Time)
	switch e.Kind {
	case event.KindProcessEnd:
		if p.member == nil {
			return // the ends of others are not in scope: to know of this one would be chance
		}
		h.endsAt(p, at)
		if !h.tellsEnds {
			h.tellsEnds = true
			h.stirSessions()
		}
		h.changed()
	case event.KindImageLoad:
		if p.loaded(e) {
			h.stir(p)
			h.signed(p)
			h.fresh = append(h.fresh, p) // OriginalFileName tells what it is
			h.reassess(p)
			h.changed()
		}
	case event.KindFileCreate, event.KindFileExecutable:
		t.evictions.files += h.wrote(p, e.File.Path, at, t.window)
	case event.KindFileStream:
		if e.File.Stream != "" { // a program can lie in a stream, too
			t.evictions.files += h.wrote(p, e.File.Path+":"+e.File.Stream, at, t.window)
		}
	}
}

// loaded learns from a process's load of its own executable who signed it, and
// what else the record of its start did not say; false for any other load.
func (p *process) loaded(e *event.Event) (more bool) {
	image := p.image.Value()
	if image == "" {
		image = e.Process.Image
	}
	if p.member == nil || !event.EqualFoldASCII(e.Module.Path, image) {
		return false
	}
	more = p.member.sign(e.Module.Signature, signerLoad, stamp(e.Time))
	return fillFacts(&p.member.facts, &event.Process{
		OriginalFileName: e.Module.OriginalFileName,
		Company:          e.Module.Company,
		Product:          e.Module.Product,
		Description:      e.Module.Description,
		FileVersion:      e.Module.FileVersion,
		Hashes:           e.Module.Hashes,
	}) || more
}

// opens keeps a msiexec client, which opens a session.
func (h *host) opens(p *process) {
	if p.member.role == RoleClient && !slices.Contains(h.clients, p) {
		h.clients = append(h.clients, p)
		h.stirSessions()
	}
	h.changed()
}

// applyInstall keeps a MsiInstaller record and joins it to its client, whatever
// program that is. The record can be forged, so it changes nothing of what is
// known of processes.
func (h *host) applyInstall(e *event.Event) (*process, *installRecord) {
	r := h.record(newInstallRecord(e))
	h.changed()
	if p := h.acting(e); p != nil {
		return p, r
	}
	return newProcess(&e.Process, stamp(e.Time)), r
}

// context puts together what is known around e.
func (t *Tracker) context(h *host, e *event.Event, p *process, line []*process) Context {
	c := Context{Event: e, Process: p.describe(), Module: h.module(e), Sends: h.sends.names(), RootCertificate: h.rooted}
	known := c.Process.Process
	if e.Kind != event.KindInstall {
		// What the event itself says comes first; the record adds the rest.
		c.Process.Process = e.Process
		fillFacts(&c.Process.Process, &known)
	}
	if len(line) > 0 {
		c.Lineage = make([]Process, len(line))
		for i, ancestor := range line {
			c.Lineage[i] = ancestor.describe()
		}
		told := e.Parent
		fillFacts(&told, &c.Lineage[0].Process)
		c.Lineage[0].Process = told
		c.Parent = c.Lineage[0]
	}
	if e.Kind == event.KindImageLoad {
		if one, ok := h.writeOf(e.Module.Path, stamp(e.Time), t.window); ok {
			c.ModuleWritten = one.tell()
		}
	}
	if root := h.root(p); root != nil {
		c.Root = root.describe()
	} else if writer := h.writer(e.Module.Path, stamp(e.Time), t.window); writer != nil && h.root(writer) != nil {
		c.Root = h.root(writer).describe()
	} else if e.File.Path != "" && !isPackageFile(e.File.Path) {
		c.Root = c.Process // the writer of a file that only an installer should write
	}
	if e.Kind == event.KindInstall && e.Installer.Package != "" {
		named := ParsePackage(e.Installer.Package, "")
		c.Package = &named
	}
	return c
}

// missing is what the Event lacks and correlation did not find, and what
// correlation itself could not tell.
func missing(c *Context) []string {
	list := make([]string, 0, len(c.Event.Missing)+3)
	for _, fact := range c.Event.Missing {
		if !found(c, fact) {
			list = append(list, fact)
		}
	}
	if apart := c.Event.Time.Sub(c.Event.Stamp).Abs(); apart > maxSkew && !c.Event.Stamp.IsZero() {
		list = append(list, "event.time") // shipped late, or by a clock that is wrong
	}
	install := c.Event.Kind == event.KindInstall
	switch {
	case install && c.Event.Installer.ClientPID == 0:
	case c.Process.Sequence == 0:
		list = append(list, "process") // its start was not seen
	case !install && !c.Process.Signature.Known:
		list = append(list, "process.signer")
	}
	if !install && c.Process.Role != RoleNone {
		switch top := len(c.Lineage) - 1; {
		case top < 0:
			list = append(list, "parent")
		case top+1 < MaxLineage && !isServices(c.Lineage[top].Image) && !isShell(c.Lineage[top].Image):
			list = append(list, "lineage") // it goes on above what is known
		}
	}
	if install || c.Process.Role != RoleNone {
		switch {
		case c.Session == nil || c.Session.ID == "":
			list = append(list, "session")
		case c.Session.Package == nil && !c.Session.Inventory:
			list = append(list, "session.package")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// isShell reports whether path is the desktop, above which nothing tells more.
func isShell(path string) bool {
	const tail = `:\windows\explorer.exe`
	return len(path) == len(tail)+1 && event.EqualFoldASCII(path[1:], tail)
}

// found reports whether a fact that the Event lacks is known by now.
func found(c *Context, fact string) bool {
	if fact == "module.signer" {
		return c.Module.Signature.Known
	}
	p := &c.Process.Process
	name, ok := strings.CutPrefix(fact, "process.")
	if !ok {
		p = &c.Parent.Process
		if name, ok = strings.CutPrefix(fact, "parent."); !ok {
			return false
		}
	}
	switch name {
	case "guid":
		return p.GUID != ""
	case "pid":
		return p.PID != 0
	case "image":
		return p.Image != ""
	case "user":
		return p.User != ""
	case "command_line":
		return p.CommandLine != ""
	case "current_directory":
		return p.CurrentDirectory != ""
	case "integrity_level":
		return p.IntegrityLevel != ""
	case "original_file_name":
		return p.OriginalFileName != ""
	case "company":
		return p.Company != ""
	case "product":
		return p.Product != ""
	case "description":
		return p.Description != ""
	case "file_version":
		return p.FileVersion != ""
	case "sha256":
		return p.Hashes.SHA256 != ""
	}
	return false
}
