package event

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// allFacts are the names that Missing can hold.
func allFacts() []string {
	var names []string
	for _, facts := range [][]fact{
		actorFacts, startFacts, moduleFacts, fileFacts, streamFacts, networkFacts, dnsFacts,
		registryFacts, registryValueFacts, registryRenameFacts, transactionFacts, productFacts,
	} {
		for _, f := range facts {
			names = append(names, f.path)
		}
	}
	return append(names, "event.time")
}

func TestMissingFactsAreNamedAsThePolicysInputNamesThem(t *testing.T) {
	text, err := os.ReadFile("../../policies/schemas/input.json")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Ref         string                     `json:"$ref"`
		Properties  map[string]json.RawMessage `json:"properties"`
		Definitions map[string]json.RawMessage `json:"definitions"`
	}
	var whole schema
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	for _, name := range allFacts() {
		at := json.RawMessage(text)
		for step := range strings.SplitSeq(name, ".") {
			var s schema
			if err := json.Unmarshal(at, &s); err != nil {
				t.Fatal(err)
			}
			if definition, refers := strings.CutPrefix(s.Ref, "#/definitions/"); refers {
				if err := json.Unmarshal(whole.Definitions[definition], &s); err != nil {
					t.Fatal(err)
				}
			}
			next, known := s.Properties[step]
			if !known {
				t.Errorf("%s is not in the input's schema", name)
				break
			}
			at = next
		}
	}
}

// Missing says of each kind what the record does not carry, and nothing that a
// record of that kind cannot.
func TestAnEmptyRecordOfEachKindMissesAllItCouldCarry(t *testing.T) {
	actor := []string{"process.guid", "process.image", "process.pid", "process.user"}
	with := func(more ...string) []string {
		list := append(slices.Clone(actor), more...)
		slices.Sort(list)
		return list
	}
	module := []string{
		"module.company", "module.description", "module.file_version", "module.original_file_name",
		"module.path", "module.product", "module.sha256", "module.signer",
	}
	tests := []struct {
		provider, id string
		want         []string
	}{
		{ProviderSysmon, "1", with(
			"parent.command_line", "parent.guid", "parent.image", "parent.pid", "parent.user", "process.command_line", "process.company",
			"process.current_directory", "process.description", "process.file_version", "process.integrity_level",
			"process.original_file_name", "process.product", "process.sha256")},
		{ProviderSysmon, "2", with("file.path")},
		{ProviderSysmon, "3", with("event.network.destination_ip", "event.network.destination_port", "event.network.protocol")},
		{ProviderSysmon, "4", nil},
		{ProviderSysmon, "5", actor},
		{ProviderSysmon, "6", module},
		{ProviderSysmon, "7", with(module...)},
		{ProviderSysmon, "8", nil},
		{ProviderSysmon, "10", nil},
		{ProviderSysmon, "11", with("file.path")},
		{ProviderSysmon, "12", with("event.registry.key", "event.registry.operation")},
		{ProviderSysmon, "13", with("event.registry.key", "event.registry.operation", "event.registry.value")},
		{ProviderSysmon, "14", with("event.registry.key", "event.registry.new_name", "event.registry.operation")},
		{ProviderSysmon, "15", with("file.path", "file.sha256")},
		{ProviderSysmon, "16", nil},
		{ProviderSysmon, "17", nil},
		{ProviderSysmon, "22", with("event.network.query_name", "event.network.query_results", "event.network.query_status")},
		{ProviderSysmon, "23", with("file.path", "file.sha256")},
		{ProviderSysmon, "26", with("file.path", "file.sha256")},
		{ProviderSysmon, "29", with("file.path", "file.sha256")},
		{ProviderSysmon, "255", nil},
		{ProviderSecurity, "4689", actor},
		{ProviderSecurity, "4624", nil},
		{ProviderInstaller, "1033", []string{
			"event.install.language", "event.install.manufacturer", "event.install.product",
			"event.install.product_code", "event.install.status", "event.install.version",
		}},
		{ProviderInstaller, "1040", []string{"event.install.client_pid", "event.install.package"}},
		{ProviderInstaller, "11707", []string{"event.install.product", "event.install.product_code"}},
		{ProviderInstaller, "1001", nil},
	}
	for _, test := range tests {
		line := `{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"` + test.provider + `","event_id":` + test.id + `,"computer_name":"ws01"}}`
		if test.id == "1" { // one that names no process is no start
			line = line[:len(line)-2] + `,"event_data":{"ProcessId":"7"}}}`
			test.want = slices.DeleteFunc(slices.Clone(test.want), func(fact string) bool { return fact == "process.pid" })
		}
		if e := decodeOne(t, []byte(line)); !slices.Equal(e.Missing, test.want) {
			t.Errorf("%s %s: missing\n%q, want\n%q", test.provider, test.id, e.Missing, test.want)
		}
	}
}

func TestStreamsWithANameMissTheirText(t *testing.T) {
	line := `{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":15,"computer_name":"ws01","event_data":{"TargetFilename":"C:\\a.msi:Zone.Identifier"}}}`
	e := decodeOne(t, []byte(line))
	if e.File.Path != `C:\a.msi` || e.File.Stream != "Zone.Identifier" || !slices.Contains(e.Missing, "file.contents") {
		t.Errorf("%+v, missing %v", e.File, e.Missing)
	}
}
