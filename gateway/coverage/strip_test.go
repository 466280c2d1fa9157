package coverage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/policy"
	"msigate/testdata"
)

var loadPolicy = sync.OnceValues(func() (*gateway.Policy, error) {
	return gateway.LoadPolicy(context.Background(), nil, policy.Options{Deadline: 5 * time.Second})
})

// told is a story, or a canary, that is taken through the gateway's own steps.
type told struct {
	name     string
	canary   bool
	messages []*gateway.Message
}

// everyTold gives every story and every canary whose messages are all winlogbeat's.
func everyTold(t testing.TB, p *gateway.Policy) []told {
	t.Helper()
	stories, err := fs.Sub(testdata.Stories, "stories")
	if err != nil {
		t.Fatal(err)
	}
	names, err := gateway.StoryNames(stories)
	if err != nil {
		t.Fatal(err)
	}
	var all []told
	for _, name := range names {
		s, err := gateway.ReadStory(stories, name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(s.Messages, func(m *gateway.Message) bool { return fieldsOf(m.Data) == nil }) {
			all = append(all, told{name: name, messages: s.Messages})
		}
	}
	for _, c := range p.Snapshot().Canaries() {
		one := told{name: "canary " + c.Name, canary: true}
		for i, data := range c.Messages {
			one.messages = append(one.messages, &gateway.Message{Stream: bus.StreamEvents, Sequence: uint64(i) + 1, Data: []byte(data), Stamp: time.Time{}})
		}
		all = append(all, one)
	}
	return all
}

// fieldsOf is a message of winlogbeat's, taken apart; nil where it is none.
func fieldsOf(data []byte) map[string]any {
	var m map[string]any
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	winlog, _ := m["winlog"].(map[string]any)
	if winlog == nil || winlog["event_data"] == nil {
		return nil
	}
	return m
}

// lack is what a sensor does not send: whole records, or fields of them.
type lack struct {
	name    string
	records map[string][]int    // provider → event ids
	fields  map[string][]string // event id → fields
}

const (
	sysmon    = "Microsoft-Windows-Sysmon"
	security  = "Microsoft-Windows-Security-Auditing"
	installer = "MsiInstaller"
)

var lacks = []lack{
	{name: "process_start", records: map[string][]int{sysmon: {1}, security: {4688}}},
	{name: "image_load", records: map[string][]int{sysmon: {6, 7}}},
	{name: "file_create", records: map[string][]int{sysmon: {11}}},
	{name: "file_executable", records: map[string][]int{sysmon: {29}}},
	{name: "file_delete", records: map[string][]int{sysmon: {23, 26}}},
	{name: "network", records: map[string][]int{sysmon: {3}}},
	{name: "registry", records: map[string][]int{sysmon: {12, 13, 14}}},
	{name: "install", records: map[string][]int{installer: {1033, 1034, 1035, 1040, 1042, 11707, 11708, 11724}}},
	{name: "install:1042", records: map[string][]int{installer: {1042}}},
	{name: "install:1040", records: map[string][]int{installer: {1040}}},
	{name: "process.command_line", fields: map[string][]string{"1": {"CommandLine"}, "4688": {"CommandLine"}}},
	{name: "parent", fields: map[string][]string{"1": {"ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine", "ParentUser"}, "4688": {"ProcessId", "ParentProcessName"}}},
	{name: "parent.command_line", fields: map[string][]string{"1": {"ParentCommandLine"}}},
	{name: "parent.image", fields: map[string][]string{"1": {"ParentImage"}, "4688": {"ParentProcessName"}}},
	{name: "process.user", fields: map[string][]string{"*": {"User", "SubjectUserName", "TargetUserName"}}},
	{name: "process.guid", fields: map[string][]string{"*": {"ProcessGuid", "ParentProcessGuid"}}},
	{name: "process.sha256", fields: map[string][]string{"1": {"Hashes"}}},
	{name: "module.sha256", fields: map[string][]string{"7": {"Hashes"}}},
	{name: "module.signer", fields: map[string][]string{"6": {"Signed", "Signature", "SignatureStatus"}, "7": {"Signed", "Signature", "SignatureStatus"}}},
	{name: "process.original_file_name", fields: map[string][]string{"1": {"OriginalFileName"}}},
	{name: "process.company", fields: map[string][]string{"1": {"Company", "Product", "Description"}}},
	{name: "process.integrity_level", fields: map[string][]string{"1": {"IntegrityLevel"}, "4688": {"MandatoryLabel"}}},
	{name: "process.current_directory", fields: map[string][]string{"1": {"CurrentDirectory"}}},
	{name: "event.registry.value", fields: map[string][]string{"13": {"Details"}}},
	{name: "event.install.package", fields: map[string][]string{"1040": {"param1"}, "1042": {"param1"}}},
	{name: "event.install.client_pid", fields: map[string][]string{"1040": {"param2"}, "1042": {"param2"}}},
}

// from gives the messages without what is lacking. Sequences stay, so that
// delivery orders hold.
func (l lack) from(messages []*gateway.Message) []*gateway.Message {
	var left []*gateway.Message
	for _, m := range messages {
		fields := fieldsOf(m.Data)
		winlog := fields["winlog"].(map[string]any)
		id := fmt.Sprint(winlog["event_id"])
		provider := fmt.Sprint(winlog["provider_name"])
		if slices.ContainsFunc(l.records[provider], func(one int) bool { return fmt.Sprint(one) == id }) {
			continue
		}
		data := winlog["event_data"].(map[string]any)
		changed := false
		for _, on := range []string{id, "*"} {
			for _, field := range l.fields[on] {
				if _, ok := data[field]; ok && (provider == sysmon || provider == security || provider == installer) {
					delete(data, field)
					changed = true
				}
			}
		}
		if !changed {
			left = append(left, m)
			continue
		}
		raw, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		copied := *m
		copied.Data = raw
		left = append(left, &copied)
	}
	return left
}

// held are the signals that held on any record at any time, with the worst
// disposition of a decision in which each did.
func held(ctx context.Context, p *gateway.Policy, messages []*gateway.Message) map[string]policy.Disposition {
	all := map[string]policy.Disposition{}
	for _, step := range gateway.Tell(ctx, p, messages) {
		if step.Told == nil {
			continue
		}
		answer := step.Told.Decision().Answer
		for _, s := range answer.Signals {
			if d := answer.Disposition; !all[s.ID].AtLeast(d) || all[s.ID] == "" {
				all[s.ID] = d
			}
		}
	}
	return all
}
