package finding

import (
	"net/netip"
	"strings"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Bounds of one text in a finding, in bytes. The whole of it stands in the
// original event, which decision and record id lead to.
const (
	maxCommandLine = 8 << 10
	maxText        = 2 << 10
)

// newEvidence maps one Decision's event, in the case the sensor gave it; what
// is what happened.
func newEvidence(d *Masked, what string) Evidence {
	c := &d.decision.Context
	e := c.Event
	a := &d.decision.Answer
	v := Evidence{
		UID:     d.decision.ID,
		Name:    what,
		Process: newProcess(&c.Process),
		User:    newUser(c.Process.User),
		Data: EvidenceData{
			Disposition: a.Disposition,
			Severity:    a.Severity,
			Signals:     signalIDs(a.Signals),
			Kind:        string(e.Kind),
			Provider:    clip(e.Provider, maxText),
			EventID:     e.EventID,
			RecordID:    e.RecordID,
			Time:        millis(e.Time),
			Package:     clip(packageOf(c), maxText),
		},
	}
	if v.Process != nil {
		v.Process.Parent = newProcess(&c.Parent)
		v.Process.Ancestry = newAncestry(c)
		if e.Kind == event.KindProcessStart {
			v.Process.Created = millis(e.Time)
		}
	}
	if who := newActor(acting(c)); who != nil {
		v.Actor = who.short()
	}
	v.addTarget(c)
	v.addRoles(c)
	return v
}

// addTarget adds what the process acted on.
func (v *Evidence) addTarget(c *install.Context) {
	e := c.Event
	switch e.Kind {
	case event.KindProcessStart, event.KindProcessEnd:
		if v.Process == nil { // else it stands there
			v.File = executable(&c.Process)
		}
	case event.KindImageLoad:
		v.File = module(&e.Module)
	case event.KindFileCreate, event.KindFileExecutable, event.KindFileStream, event.KindFileDelete:
		v.File = newFile(e.File.Path)
		if v.File != nil {
			v.File.Hashes = fingerprints(&e.File.Hashes)
			v.File.IsDeleted = e.Kind == event.KindFileDelete
		}
		v.Data.Stream = clip(e.File.Stream, maxText)
		v.Data.Contents = clip(e.File.Contents, maxText)
	case event.KindNetwork:
		v.DstEndpoint = v.endpoint(&e.Network)
	case event.KindDNS:
		if e.Network.QueryName != "" {
			v.Query = &DNSQuery{Hostname: clip(e.Network.QueryName, maxText)}
		}
		v.Data.Answers = clip(e.Network.QueryResults, maxText)
	case event.KindRegistry:
		v.Data.Registry = &RegistryChange{
			Operation: clip(e.Registry.Operation, maxText),
			Key:       clip(e.Registry.Key, maxText),
			Value:     clip(e.Registry.Value, maxText),
			NewName:   clip(e.Registry.NewName, maxText),
		}
	case event.KindInstall:
		i := &e.Installer
		v.Data.Installer = &InstallerStatements{
			Package:      clip(i.Package, maxText),
			ClientPID:    i.ClientPID,
			Product:      clip(i.Product, maxText),
			Version:      clip(i.Version, maxText),
			Manufacturer: clip(i.Manufacturer, maxText),
			Status:       clip(i.Status, maxText),
			ProductCode:  clip(i.ProductCode, maxText),
		}
	case event.KindSensor, event.KindOther:
	}
}

// endpoint keeps an address that is none (a sensor may write a name there) in
// the data: OCSF takes 40 bytes of an IP address at most.
func (v *Evidence) endpoint(n *event.Network) *NetworkEndpoint {
	out := NetworkEndpoint{Hostname: clip(n.DestinationHost, maxText), Port: int(n.DestinationPort)}
	if _, err := netip.ParseAddr(n.DestinationIP); err == nil && len(n.DestinationIP) <= 40 {
		out.IP = n.DestinationIP
	} else {
		v.Data.Address = clip(n.DestinationIP, maxText)
	}
	if out.IP == "" && out.Hostname == "" {
		return nil
	}
	return &out
}

func (v *Evidence) addRoles(c *install.Context) {
	roles := map[string]string{}
	signers := map[string]Signer{}
	for _, one := range []struct {
		fact string
		p    *install.Process
	}{{"process", &c.Process}, {"parent", &c.Parent}, {"root", &c.Root}} {
		if one.p.Role != install.RoleNone {
			roles[one.fact] = string(one.p.Role)
		}
		if one.fact != "root" && one.p.Signature.Known {
			signers[one.fact] = newSigner(&one.p.Signature)
		}
	}
	if c.Event.Kind == event.KindImageLoad {
		signature := &c.Event.Module.Signature
		if !signature.Known {
			signature = &c.Module.Signature // another record told it
		}
		if signature.Known {
			signers["module"] = newSigner(signature)
		}
	}
	v.Data.Roles, v.Data.Signers = roles, signers
}

func newSigner(s *event.Signature) Signer {
	return Signer{
		Signed: s.Signed, Status: clip(s.Status, maxText), Subject: clip(s.Subject, maxText),
		Issuer: clip(s.Issuer, maxText), Thumbprint: clip(s.Thumbprint, maxText),
	}
}

// newProcess is nil where neither pid nor uid is known: OCSF needs one.
func newProcess(p *install.Process) *Process {
	if p.PID == 0 && p.GUID == "" {
		return nil
	}
	out := &Process{
		UID:       p.GUID,
		PID:       int64(p.PID),
		Name:      clip(base(p.Image), maxText),
		Path:      clip(p.Image, maxText),
		CmdLine:   clip(p.CommandLine, maxCommandLine),
		Directory: clip(p.CurrentDirectory, maxText),
		Integrity: clip(p.IntegrityLevel, maxText),
		User:      newUser(p.User),
		File:      executable(p),
	}
	if p.LogonID != "" {
		out.Session = &Session{UID: clip(p.LogonID, maxText)}
	}
	return out
}

// newAncestry is what stands above the parent, nearest first.
func newAncestry(c *install.Context) []ProcessEntity {
	var out []ProcessEntity
	for i := range c.Lineage {
		p := &c.Lineage[i]
		if i == 0 && sameProcess(p, &c.Parent) {
			continue
		}
		one := ProcessEntity{
			UID: p.GUID, PID: int64(p.PID), Name: clip(base(p.Image), maxText),
			Path: clip(p.Image, maxText), CmdLine: clip(p.CommandLine, maxText),
		}
		if one != (ProcessEntity{}) {
			out = append(out, one)
		}
	}
	return out
}

func sameProcess(a, b *install.Process) bool {
	return a.GUID == b.GUID && a.PID == b.PID && a.Image == b.Image
}

func newActor(p *install.Process) *Actor {
	process, user := newProcess(p), newUser(p.User)
	if process == nil && user == nil {
		return nil
	}
	return &Actor{Process: process, User: user}
}

// acting is the process that did it: of a process_start, the parent.
func acting(c *install.Context) *install.Process {
	if c.Event.Kind == event.KindProcessStart {
		return &c.Parent
	}
	return &c.Process
}

// short leaves out what the evidence's process says already.
func (a *Actor) short() *Actor {
	if a.Process == nil {
		return a
	}
	return &Actor{User: a.User, Process: &Process{UID: a.Process.UID, PID: a.Process.PID, Name: a.Process.Name, Path: a.Process.Path}}
}

// newUser splits DOMAIN\name.
func newUser(account string) *User {
	if account == "" {
		return nil
	}
	account = clip(account, maxText)
	domain, name, found := strings.Cut(account, `\`)
	if !found || name == "" {
		return &User{Name: account}
	}
	return &User{Name: name, Domain: domain}
}

func signalIDs(signals []policy.Signal) []string {
	ids := make([]string, len(signals))
	for i := range signals {
		ids[i] = signals[i].ID
	}
	return ids
}
