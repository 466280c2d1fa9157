package policies_test

import (
	"fmt"
	"testing"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// What the stories are made of.
const (
	msiexec    = `C:\Windows\System32\msiexec.exe`
	cached     = `C:\Windows\ccmcache\7\kestrel.msi`
	helperHash = "5f1d0c7e9b3a48d2a6c4e8f01b7d935246ac8e0f1357bd92684ace13579bdf02"
	cachedHash = "c2b1a09f8e7d6c5b4a3928170f6e5d4c3b2a19087f6e5d4c3b2a1908f7e6d5c4"
)

// told is a host whose records correlation takes, a second apart.
type told struct {
	tracker *install.Tracker
	at      time.Time
	n       uint64
}

func (h *told) tell(e event.Event) install.Context {
	h.n++
	h.at = h.at.Add(time.Second)
	e.Host, e.Time = "ws01.corp.example", h.at
	return h.tracker.Apply(&e, install.Position{Stream: "EVENTS", Sequence: h.n})
}

func (h *told) start(p, parent event.Process) install.Context {
	return h.tell(event.Event{Kind: event.KindProcessStart, EventID: 1, Provider: event.ProviderSysmon, Process: p, Parent: parent})
}

func running(pid uint32, image, commandLine, user string) event.Process {
	return event.Process{
		GUID: fmt.Sprintf("7d1c0000-0000-0000-0000-%012x", pid), PID: pid, Image: image, CommandLine: commandLine, User: user,
	}
}

var (
	system   = `NT AUTHORITY\SYSTEM`
	services = running(600, `C:\Windows\System32\services.exe`, "services.exe", system)
	ccm      = running(1200, `C:\Windows\CCM\CcmExec.exe`, "CcmExec.exe", system)
	explorer = running(1300, `C:\Windows\explorer.exe`, "explorer.exe", `CORP\alice`)
	client   = running(2000, msiexec, "msiexec.exe /i "+cached+" /qn", system)
	service  = running(2100, msiexec, msiexec+" /V", system)
	server   = running(2200, msiexec, msiexec+" -Embedding 0C5D8B3A9E2F4716A0B1C2D3E4F50617", system)
	own      = running(2300, msiexec, `msiexec.exe /i C:\Users\alice\Downloads\free.msi`, `CORP\alice`)
)

// written tells of a package file with its hash; the sensor tells of files.
func (h *told) written(path, sha256 string, by event.Process) {
	h.tell(event.Event{
		Kind: event.KindFileStream, EventID: 15, Provider: event.ProviderSysmon, Process: by,
		File: event.File{Path: path, Stream: "Zone.Identifier", Contents: "[ZoneTransfer] ZoneId=0", Hashes: event.Hashes{SHA256: sha256}},
	})
	h.tell(event.Event{Kind: event.KindFileCreate, EventID: 11, Provider: event.ProviderSysmon, Process: by, File: event.File{Path: `C:\Windows\ccmcache\7\setup.ini`}})
}

func (h *told) record(pkg string, pid uint32) {
	h.tell(event.Event{Kind: event.KindInstall, EventID: 1040, Provider: event.ProviderInstaller, Installer: event.Installer{Package: pkg, ClientPID: pid}})
}

// deployed is what every story begins with: the tool, and its client.
func (h *told) deployed() {
	h.start(ccm, services)
	h.start(client, ccm)
}

// helper is the program that a custom action starts.
func (h *told) helper(image string) install.Context {
	h.start(service, services)
	h.start(server, service)
	p := running(2400, image, image+" /s", system)
	p.Hashes.SHA256 = helperHash
	return h.start(p, server)
}

const installersOfTheStories = `installers:
  - id: kestrel
    title: Kestrel with its helper
    owner: endpoint-engineering
    reason: Rolled out to every workstation by Configuration Manager.
    created: 2026-11-01
    expires: 2027-10-31
    deployment_tools: [configuration-manager]
    sources: [configuration-manager-cache]
    sha256: [%s]
`

func approving(t *testing.T, sha256 string) *policy.Snapshot {
	t.Helper()
	return governed(t, fmt.Sprintf(installersOfTheStories, sha256), nil)
}

func TestWhatTheServiceStartsIsApprovedByWhatTheSensorSawOfItsClient(t *testing.T) {
	const helper = `D:\stage\helper.exe`
	snapshots := map[string]*policy.Snapshot{helperHash: approving(t, helperHash), cachedHash: approving(t, cachedHash)}
	for _, test := range []struct {
		name   string
		sha256 string
		story  func(h *told) install.Context
		want   policy.Disposition
	}{
		{"the deployed install", helperHash, func(h *told) install.Context {
			h.deployed()
			return h.helper(helper)
		}, policy.Approved},
		{"with the records of MsiInstaller", helperHash, func(h *told) install.Context {
			h.deployed()
			h.record(cached, client.PID)
			return h.helper(helper)
		}, policy.Approved},
		{"another program of it", cachedHash, func(h *told) install.Context {
			h.deployed()
			return h.helper(helper)
		}, policy.Alert},
		{"a user's own install beside it", helperHash, func(h *told) install.Context {
			h.deployed()
			h.start(explorer, services)
			h.start(own, explorer)
			return h.helper(helper)
		}, policy.Alert},
		{"the same, the record singles the deployed one out", helperHash, func(h *told) install.Context {
			h.deployed()
			h.start(explorer, services)
			h.start(own, explorer)
			h.record(cached, client.PID)
			return h.helper(helper)
		}, policy.Alert},
		{"a forged record for the tool itself, and no client", helperHash, func(h *told) install.Context {
			h.start(ccm, services)
			h.record(cached, ccm.PID)
			return h.helper(helper)
		}, policy.Alert},
		{"a forged record for a user's own client", helperHash, func(h *told) install.Context {
			h.start(ccm, services)
			h.start(explorer, services)
			h.start(own, explorer)
			h.record(cached, own.PID)
			return h.helper(helper)
		}, policy.Alert},
		{"nobody asked for it", helperHash, func(h *told) install.Context {
			return h.helper(helper)
		}, policy.Alert},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newTold()
			c := test.story(h)
			h.decided(t, snapshots[test.sha256], &c, test.want)
		})
	}
}

