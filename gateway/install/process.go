package install

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unique"

	"msigate/gateway/event"
)

const (
	// rememberedCommandLine is how much of a command line a compact record
	// keeps: enough to tell what a parent ran where its child cannot say.
	rememberedCommandLine = 256
	// treeCommandLine is how much a tree's process keeps; what msiexec was told
	// to do is parsed from the whole of it first.
	treeCommandLine = 8 << 10
)

// process is the record of one process. The strings that many processes share
// are interned; what only a tree needs is in member.
type process struct {
	guid, parentGUID identity
	pid, parentPID   uint32
	start, end       int64                 // host's clock; 0: not known, still running
	seen             int64                 // when it was last heard of
	sequence         uint64                // of the message that told of its start; 0: nobody told
	stream           unique.Handle[string] // of that message
	record           int                   // its record in it
	image, user      unique.Handle[string]
	parentImage      unique.Handle[string] // by this process's own start record; the zero Handle where it has none
	commandLine      string
	member           *member  // of a tree; stays when the host forgets the process
	older            *process // that had the same PID before
	before, after    *process // neighbours in the host's list
	changed          uint64   // the host's count of changes when its facts last changed
	wrapper          bool     // an InstallerParent found above an installer process
	widened          int64    // when it came to be above one, as a wrapper that belongs to the tree
	launcher         bool     // a session names it above its client
	listed           bool
	noted            bool     // the first it did was noted, before its start was told
	late             lateness // that it joined a tree by a record other than its own start
}

// lateness says of a process that it joined a tree late, by another record than
// its own start: what it did before was passed over, and is to be read again.
type lateness uint8

const (
	lateJoined lateness = 1 << iota // and waits for the next reading of the host's history
	lateReads                       // and its records are being read again
	lateHeard                       // and its own start has been taken in
)

// member is what is kept of a process that belongs to an installer tree.
type member struct {
	facts   event.Process
	role    Role
	msiexec *CommandLine
	above   []*process // ancestors, nearest first; emptied when the process is forgotten
	writer  *process   // who wrote the file it was started from; no member: a stranger
	written int64      // when
	first   int64      // when it was first known to run
	settled *Session   // kept when what it follows from is forgotten
	signer  signerSource
	signed  int64 // when its signature was told
}

// signerSource is who told a process's signature, the surest last.
type signerSource uint8

const (
	signerUnknown     signerSource = iota
	signerCertificate              // a certificate record of its SHA-1
	signerStart                    // a record about the process itself
	signerLoad                     // the load of its own executable
)

func newProcess(facts *event.Process, at int64) *process {
	return &process{
		guid:        parseIdentity(facts.GUID),
		pid:         facts.PID,
		seen:        at,
		image:       unique.Make(facts.Image),
		user:        unique.Make(facts.User),
		commandLine: clip(facts.CommandLine, rememberedCommandLine),
	}
}

func (p *process) setParent(parent *event.Process) {
	p.parentGUID, p.parentPID = parseIdentity(parent.GUID), parent.PID
	if parent.Image != "" {
		p.parentImage = unique.Make(parent.Image)
	}
}

// noText is what a text that was never set is.
var noText unique.Handle[string]

// parentPath is the parent's image by the process's own start record.
func (p *process) parentPath() string {
	if p.parentImage == noText {
		return ""
	}
	return p.parentImage.Value()
}

// tell notes where the record of the process's start stands.
func (p *process) tell(at Position) {
	p.stream, p.sequence, p.record = unique.Make(at.Stream), at.Sequence, at.Record
}

// position is where the record of the process's start stands; zero where nobody told.
func (p *process) position() Position {
	if p.sequence == 0 {
		return Position{}
	}
	return Position{Stream: p.stream.Value(), Sequence: p.sequence, Record: p.record}
}

// covers reports whether the process can have lived at the time, give or take.
func (p *process) covers(at, give int64) bool {
	return at == 0 || p.start <= at+give && (p.end == 0 || at <= p.end+give)
}

// role is what the process is to Windows Installer.
func (p *process) role() Role {
	switch {
	case p.member != nil:
		return p.member.role
	case p.wrapper:
		return RoleWrapper
	}
	return RoleNone
}

