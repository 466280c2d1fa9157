package policies_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// excusedBy is a publisher of bundles/.
const excusedBy = "Mozilla Corporation"

// hashOf is of a length in hexadecimal digits, and a signal's own, so that its
// entries are found for it alone.
func hashOf(s signal, what string, digits int) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(s.ID+what)))[:digits]
}

// excusing is an event that fires a signal, with everything around it that could
// excuse it, and what an entry must say besides.
type excusing struct {
	context *install.Context
	listed  []string // lines of YAML: the exact arguments, and what the command line adds
	folder  string   // where a client's own package lies; "" for the cache of Configuration Manager
}

// excusable puts what fires a signal below the client that Configuration Manager
// started on a package of its cache, or has it started itself where it is the client.
func excusable(s signal, e example) excusing {
	c := e.around()
	deploying := []install.Process{{Process: ccm}, {Process: services}}
	x := excusing{context: c}
	hashes := event.Hashes{SHA256: hashOf(s, "file", 64), SHA1: hashOf(s, "file", 40)}
	signature := event.Signature{Known: true, Signed: true, Status: "valid", Subject: excusedBy}
	c.Process.Hashes, c.Process.Signature = hashes, signature
	c.Event.Module.Hashes = hashes // a signature that is valid takes the signal away: see withSigner
	switch s.ID {
	case "security_tooling": // the example switches Defender off, which nothing excuses
		c.Event.Registry.Key = `HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths\D:\stage`
	case "planted_temporary": // the example writes the file, which has no hash; this is its start
		writer := c.Process
		c.Event.Kind, c.Event.EventID = event.KindProcessStart, 1
		c.Process.Process = running(2400, c.Event.File.Path, c.Event.File.Path+" /s", system)
		c.Process.Hashes, c.Process.Signature, c.Process.Role = hashes, signature, install.RoleExtracted
		c.Process.Written = &install.Written{By: writer, At: exampleTime.Add(-time.Minute)}
		c.Lineage = []install.Process{{Process: server, Role: install.RoleCustomActionServer, Msiexec: install.ParseCommandLine(server.CommandLine, "")}}
	}
	if c.Event.Kind == event.KindInstall && c.Process.Role != install.RoleClient && s.Excusable {
		// The same record where the sensor saw a msiexec ask for that package.
		c.Process.Process = running(c.Process.PID, msiexec, "msiexec.exe /q /i "+c.Event.Installer.Package, system)
		c.Process.Role, c.Process.Msiexec = install.RoleClient, install.ParseCommandLine(c.Process.CommandLine, "")
		c.Event.Installer.ClientPID = c.Process.PID
	}
	// A package on a whole server, on WebDAV or in Windows' own cache can lie in no source.
	movable := strings.NewReplacer("files.orrery.example/", "files.orrery.example/msi/", `files.orrery.example@SSL\DavWWWRoot`, `fs01.corp.example\packages`,
		`C:\Windows\Installer\4a1f.msi`, cached)
	moved := func(p *install.Process) {
		if p.Role == install.RoleClient {
			p.CommandLine = movable.Replace(p.CommandLine)
			p.Msiexec = install.ParseCommandLine(p.CommandLine, "")
		}
	}
	moved(&c.Process)
	if c.Event.Kind == event.KindInstall {
		c.Event.Installer.Package = movable.Replace(c.Event.Installer.Package)
		named := install.ParsePackage(c.Event.Installer.Package, "")
		c.Package = &named
	}
	asked := install.Process{Process: client, Role: install.RoleClient, Msiexec: install.ParseCommandLine(client.CommandLine, "")}
	if c.Session != nil && c.Session.Client != nil {
		asked = *c.Session.Client
		moved(&asked)
	}
	c.Lineage = slices.DeleteFunc(c.Lineage, func(p install.Process) bool {
		return p.Role == install.RoleClient || p.Role == "" && s.ID != "wrapper_dropped_package"
	})
	if c.Process.Role == install.RoleClient {
		asked = c.Process
	} else {
		c.Lineage = append(c.Lineage, asked)
	}
	c.Lineage = append(c.Lineage, deploying...)
	c.Parent = c.Lineage[0]
	if pkg := asked.Msiexec.Package; pkg != nil && pkg.Name != cached {
		x.folder = pkg.Name[:max(strings.LastIndexAny(pkg.Name, `\/`), 0)]
	}
	if c.Session == nil {
		c.Session = &install.Session{ID: "example", OpenedBy: install.OpenedByClient, Outcome: install.OutcomeUnknown}
	}
	session := c.Session
	session.Client, session.Launcher, session.Package, session.Attribution, session.Begin = &asked, deploying, asked.Msiexec.Package, install.AttributionLineage, exampleTime.Add(-time.Second)
	if session.PackageFile == nil {
		session.PackageFile = &install.PackageFile{}
	}
	session.PackageFile.Hashes, session.PackageFile.Hashed = event.Hashes{SHA256: hashOf(s, "package", 64)}, exampleTime.Add(-time.Minute)
	c.Sends = []string{"file_create"}
	list := func(field string, values ...string) {
		if len(values) > 0 {
			x.listed = append(x.listed, fmt.Sprintf("    %s: ['%s']", field, strings.Join(values, "', '")))
		}
	}
	if programNamed(c.Process.CommandLine) {
		list("command_lines", c.Process.CommandLine)
	}
	list("transforms", asked.Msiexec.Transforms...)
	for _, patch := range asked.Msiexec.Patches {
		list("patches", patch.Name)
	}
	properties := ""
	for name := range asked.Msiexec.Properties {
		if !strings.EqualFold(name, "transforms") && !strings.EqualFold(name, "patch") {
			properties += fmt.Sprintf("      %s: ['*']\n", name)
		}
	}
	if properties != "" {
		x.listed = append(x.listed, strings.TrimSuffix("    properties:\n"+properties, "\n"))
	}
	return x
}

