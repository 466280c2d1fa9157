package policies_test

import (
	"bytes"
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"go.yaml.in/yaml/v3"

	"msigate/gateway/event"
	"msigate/gateway/governance"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/policies"
)

// examples are a signal's examples.yaml.
type examples struct {
	Fires       example `yaml:"fires"`
	DoesNotFire example `yaml:"does_not_fire"`
}

// example is one event, its facts as the sensor gives them.
type example struct {
	Title string `yaml:"title"`
	Event struct {
		Kind event.Kind `yaml:"kind"`
		ID   int        `yaml:"id"`
	} `yaml:"event"` // default: Sysmon 1, a process start
	Process exampleProcess  `yaml:"process"`
	Parent  *exampleProcess `yaml:"parent"`
	Module  *struct {
		Path   string `yaml:"path"`
		Signer struct {
			Signed  bool   `yaml:"signed"`
			Status  string `yaml:"status"`
			Subject string `yaml:"subject"`
		} `yaml:"signer"`
		WrittenBy *exampleProcess `yaml:"written_by"`
	} `yaml:"module"`
	File *struct {
		Path string `yaml:"path"`
	} `yaml:"file"`
	Registry *struct {
		Operation string `yaml:"operation"`
		Key       string `yaml:"key"`
		Value     string `yaml:"value"`
	} `yaml:"registry"`
	Network *struct {
		DestinationIP   string `yaml:"destination_ip"`
		DestinationPort uint16 `yaml:"destination_port"`
	} `yaml:"network"`
	Install *struct { // what a MsiInstaller record says
		Package   string `yaml:"package"`
		ClientPID uint32 `yaml:"client_pid"`
	} `yaml:"install"`
	Session *struct {
		Client        *exampleProcess `yaml:"client"`
		Package       string          `yaml:"package"`
		Named         []string        `yaml:"named"` // other packages that records name
		PackageWriter *exampleProcess `yaml:"package_writer"`
	} `yaml:"session"`
	Deny map[string]struct {
		SHA256 []string `yaml:"sha256"`
	} `yaml:"deny"` // entries of the deny list
}

type exampleProcess struct {
	Image            string       `yaml:"image"`
	CommandLine      string       `yaml:"command_line"`
	User             string       `yaml:"user"`
	Role             install.Role `yaml:"role"`
	SHA256           string       `yaml:"sha256"`
	Company          string       `yaml:"company"`
	Product          string       `yaml:"product"`
	OriginalFileName string       `yaml:"original_file_name"`
	PID              uint32       `yaml:"pid"`

	WrittenBy *exampleProcess `yaml:"written_by"` // who wrote the file it was started from
}

// exampleTime is when the event of every example happened; files were written a minute before.
var exampleTime = time.Date(2026, 2, 3, 9, 15, 0, 0, time.UTC)

func readExamples(t testing.TB, s signal) examples {
	t.Helper()
	raw, err := policies.FS.ReadFile(s.Folder + "/examples.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var e examples
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&e); err != nil {
		t.Fatalf("%s/examples.yaml: %v", s.Folder, err)
	}
	return e
}

func (p exampleProcess) correlated() install.Process {
	c := install.Process{
		Process: event.Process{
			Image: p.Image, CommandLine: p.CommandLine, User: p.User, Hashes: event.Hashes{SHA256: p.SHA256},
			Company: p.Company, Product: p.Product, OriginalFileName: p.OriginalFileName, PID: p.PID,
		},
		Role:    p.Role,
		Written: p.WrittenBy.written(),
	}
	switch p.Role {
	case install.RoleClient, install.RoleService, install.RoleCustomActionServer:
		c.Msiexec = install.ParseCommandLine(p.CommandLine, "")
	}
	return c
}

// written is a file that the process wrote; nil for none.
func (p *exampleProcess) written() *install.Written {
	if p == nil {
		return nil
	}
	return &install.Written{By: p.correlated(), At: exampleTime.Add(-time.Minute)}
}

