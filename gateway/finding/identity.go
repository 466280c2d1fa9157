package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// rootKey names what a Decision's finding is about within its host: the install
// session where it is known, else the lineage root. All Decisions with the same
// host and key share one finding.
func rootKey(d *policy.Decision) string {
	c := &d.Context
	if id := sessionID(c); id != "" {
		return join("session", id)
	}
	for _, p := range []*install.Process{&c.Root, &c.Process} {
		if key := processKey(p); key != "" {
			return key
		}
	}
	if c.Event.Kind == event.KindInstall {
		if name := packageOf(c); name != "" || c.Event.Installer.ClientPID != 0 {
			return join("installer", strconv.FormatUint(uint64(c.Event.Installer.ClientPID), 10), event.LowerASCII(name))
		}
	}
	if d.Fault != "" {
		// E.g. messages that had to be quarantined: one finding counts them all.
		return join("fault", d.Fault)
	}
	// Nothing to share a finding by: it stands alone.
	return join("decision", d.ID)
}

// sessionID is "" where no session is known, or none of several.
//
// What belongs to a session that nothing but MsiInstaller records tell of, or
// to one of several, stays with the one among them whose client the sensor saw,
// where that is one: the records can be forged, and must not take what was
// found out of the finding of whoever did it.
func sessionID(c *install.Context) string {
	s := c.Session
	if s == nil {
		return ""
	}
	if s.OpenedBy == install.OpenedByClient {
		return s.ID
	}
	seen := ""
	for i := range s.Candidates {
		if s.Candidates[i].OpenedBy != install.OpenedByClient {
			continue
		}
		if seen != "" {
			return s.ID
		}
		seen = s.Candidates[i].ID
	}
	if seen != "" {
		return seen
	}
	return s.ID
}

// processKey prefers the ProcessGuid. A PID is bound to the message that told
// of its start, because PIDs are reused; where only a child named the process,
// its image has to do.
func processKey(p *install.Process) string {
	switch {
	case p.GUID != "":
		return join("guid", event.LowerASCII(p.GUID))
	case p.PID != 0 && p.Sequence != 0:
		return join("pid", strconv.FormatUint(uint64(p.PID), 10), strconv.FormatUint(p.Sequence, 10))
	case p.PID != 0:
		return join("pid", strconv.FormatUint(uint64(p.PID), 10), event.LowerASCII(p.Image))
	default:
		return ""
	}
}

// findingUID is the same for the same host and key, always and on every gateway: 128 bits of a SHA-256, in hex.
func findingUID(host, key string) string {
	return digest("msigate finding 1", host, key)
}

// groupID is the same for one rollout on every host that it reaches: package
// identity, the signal that weighs most, and the identity of the child.
func groupID(d *policy.Decision) string {
	signal := ""
	if s := bySeverity(d.Answer.Signals); len(s) > 0 {
		signal = s[0].ID
	}
	return digest("msigate group 1", packageIdentity(&d.Context), signal, childIdentity(&d.Context))
}

// packageIdentity is what a package is called wherever it was copied to: the
// last element of its path, the whole URL without its query, or the ProductCode.
func packageIdentity(c *install.Context) string {
	name := event.LowerASCII(packageOf(c))
	if at := strings.Index(name, "://"); at >= 0 {
		name, _, _ = strings.Cut(name, "?")
		return name
	}
	return base(name)
}

// packageOf is the package a Decision is about: the one its record names, else
// that of the nearest msiexec that names one.
func packageOf(c *install.Context) string {
	if c.Package != nil {
		return c.Package.Name
	}
	if c.Event.Installer.Package != "" {
		return c.Event.Installer.Package
	}
	if name := namedPackage(&c.Process); name != "" {
		return name
	}
	if name := namedPackage(&c.Parent); name != "" {
		return name
	}
	for i := range c.Lineage {
		if name := namedPackage(&c.Lineage[i]); name != "" {
			return name
		}
	}
	return namedPackage(&c.Root)
}

func namedPackage(p *install.Process) string {
	if p.Msiexec == nil || p.Msiexec.Package == nil {
		return ""
	}
	return p.Msiexec.Package.Name
}

// childIdentity is the hash of what ran, was loaded or written, else its path
// without what differs from host to host.
func childIdentity(c *install.Context) string {
	e := c.Event
	path, hashes := c.Process.Image, c.Process.Hashes
	switch e.Kind {
	case event.KindImageLoad:
		path, hashes = e.Module.Path, e.Module.Hashes
	case event.KindFileCreate, event.KindFileExecutable, event.KindFileStream, event.KindFileDelete:
		path, hashes = e.File.Path, e.File.Hashes
	case event.KindRegistry:
		path, hashes = e.Registry.Key, event.Hashes{}
	default:
	}
	if hashes.SHA256 != "" {
		return "sha256:" + hashes.SHA256
	}
	if hashes.SHA1 != "" {
		return "sha1:" + hashes.SHA1
	}
	return hostless(path)
}

var (
	profilePart   = regexp.MustCompile(`\\users\\[^\\]+\\`)
	temporaryPart = regexp.MustCompile(`msi[0-9a-f]{1,5}\.tmp`)
	guidPart      = regexp.MustCompile(`\{[0-9a-f-]{36}\}`)
	sidPart       = regexp.MustCompile(`s-1-5-21-[0-9-]+`)
)

// hostless is a path without the user's name and the numbers that Windows
// Installer and Windows make up anew each time.
func hostless(path string) string {
	path = event.LowerASCII(path)
	path = profilePart.ReplaceAllString(path, `\users\*\`)
	path = temporaryPart.ReplaceAllString(path, "msi*.tmp")
	path = guidPart.ReplaceAllString(path, "{*}")
	return sidPart.ReplaceAllString(path, "*")
}

// join keeps parts apart that an attacker may have chosen: a NUL is in none of
// them, for decoding replaces it.
func join(parts ...string) string { return strings.Join(parts, "\x00") }

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(join(parts...)))
	return hex.EncodeToString(sum[:16])
}
