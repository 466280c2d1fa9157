package policy

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/policies"
)

// minimal is the least policy bundle that compiles: what each test adds to.
func minimal(rego string) fstest.MapFS {
	return fstest.MapFS{
		".manifest":                   {Data: []byte(`{"roots": ["an0940", "scope"], "rego_version": 1}`)},
		"scope/data.json":             {Data: []byte(`{"installer_images":["msiexec.exe"],"original_file_names":["msiexec.exe"],"providers":["MsiInstaller"],"temp_modules":["msi*.tmp"]}`)},
		"an0940/decision.rego":        {Data: []byte(rego)},
		"an0940/parameters/data.json": {Data: []byte(`{"InstallerParent":{"msiexec.exe":true},"ChildImagePath":{},"ExecutionTimeWindow":600}`)},
	}
}

// answering is a policy that gives one answer, with a trigger on process starts.
func answering(answer string) string {
	return `# METADATA
# custom:
#   trigger: [{kind: process_start}]
package an0940

decision := ` + answer + "\n"
}

func readBundle(t testing.TB, files fstest.MapFS) Bundle {
	t.Helper()
	loader, err := bundle.NewFSLoader(files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.NewCustomReader(loader).WithSkipBundleVerification(true).Read()
	if err != nil {
		t.Fatal(err)
	}
	return Bundle{Stamp: BundleStamp{Name: "policy", Revision: "test"}, Content: &b}
}

func compile(t testing.TB, files fstest.MapFS) (*Snapshot, error) {
	t.Helper()
	return Compile(context.Background(), []Bundle{readBundle(t, files)}, Options{Deadline: time.Minute})
}

func mustCompile(t testing.TB, rego string, o Options) *Snapshot {
	t.Helper()
	s, err := Compile(context.Background(), []Bundle{readBundle(t, minimal(rego))}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// builtIn is the policy bundle of the binary, without governance data.
func builtIn(t testing.TB) *Snapshot {
	t.Helper()
	files := fstest.MapFS{}
	for _, folder := range []string{"an0940", "lib", "scope", "masking", "canaries"} {
		if err := fsCopy(files, folder); err != nil {
			t.Fatal(err)
		}
	}
	files[".manifest"] = &fstest.MapFile{Data: []byte(`{"roots": ["an0940", "lib", "scope", "masking", "canaries"], "rego_version": 1}`)}
	s, err := compile(t, files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fsCopy(into fstest.MapFS, folder string) error {
	entries, err := policies.FS.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := folder + "/" + e.Name()
		if e.IsDir() {
			if err := fsCopy(into, path); err != nil {
				return err
			}
			continue
		}
		if strings.HasSuffix(path, "_test.rego") {
			continue
		}
		data, err := policies.FS.ReadFile(path)
		if err != nil {
			return err
		}
		into[path] = &fstest.MapFile{Data: data}
	}
	return nil
}

// shellBelowServer is a PowerShell that a custom-action server started.
func shellBelowServer() *install.Context {
	server := install.Process{
		Process: event.Process{
			GUID: "b0", PID: 2, Image: `C:\Windows\System32\msiexec.exe`,
			CommandLine: `C:\Windows\System32\MsiExec.exe -Embedding 0123456789ABCDEF0123456789ABCDEF`,
		},
		Role: install.RoleCustomActionServer,
	}
	service := install.Process{
		Process: event.Process{GUID: "a0", PID: 1, Image: `C:\Windows\System32\msiexec.exe`, CommandLine: `C:\Windows\System32\msiexec.exe /V`},
		Role:    install.RoleService,
	}
	shell := install.Process{
		Process: event.Process{
			GUID: "c0", PID: 3, Image: `C:\Windows\System32\WindowsPowerShell\v1.0\PowerShell.exe`,
			CommandLine: `PowerShell.exe -EncodedCommand SQBFAFgA`, User: `CORP\Alice`,
			OriginalFileName: "PowerShell.EXE", Company: "Microsoft Corporation",
			Hashes: event.Hashes{SHA256: strings.Repeat("ab", 32)},
		},
		Role: install.RoleDescendant,
	}
	return &install.Context{
		Event: &event.Event{
			Kind: event.KindProcessStart, Shape: event.ShapeWinlogbeat, Provider: "Microsoft-Windows-Sysmon",
			Channel: "Microsoft-Windows-Sysmon/Operational", EventID: 1, RecordID: 7, Host: "ws01",
			Time: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Process: shell.Process, Parent: server.Process,
		},
		Process: shell, Parent: server, Lineage: []install.Process{server, service}, Root: service,
		Sends: []string{"image_load", "install"}, Missing: []string{"process.signer"},
	}
}

// written says that the custom-action server wrote the shell and what it loads.
func written(c *install.Context) {
	by := &install.Written{By: c.Parent, At: c.Event.Time.Add(-time.Second)}
	c.Process.Written, c.ModuleWritten = by, by
	c.Parent.Written, c.Root.Written = by, by
	c.Lineage[0].Written = &install.Written{By: c.Process, At: by.At}
}

// wholeSession has every fact that a session can have, twice as a candidate.
func wholeSession(c *install.Context) *install.Session {
	client := c.Parent
	pkg := install.Package{Kind: install.PackagePath, Name: `C:\Pkg\A.msi`}
	client.Msiexec = &install.CommandLine{
		Verb: "install", Package: &pkg, Quiet: "none", Properties: map[string]string{"TARGET": `C:\X`}, Transforms: []string{"a.mst"}, Patches: []install.Package{pkg},
	}
	begin := c.Event.Time
	s := install.Session{
		ID: "5e55", OpenedBy: install.OpenedByClient, Via: install.ViaMsiexec, Verb: "install", Quiet: "none", Package: &pkg, Named: []install.Package{pkg},
		Client: &client, Launcher: []install.Process{c.Root, {}}, User: `CORP\Alice`, Begin: begin, End: begin.Add(time.Minute),
		Products: []install.Product{{Name: "P", Version: "1", Manufacturer: "M", Code: "{0A}", Action: install.ActionInstalled, Status: "1603"}},
		Outcome:  install.OutcomeFailure, Status: "1603", MarkOfTheWeb: true, Inventory: true, Within: "5e56",
		PackageFile: &install.PackageFile{Writer: &client, Written: begin, Hashes: event.Hashes{MD5: "a", SHA1: "b", SHA256: "c", Imphash: "d"}, Hashed: begin},
		Claimed:     []string{"products"}, Ambiguous: true, Doubts: []string{install.DoubtClients, install.DoubtPackage},
	}
	whole := s
	whole.Attribution = install.AttributionTransaction
	whole.Candidates = []install.Session{s, {OpenedBy: install.OpenedByServiceChild}}
	return &whole
}

func facts(c *install.Context) Facts {
	return Facts{Context: c, Host: "ws01", Now: c.Event.Time.Add(time.Minute), Received: c.Event.Time.Add(time.Second)}
}

func decide(s *Snapshot, c *install.Context) Decision {
	return s.Decide(context.Background(), Trigger{Stream: "EVENTS", Sequence: 1, Cause: CauseEvent}, facts(c))
}