// programNamed says whether the build lets an entry name the command line.
func programNamed(line string) bool {
	line = strings.ToLower(line)
	return line != "" && !strings.Contains(line, "-embedding") && !strings.Contains(line, ".tmp") && !strings.Contains(line, "zzzzinvoke")
}

// entryFor is an entry that rests on one fact and what it needs beside it, for
// the hosts of one group.
func (x excusing) entryFor(s signal, fact string) string {
	situational := "    deployment_tools: [configuration-manager]\n"
	source := "configuration-manager-cache"
	if x.folder != "" && slices.Contains(s.ExcusedBy, "source") {
		source = group(s.ID, "")
	}
	strong := ""
	switch fact {
	case "sha256", "command_line":
		strong = fmt.Sprintf("    sha256: [%s]\n", hashOf(s, "file", 64))
	case "package_sha256":
		strong = fmt.Sprintf("    sha256: [%s]\n", hashOf(s, "package", 64))
	case "sha1":
		strong = fmt.Sprintf("    sha1: [%s]\n", hashOf(s, "file", 40))
	case "signer":
		strong = "    signers: [mozilla-corporation]\n"
	case "source", "deployment_tool":
		switch {
		case slices.Contains(s.ExcusedBy, "package_sha256") && slices.Contains(s.ExcusedBy, "source"): // together, without a strong fact
			strong = fmt.Sprintf("    sources: [%s]\n", source)
		case slices.Contains(s.ExcusedBy, "sha256"): // each beside a strong fact
			strong = fmt.Sprintf("    sha256: [%s]\n", hashOf(s, "file", 64))
			if fact == "source" {
				situational = fmt.Sprintf("    sources: [%s]\n", source)
			}
		default:
			strong = fmt.Sprintf("    sources: [%s]\n", source)
		}
	}
	return fmt.Sprintf("  - id: %s\n    title: An entry of the test\n    owner: endpoint-engineering\n    reason: An entry that a test needs, nothing more.\n"+
		"    created: 2026-01-01\n    expires: 2026-12-31\n    host_groups: [%[1]s]\n%s%s%s\n", group(s.ID, fact), strong, situational, strings.Join(x.listed, "\n"))
}

// group is a slug of its own for a signal and a fact.
func group(signal, fact string) string {
	return strings.Trim(strings.ReplaceAll(signal+"-"+fact, "_", "-"), "-")
}

