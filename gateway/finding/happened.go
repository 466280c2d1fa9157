package finding

import (
	"fmt"
	"strings"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// excerptLength bounds what one line shows of a command line, in bytes.
const excerptLength = 160

// roleNames say what a process is to Windows Installer.
var roleNames = map[install.Role]string{
	install.RoleClient:             "an installer client",
	install.RoleService:            "the Windows Installer service",
	install.RoleCustomActionServer: "a custom-action server",
	install.RoleManagedAction:      "a managed custom action",
	install.RoleExtracted:          "a program extracted from a package",
	install.RoleDescendant:         "a descendant of an installer",
	install.RoleWrapper:            "an installer's wrapper",
}

// WhatHappened is one line without what the policy made of it: for a started
// process, parent → child.
func WhatHappened(d *Masked) string {
	c := &d.decision.Context
	e := c.Event
	who := actor(&c.Process)
	switch e.Kind {
	case event.KindProcessStart:
		return fmt.Sprintf("%s → %s", actor(&c.Parent), command(&c.Process))
	case event.KindProcessEnd:
		return who + " ended"
	case event.KindImageLoad:
		return fmt.Sprintf("%s loaded %s (%s)", who, named(e.Module.Path, "a module"), signer(&e.Module.Signature))
	case event.KindFileCreate, event.KindFileExecutable:
		return fmt.Sprintf("%s wrote %s", who, named(e.File.Path, "a file"))
	case event.KindFileStream:
		return fmt.Sprintf("%s wrote %s:%s", who, named(e.File.Path, "a file"), excerpt(e.File.Stream, excerptLength))
	case event.KindFileDelete:
		return fmt.Sprintf("%s deleted %s", who, named(e.File.Path, "a file"))
	case event.KindNetwork:
		return fmt.Sprintf("%s connected to %s", who, endpoint(&e.Network))
	case event.KindDNS:
		return fmt.Sprintf("%s looked up %s", who, named(e.Network.QueryName, "a name"))
	case event.KindRegistry:
		return fmt.Sprintf("%s: %s %s", who, named(e.Registry.Operation, "changed"), named(e.Registry.Key, "a registry key"))
	case event.KindInstall:
		return installed(e, c.Package)
	case event.KindSensor, event.KindOther:
	}
	if e.Provider == "" {
		return "a record that cannot be decided"
	}
	return fmt.Sprintf("%s event %d", excerpt(e.Provider, excerptLength), e.EventID)
}

// title is the headline of a finding.
func title(d *Masked) string {
	c := &d.decision.Context
	switch c.Event.Kind {
	case event.KindProcessStart:
		return fmt.Sprintf("%s started by %s", imageName(&c.Process), inRole(&c.Parent))
	case event.KindImageLoad:
		return fmt.Sprintf("%s loaded by %s", named(base(c.Event.Module.Path), "a module"), inRole(&c.Process))
	case event.KindFileCreate, event.KindFileExecutable, event.KindFileStream:
		return fmt.Sprintf("%s written by %s", named(base(c.Event.File.Path), "a file"), inRole(&c.Process))
	default:
		return WhatHappened(d)
	}
}

// actor is a process with its role, e.g. "msiexec.exe (a custom-action server)".
func actor(p *install.Process) string {
	name := imageName(p)
	if role, ok := roleNames[p.Role]; ok {
		return name + " (" + role + ")"
	}
	return name
}

// inRole is a process by its role first: "a custom-action server
// (msiexec.exe -Embedding 5A0C…)".
func inRole(p *install.Process) string {
	role, ok := roleNames[p.Role]
	if !ok {
		return imageName(p)
	}
	return role + " (" + command(p) + ")"
}

func imageName(p *install.Process) string {
	return named(base(p.Image), "an unknown process")
}

// command is a process's name with its arguments, as far as they are known.
func command(p *install.Process) string {
	name := imageName(p)
	if args := arguments(p.CommandLine); args != "" {
		return name + " " + excerpt(args, excerptLength)
	}
	return name
}

// arguments is a command line without its first word, quoted or not.
func arguments(line string) string {
	line = strings.TrimLeft(line, " \t")
	if rest, quoted := strings.CutPrefix(line, `"`); quoted {
		_, line, _ = strings.Cut(rest, `"`)
		return strings.TrimSpace(line)
	}
	at := strings.IndexAny(line, " \t")
	if at < 0 {
		return ""
	}
	return strings.TrimSpace(line[at:])
}

func named(s, unknown string) string {
	if s == "" {
		return unknown
	}
	return excerpt(s, excerptLength)
}

func signer(s *event.Signature) string {
	switch {
	case !s.Known:
		return "signer unknown"
	case !s.Signed:
		return "not signed"
	default:
		return fmt.Sprintf("signed by %s, %s", named(s.Subject, "an unnamed signer"), strings.ToLower(named(s.Status, "status unknown")))
	}
}

func endpoint(n *event.Network) string {
	host := named(n.DestinationHost, named(n.DestinationIP, "an unknown address"))
	if n.DestinationPort == 0 {
		return host
	}
	return fmt.Sprintf("%s port %d", host, n.DestinationPort)
}

func installed(e *event.Event, p *install.Package) string {
	i := &e.Installer
	what := i.Package
	if p != nil {
		what = p.Name
	}
	if what == "" {
		what = strings.TrimSpace(i.Product + " " + i.Version)
	}
	if what == "" {
		what = i.ProductCode
	}
	out := fmt.Sprintf("MsiInstaller %d: %s", e.EventID, named(what, "no package named"))
	if i.ClientPID != 0 {
		out += fmt.Sprintf(", client PID %d", i.ClientPID)
	}
	return out
}

// subjectOf names what a Decision is about, for people.
func subjectOf(c *install.Context) string {
	if c.Event.Module.Path != "" {
		return Printable(base(c.Event.Module.Path))
	}
	if c.Event.File.Path != "" {
		return Printable(base(c.Event.File.Path))
	}
	if name := packageOf(c); c.Process.Image == "" && name != "" {
		return excerpt(base(name), excerptLength)
	}
	return imageName(&c.Process)
}

func dataSource(c *install.Context) string {
	e := c.Event
	name := e.Channel
	if name == "" {
		name = e.Provider
	}
	if name == "" {
		return ""
	}
	return clip(name, maxText) + ":" + itoa(e.EventID)
}