// around is the example's event in its context.
func (e example) around() *install.Context {
	record := &event.Event{
		Kind: cmp.Or(e.Event.Kind, event.KindProcessStart), EventID: cmp.Or(e.Event.ID, 1),
		Provider: "Microsoft-Windows-Sysmon", Host: "ws01.corp.example", Time: exampleTime,
	}
	around := &install.Context{Event: record, Process: e.Process.correlated()}
	if e.Parent != nil {
		around.Parent = e.Parent.correlated()
		around.Lineage = []install.Process{around.Parent}
	}
	if m := e.Module; m != nil {
		record.Module.Path = m.Path
		record.Module.Signature = event.Signature{Known: true, Signed: m.Signer.Signed, Status: m.Signer.Status, Subject: m.Signer.Subject}
		around.ModuleWritten = m.WrittenBy.written()
	}
	if e.File != nil {
		record.File.Path = e.File.Path
	}
	if r := e.Registry; r != nil {
		record.Registry = event.Registry{Operation: r.Operation, Key: r.Key, Value: r.Value}
	}
	if n := e.Network; n != nil {
		record.Network.DestinationIP, record.Network.DestinationPort = n.DestinationIP, n.DestinationPort
	}
	if e.Install != nil {
		named := install.ParsePackage(e.Install.Package, "")
		around.Package = &named
		record.Provider = "MsiInstaller"
		record.Installer = event.Installer{Package: e.Install.Package, ClientPID: e.Install.ClientPID}
	}
	if s := e.Session; s != nil {
		around.Session = &install.Session{ID: "example", OpenedBy: install.OpenedByClient, Outcome: install.OutcomeUnknown}
		if s.Client != nil {
			client := s.Client.correlated()
			around.Session.Client = &client
		}
		if s.Package != "" {
			named := install.ParsePackage(s.Package, "")
			around.Session.Package = &named
		}
		for _, name := range s.Named {
			around.Session.Named = append(around.Session.Named, install.ParsePackage(name, ""))
		}
		if w := s.PackageWriter.written(); w != nil {
			around.Session.PackageFile = &install.PackageFile{Writer: &w.By, Written: w.At}
		}
	}
	return around
}

// answer decides the example without governance data but the examples' deny lists.
func (e example) answer(t testing.TB) policy.Answer {
	t.Helper()
	s := exampleSnapshot(t)
	d := s.Decide(context.Background(), policy.Trigger{Stream: "example", Sequence: 1, Cause: policy.CauseEvent},
		policy.Facts{Context: e.around(), Host: "ws01", Now: exampleTime})
	if d.Fault != "" {
		t.Fatal(d.Fault)
	}
	return d.Answer
}

var compiled *policy.Snapshot

// exampleSnapshot holds the policy, and the deny lists of all examples.
func exampleSnapshot(t testing.TB) *policy.Snapshot {
	t.Helper()
	if compiled != nil {
		return compiled
	}
	rules, _, err := governance.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	entries, hashes := map[string]any{}, map[string]any{}
	for _, s := range signals(t) {
		for id, entry := range readExamples(t, s).Fires.Deny {
			entries[id] = map[string]any{"title": id, "created": 0}
			for _, hash := range entry.SHA256 {
				hashes[hash] = map[string]any{id: true}
			}
		}
	}
	data := map[string]any{"governance": map[string]any{"deny": entries, "index": map[string]any{"deny": map[string]any{"sha256": hashes}}}}
	compiled, err = policy.Compile(context.Background(), []policy.Bundle{
		{Stamp: policy.BundleStamp{Name: governance.NamePolicy}, Content: rules.Content},
		{Stamp: policy.BundleStamp{Name: governance.NameGovernance}, Content: &bundle.Bundle{Data: data}},
	}, policy.Options{Deadline: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestExamplesFireOrDoNotAsTheyClaim(t *testing.T) {
	for _, s := range signals(t) {
		t.Run(s.ID, func(t *testing.T) {
			e := readExamples(t, s)
			held := find(e.Fires.answer(t), s.ID)
			switch {
			case held == nil:
				t.Error("the first example does not fire it")
			case held.Evidence["context"] != "": // raised by what is around it, above what METADATA says
				if held.Title != s.Title || held.Severity != policy.Critical {
					t.Errorf("raised, it is told as %q, %s", held.Title, held.Severity)
				}
			case held.Title != s.Title || string(held.Severity) != s.Severity:
				t.Errorf("METADATA says %q, %s; the rule says %q, %s", s.Title, s.Severity, held.Title, held.Severity)
			}
			if got := e.Fires.answer(t).Disposition; string(got) != s.Disposition {
				t.Errorf("METADATA says %s, the example is %s", s.Disposition, got)
			}
			if !exampleSnapshot(t).Triggers(e.Fires.around()) {
				t.Error("no trigger fits the first example: such an event is never decided")
			}
			if find(e.DoesNotFire.answer(t), s.ID) != nil {
				t.Error("the second example fires it")
			}
		})
	}
}

func find(a policy.Answer, id string) *policy.Signal {
	for i := range a.Signals {
		if a.Signals[i].ID == id {
			return &a.Signals[i]
		}
	}
	return nil
}