func TestTheHashOfThePackageApprovesWhatItsClientStarts(t *testing.T) {
	const helper, pkg = `D:\stage\helper.exe`, `D:\share\kestrel.msi`
	from := running(2000, msiexec, "msiexec.exe /i "+pkg+" /qn", system)
	snapshot := approving(t, cachedHash)
	for _, test := range []struct {
		name  string
		story func(h *told)
		want  policy.Disposition
	}{
		{"hashed before", func(h *told) {
			h.written(pkg, cachedHash, ccm)
			h.start(from, ccm)
		}, policy.Approved},
		{"another package", func(h *told) {
			h.written(pkg, helperHash, ccm)
			h.start(from, ccm)
		}, policy.Alert},
		{"exchanged between its hash and the begin", func(h *told) {
			h.written(pkg, cachedHash, ccm)
			h.tell(event.Event{Kind: event.KindFileCreate, EventID: 11, Provider: event.ProviderSysmon, Process: explorer, File: event.File{Path: pkg}})
			h.start(from, ccm)
		}, policy.Alert},
		{"exchanged while the install runs", func(h *told) {
			h.written(pkg, cachedHash, ccm)
			h.start(from, ccm)
			h.at = h.at.Add(time.Minute)
			h.tell(event.Event{Kind: event.KindFileCreate, EventID: 11, Provider: event.ProviderSysmon, Process: explorer, File: event.File{Path: pkg}})
		}, policy.Alert},
		{"hashed the day before yesterday", func(h *told) {
			h.written(pkg, cachedHash, ccm)
			h.at = h.at.Add(48 * time.Hour)
			h.start(ccm, services)
			h.start(from, ccm)
		}, policy.Alert},
		{"a transform besides", func(h *told) {
			h.written(pkg, cachedHash, ccm)
			changed := from
			changed.CommandLine += ` TRANSFORMS=D:\share\x.mst`
			h.start(changed, ccm)
		}, policy.Alert},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newTold()
			h.start(ccm, services)
			test.story(h)
			c := h.start(running(2400, helper, helper+" /s", system), from)
			h.decided(t, snapshot, &c, test.want)
		})
	}
}

func newTold() *told {
	return &told{tracker: install.NewTracker(install.Limits{}), at: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
}

// decided holds the last event's disposition, after everything that is pending
// has failed to come, against what is wanted.
func (h *told) decided(t *testing.T, s *policy.Snapshot, c *install.Context, want policy.Disposition) {
	t.Helper()
	trigger := policy.Trigger{Stream: "EVENTS", Sequence: h.n, Cause: policy.CauseEvent}
	d := s.Decide(t.Context(), trigger, policy.Facts{Context: c, Host: "ws01", Now: h.at, Received: h.at})
	for range 3 {
		if len(d.Answer.Pending) == 0 {
			break
		}
		if want == policy.Approved || d.Answer.Disposition != policy.Review {
			t.Errorf("%s waits for %+v", d.Answer.Disposition, d.Answer.Pending)
		}
		next := d.Answer.Pending[0]
		trigger.Cause = policy.DueCause(next.Fact)
		d = s.Decide(t.Context(), trigger, policy.Facts{Context: c, Host: "ws01", Now: next.Due, Received: h.at})
	}
	if d.Fault != "" || d.Answer.Disposition != want {
		t.Errorf("%s, want %s; near misses %+v, pending %+v, fault %q", d.Answer.Disposition, want, d.Answer.NearMisses, d.Answer.Pending, d.Fault)
	}
}