// fill takes over the facts that were not known yet, and reports whether there
// were any.
func (p *process) fill(facts *event.Process) (more bool) {
	if p.guid == (identity{}) && facts.GUID != "" {
		p.guid, more = parseIdentity(facts.GUID), true
	}
	if p.pid == 0 && facts.PID != 0 {
		p.pid, more = facts.PID, true
	}
	if facts.Image != "" && p.image.Value() == "" {
		p.image, more = unique.Make(facts.Image), true
	}
	if facts.User != "" && p.user.Value() == "" {
		p.user, more = unique.Make(facts.User), true
	}
	if p.commandLine == "" && facts.CommandLine != "" {
		p.commandLine, more = clip(facts.CommandLine, rememberedCommandLine), true
	}
	if m := p.member; m != nil {
		signed := m.facts.Signature.Known
		if fillFacts(&m.facts, facts) {
			m.facts.CommandLine, more = clip(m.facts.CommandLine, treeCommandLine), true
		}
		if !signed && m.facts.Signature.Known {
			m.signer = signerStart
		}
	}
	return more
}

// sign takes over a signature, unless a surer or a later one is known.
func (m *member) sign(s event.Signature, by signerSource, at int64) (more bool) {
	if !s.Known || m.facts.Signature.Known && (by < m.signer || by == m.signer && at < m.signed) {
		return false
	}
	more = m.facts.Signature != s
	m.facts.Signature, m.signer, m.signed = s, by, at
	return more
}

// facts is all that is known of the process.
func (p *process) facts() event.Process {
	if p.member != nil {
		return p.member.facts
	}
	return event.Process{
		GUID: p.guid.String(), PID: p.pid, Image: p.image.Value(), User: p.user.Value(), CommandLine: p.commandLine,
	}
}

// compact is what the record of a process outside every tree keeps.
func compact(facts *event.Process) event.Process {
	return event.Process{
		GUID: facts.GUID, PID: facts.PID, Image: facts.Image, User: facts.User,
		CommandLine: clip(facts.CommandLine, rememberedCommandLine),
	}
}

// describe is the process as a Context shows it.
func (p *process) describe() Process {
	d := p.withoutWritten()
	if m := p.member; m != nil && m.writer != nil {
		d.Written = write{m.writer, m.written}.tell()
	}
	return d
}

func (p *process) withoutWritten() Process {
	d := Process{Process: p.facts(), Role: p.role(), Sequence: p.sequence}
	if p.member != nil {
		d.Msiexec = p.member.msiexec
	}
	return d
}

// fillFacts sets each fact of into that is not known to that of from, and
// reports whether there was any.
func fillFacts(into, from *event.Process) (more bool) {
	for _, f := range [...]struct{ into, from *string }{
		{&into.GUID, &from.GUID},
		{&into.Image, &from.Image},
		{&into.CommandLine, &from.CommandLine},
		{&into.CurrentDirectory, &from.CurrentDirectory},
		{&into.User, &from.User},
		{&into.LogonID, &from.LogonID},
		{&into.IntegrityLevel, &from.IntegrityLevel},
		{&into.OriginalFileName, &from.OriginalFileName},
		{&into.Company, &from.Company},
		{&into.Product, &from.Product},
		{&into.Description, &from.Description},
		{&into.FileVersion, &from.FileVersion},
		{&into.Hashes.MD5, &from.Hashes.MD5},
		{&into.Hashes.SHA1, &from.Hashes.SHA1},
		{&into.Hashes.SHA256, &from.Hashes.SHA256},
		{&into.Hashes.Imphash, &from.Hashes.Imphash},
	} {
		if *f.into == "" && *f.from != "" {
			*f.into, more = *f.from, true
		}
	}
	if into.PID == 0 && from.PID != 0 {
		into.PID, more = from.PID, true
	}
	if !into.Signature.Known && from.Signature.Known {
		into.Signature, more = from.Signature, true
	}
	return more
}

// identity is a ProcessGuid in 16 bytes; zero where there is none.
type identity [16]byte

// parseIdentity reads a GUID as Decode writes it. Any other text is an
// identity too, by its hash, but cannot be written back.
func parseIdentity(guid string) identity {
	var id identity
	if guid == "" {
		return id
	}
	if len(guid) == 36 {
		var digits [32]byte
		n := 0
		for i := range len(guid) {
			if guid[i] != '-' && n < len(digits) {
				digits[n] = guid[i]
				n++
			}
		}
		if _, err := hex.Decode(id[:], digits[:]); err == nil {
			return id
		}
	}
	sum := sha256.Sum256([]byte(guid))
	copy(id[:], sum[:])
	return id
}

// String writes the identity as Event writes a ProcessGuid.
func (id identity) String() string {
	if id == (identity{}) {
		return ""
	}
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// clip bounds a text; what it keeps does not hold on to the rest.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.Clone(strings.ToValidUTF8(s[:n], ""))
}