// Each fact that METADATA names can excuse the signal, and nothing excuses one
// that names none.
func TestWhatMayExcuseASignalCanExcuseIt(t *testing.T) {
	var installers, sources strings.Builder
	events := map[string]excusing{}
	for _, s := range signals(t) {
		x := excusable(s, readExamples(t, s).Fires)
		events[s.ID] = x
		for _, fact := range factsToTry(s) {
			installers.WriteString(x.entryFor(s, fact))
		}
		if x.folder != "" && slices.Contains(s.ExcusedBy, "source") {
			fmt.Fprintf(&sources, "  - id: %s\n    title: A source of the test\n    owner: endpoint-engineering\n    reason: A source that a test needs, nothing more.\n"+
				"    created: %s\n    expires: 2026-12-31\n    folders: ['%s']\n", group(s.ID, ""), sourcesBegin, x.folder)
		}
	}
	snapshot := excusingSnapshot(t, installers.String(), sources.String())
	for _, s := range signals(t) {
		if s.Governance {
			continue // rests on the deny list, which beats every entry: lib/approvals
		}
		for _, fact := range factsToTry(s) {
			t.Run(s.ID+"/"+fact, func(t *testing.T) {
				now := exampleTime
				if fact != "source" && fact != "deployment_tool" {
					now = now.AddDate(0, 0, -7) // no source of the test counts yet
				}
				d := snapshot.Decide(t.Context(), policy.Trigger{Stream: "example", Sequence: 1, Cause: policy.CauseEvent},
					policy.Facts{Context: withSigner(events[s.ID].context, fact), Host: "ws01", Groups: []string{group(s.ID, fact)}, Now: now})
				if d.Fault != "" {
					t.Fatal(d.Fault)
				}
				silent := find(d.Answer, s.ID) == nil
				switch {
				case !s.Excusable:
					if silent || string(d.Answer.Disposition) != s.Disposition {
						t.Errorf("%s by %v, want %s", d.Answer.Disposition, d.Answer.Signals, s.Disposition)
					}
				case silent && !withoutASignal[s.ID+"/"+fact]:
					t.Errorf("what surrounds the event takes the signal away: %+v", d.Answer)
				case !silent && withoutASignal[s.ID+"/"+fact]:
					t.Error("the signal holds all the same")
				case d.Answer.Disposition != policy.Approved && d.Answer.Disposition != policy.Expected || d.Answer.Disposition == policy.Expected && !silent:
					t.Errorf("%s, want approved; near misses %+v", d.Answer.Disposition, d.Answer.NearMisses)
				}
			})
		}
	}
}

// withoutASignal are facts that do more than excuse: what they fit is not told.
var withoutASignal = map[string]bool{
	"custom_action_dll/signer":         true, // a valid signature
	"dropped_then_loaded/signer":       true,
	"package_share/deployment_tool":    true, // its partner is the source, and a listed share is none to look at
	"package_share/source":             true,
	"remote_transform/deployment_tool": true, // the transform lies in the source too
	"remote_transform/source":          true,
}

// sourcesBegin is the day on which the sources that the test adds begin to count.
const sourcesBegin = "2026-02-01"

// withSigner is the event with a valid signature where that is the fact to try.
func withSigner(c *install.Context, fact string) *install.Context {
	if fact != "signer" {
		return c
	}
	with, record := *c, *c.Event
	record.Module.Signature = event.Signature{Known: true, Signed: true, Status: "valid", Subject: excusedBy}
	with.Event = &record
	return &with
}

// factsToTry are those that may excuse; for a signal that nothing excuses, all.
func factsToTry(s signal) []string {
	if s.Excusable {
		return s.ExcusedBy
	}
	return facts
}

func excusingSnapshot(t *testing.T, installers, sources string) *policy.Snapshot {
	t.Helper()
	lasting := strings.NewReplacer("created: 2026-11-01", "created: 2026-01-01", "expires: 2027-10-31", "expires: 2026-12-31")
	return governed(t, "installers:\n"+installers, func(name string, raw []byte) []byte {
		text := lasting.Replace(string(raw))
		if name == "sources.yaml" {
			text += sources
		}
		return []byte(text)
	})
}
