package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"msigate/gateway/install"
)

// readConfigText reads a configuration of that text, named msigate.yaml.
func readConfigText(t testing.TB, text string) (Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "msigate.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(file)
}

func TestEveryFaultOfAConfigurationNamesFileAndLine(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // each line of the error, from the file's name on
	}{
		{"unknown key", "observe: true\nobserv: true\n", []string{"msigate.yaml:2: observ is no setting"}},
		{"unknown key, nested", "nats:\n  url: nats://127.0.0.1\n  tsl: {}\n", []string{"msigate.yaml:3: nats.tsl is no setting"}},
		{"unknown key, in a list", "bundles:\n  - name: governance\n    path: ./g\n    wach: true\n", []string{"msigate.yaml:4: bundles.0.wach is no setting"}},
		{"duplicate key", "workers: 1\nobserve: true\nworkers: 2\n", []string{"msigate.yaml:3: workers stands here a second time, first in line 1"}},
		{"wrong type", "\nworkers: many\n", []string{"msigate.yaml:2: workers: got string, want integer"}},
		{"no duration", "drain: soon\n", []string{"msigate.yaml:1: drain: 'soon' does not match pattern"}},
		{"a duration without a unit", "drain: 20\n", []string{"msigate.yaml:1: drain: got number, want string"}},
		{"a duration that is too short", "state:\n  save_interval: 0s\n", []string{"msigate.yaml:2: state.save_interval: 0s is below 100ms"}},
		{"each duration that is too short", "consumer: {ack_wait: 10ms}\nfindings:\n  settle_after: 1s\n", []string{
			"msigate.yaml:1: consumer.ack_wait: 10ms is below 1s", "msigate.yaml:3: findings.settle_after: 1s is below 1m0s",
		}},
		{"out of bounds, a limit", "limits:\n  files_per_host: 1\n  sessions_per_host: 0\n", []string{
			"msigate.yaml:2: limits.files_per_host: minimum: got 1, want 16", "msigate.yaml:3: limits.sessions_per_host: minimum: got 0, want 4",
		}},
		{"out of bounds", "embedded:\n  port: 70000\n", []string{"msigate.yaml:2: embedded.port: maximum: got 70,000, want 65,535"}},
		{"no such name", "bundles:\n  - path: ./p\n    name: polices\n", []string{"msigate.yaml:3: bundles.0.name: value must be one of 'policy', 'governance', 'baseline'"}},
		{"a key is missing", "bundles:\n  - path: policies\n    allow_unsigned: true\n", []string{"msigate.yaml:2: bundles.0: missing property 'name'"}},
		{"no place", "bundles:\n  - name: policy\n", []string{"msigate.yaml:2: bundles.0: a bundle comes from one of path, url and object, and 0 are named"}},
		{"two places", "bundles:\n  - name: policy\n    path: policies\n    object: policy.tar.gz\n", []string{"msigate.yaml:2: bundles.0: a bundle comes from one of path, url and object, and 2 are named"}},
		{"nobody to believe", "bundles:\n  - name: policy\n    path: policies\n", []string{"msigate.yaml:2: bundles.0: neither keys nor allow_unsigned: nothing it gives could be believed"}},
		{
			"settings that do not go together", "bundles:\n  - name: governance\n    object: g.tar.gz\n    keys: [k.pem]\n    watch: true\n    poll_interval: 5s\n  - name: governance\n    url: https://bundles.corp.example/g.tar.gz\n    keys: [k.pem]\n    bearer_token_file: t\n    poll_interval: 10ms\n    tls: {cert_file: c}\n  - name: baseline\n    object: b.tar.gz\n    keys: [k.pem]\n    approvers: [a.pem]\n    second_person: false\n",
			[]string{
				"msigate.yaml:2: bundles.0: bearer_token_file, tls and poll_interval are for url",
				"msigate.yaml:5: bundles.0: watch is for path: url is asked every poll_interval, object is always watched",
				"msigate.yaml:7: bundles.1: governance is named a second time: a bundle comes from one place",
				"msigate.yaml:12: bundles.1: cert_file and key_file go together: give both or neither",
				"msigate.yaml:12: bundles.1: a client certificate or bearer_token_file, not both",
				"msigate.yaml:11: bundles.1: 10ms is below 1s",
				"msigate.yaml:14: bundles.2: baseline has no object bucket of its own; use path or url",
				"msigate.yaml:17: bundles.2: approvers are named, and second_person: false asks nobody",
			},
		},
		{"a self-test all the time", "selftest:\n  every: 10ms\n", []string{"msigate.yaml:2: selftest.every: 10ms is below 1s"}},
		{"environment variable", "nats:\n  url: nats://${MSIGATE_TEST_NOT_SET}:4222\n", []string{"msigate.yaml:2: the environment variable MSIGATE_TEST_NOT_SET is not set"}},
		{"a second document", "observe: true\n---\nobserve: false\n", []string{"msigate.yaml:2: a second YAML document begins"}},
		{"a second document that is no YAML", "observe: true\n---\n[\n", []string{"msigate.yaml: a second YAML document begins"}},
		{"an address without a port", "http:\n  listen: localhost\n", []string{"msigate.yaml:2: http.listen: read the listen address"}},
		{"an address without a number", "http:\n  listen: localhost:metrics\n", []string{"msigate.yaml:2: http.listen: read the listen address"}},
		{"no mapping", "- observe\n", []string{"msigate.yaml:1: got array, want object"}},
		{"no YAML", "observe: [\n", []string{"msigate.yaml: yaml: line "}},
		{
			"all of them at once, in the order of the lines", "workers: -1\nnats:\n  url: ${MSIGATE_TEST_NOT_SET}\n  urls: x\nobserve: perhaps\n",
			[]string{
				"msigate.yaml:1: workers: minimum: got -1, want 0",
				"msigate.yaml:3: the environment variable MSIGATE_TEST_NOT_SET is not set",
				"msigate.yaml:4: nats.urls is no setting",
				"msigate.yaml:5: observe: got string, want boolean",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readConfigText(t, test.text)
			if err == nil {
				t.Fatal("it was read")
			}
			var fault *ConfigError
			if !errors.As(err, &fault) || filepath.Base(fault.File) != "msigate.yaml" {
				t.Errorf("%#v is no ConfigError of the file", err)
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(test.want) {
				t.Fatalf("got %d faults, want %d:\n%v", len(got), len(test.want), err)
			}
			for i, line := range got {
				if _, line, _ = strings.Cut(line, string(filepath.Separator)+"msigate.yaml"); !strings.HasPrefix("msigate.yaml"+line, test.want[i]) {
					t.Errorf("fault %d:\nmsigate.yaml%s\nwant\n%s", i, line, test.want[i])
				}
			}
		})
	}
}

func TestConfigurationThatIsAbsentNamesTheFile(t *testing.T) {
	_, err := ReadConfig(filepath.Join(t.TempDir(), "nowhere.yaml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestEmptyConfigurationIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "\n# nothing yet\n", "{}\n", "---\n"} {
		got, err := readConfigText(t, text)
		if err != nil || !reflect.DeepEqual(got, DefaultConfig()) {
			t.Errorf("%q: %v\n%+v", text, err, got)
		}
	}
}

func TestConfigurationOverridesOnlyWhatItNames(t *testing.T) {
	t.Setenv("MSIGATE_TEST_HOST", "bus.corp.example")
	t.Setenv("MSIGATE_TEST_WORKERS", "3")
	t.Setenv("MSIGATE_TEST_QUOTED", "007")
	got, err := readConfigText(t, `
nats:
  url: tls://${MSIGATE_TEST_HOST}:4222
  credentials_file: "${MSIGATE_TEST_QUOTED}"
workers: ${MSIGATE_TEST_WORKERS}
limits:
  findings: 100
  files_per_host: 64
  sessions_per_host: 32
  packages_per_host: 16
  decisions_per_host: 8
state: {save_interval: 2s}
findings: {settle_after: 30m}
drain: 1m30s
hosts:
  dns_suffixes: [corp.example, $literal]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.NATS.URL, want.NATS.CredentialsFile = "tls://bus.corp.example:4222", "007"
	want.Workers, want.Limits.Findings, want.Drain = 3, 100, 90*time.Second
	want.Limits.FilesPerHost, want.Limits.SessionsPerHost, want.Limits.PackagesPerHost, want.Limits.DecisionsPerHost = 64, 32, 16, 8
	want.State.SaveInterval, want.Findings.SettleAfter = 2*time.Second, 30*time.Minute
	want.Hosts.DNSSuffixes = []string{"corp.example", "$literal"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestEveryLimitReachesTheWorkers(t *testing.T) {
	c := DefaultConfig()
	limits := reflect.ValueOf(&c.Limits).Elem()
	for i := range limits.NumField() {
		limits.Field(i).SetInt(int64(2 * (1000 + i)))
	}
	c.Findings.SettleAfter, c.Hosts.DNSSuffixes = 20*time.Minute, []string{"corp.example"}
	g := &Gateway{options: Options{Config: c}}
	o, l := g.workerOptions(2), c.Limits
	want := install.Limits{
		Hosts: l.Hosts / 2, Processes: l.Processes / 2, // shared out
		ProcessesPerHost: l.ProcessesPerHost, TreeProcessesPerHost: l.TreesPerHost, FilesPerHost: l.FilesPerHost,
		SessionsPerHost: l.SessionsPerHost, PackagesPerHost: l.PackagesPerHost, WatchedPerHost: l.DecisionsPerHost,
	}
	if o.Limits != want || o.Findings.MaxFindings != l.Findings/2 {
		t.Errorf("%+v, %+v\nwant %+v, %d findings", o.Limits, o.Findings, want, l.Findings/2)
	}
	if o.SettleAfter != c.Findings.SettleAfter || !slices.Equal(o.DNSSuffixes, c.Hosts.DNSSuffixes) || o.History == nil {
		t.Errorf("%+v", o)
	}
}

// schemaNode is the part of JSON Schema that describes a configuration.
type schemaNode struct {
	Type                 string                `json:"type"`
	Description          string                `json:"description"`
	Default              any                   `json:"default"`
	Properties           map[string]schemaNode `json:"properties"`
	Items                *schemaNode           `json:"items"`
	Required             []string              `json:"required"`
	AdditionalProperties *bool                 `json:"additionalProperties"`
}

func configSchemaRoot(t testing.TB) schemaNode {
	t.Helper()
	var root schemaNode
	if err := json.Unmarshal(ConfigSchema(), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestSchemaAndConfigAgreeFieldByField(t *testing.T) {
	agrees(t, "", configSchemaRoot(t), reflect.TypeFor[Config](), reflect.ValueOf(DefaultConfig()))
}

// agrees holds a type to its schema: the same names, the types that YAML gives
// them, and the default of the schema where there is a value of the default
// configuration to compare.
func agrees(t *testing.T, path string, node schemaNode, typ reflect.Type, value reflect.Value) {
	t.Helper()
	if path != "" && node.Description == "" {
		t.Errorf("%s has no description", path)
	}
	switch {
	case typ == reflect.TypeFor[time.Duration]():
		wantsType(t, path, node, "string")
		if node.Default == nil || !value.IsValid() {
			t.Errorf("%s: the schema has no default", path)
			return
		}
		if got, err := time.ParseDuration(fmt.Sprint(node.Default)); err != nil || got != time.Duration(value.Int()) {
			t.Errorf("%s: the schema's default is %v, the program's %v", path, node.Default, value)
		}
	case typ.Kind() == reflect.Struct:
		wantsType(t, path, node, "object")
		if node.AdditionalProperties == nil || *node.AdditionalProperties {
			t.Errorf("%s: the schema lets unknown keys pass", path)
		}
		fields := map[string]reflect.StructField{}
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			fields[name] = field
		}
		if got, want := slices.Sorted(maps.Keys(node.Properties)), slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the type %v", path, got, want)
		}
		for name, field := range fields {
			var of reflect.Value
			if value.IsValid() {
				of = value.FieldByIndex(field.Index)
			}
			child := node.Properties[name]
			if slices.Contains(node.Required, name) {
				child.Default = reflect.Zero(field.Type).Interface() // there is none, as it must be given
			}
			agrees(t, strings.TrimPrefix(path+"."+name, "."), child, field.Type, of)
		}
	case typ.Kind() == reflect.Slice:
		wantsType(t, path, node, "array")
		if got, ok := node.Default.([]any); !ok || value.IsValid() && len(got) != value.Len() {
			t.Errorf("%s: the schema's default is %v, the program's %v", path, node.Default, value)
		}
		if node.Items == nil {
			t.Fatalf("%s: the schema says nothing of the items", path)
		}
		if typ.Elem().Kind() == reflect.Struct {
			agrees(t, path+"[]", *node.Items, typ.Elem(), reflect.Zero(typ.Elem()))
		} else {
			wantsType(t, path+"[]", *node.Items, "string")
		}
	case typ.Kind() == reflect.Pointer: // its default depends on something else
		wantsType(t, path, node, "boolean")
		if node.Default != nil || value.IsValid() && !value.IsNil() {
			t.Errorf("%s: the schema's default is %v, the program's %v", path, node.Default, value)
		}
	default:
		wantsType(t, path, node, map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean"}[typ.Kind()])
		if node.Default == nil || fmt.Sprint(node.Default) != fmt.Sprint(value) && fmt.Sprintf("%.0f", node.Default) != fmt.Sprint(value) {
			t.Errorf("%s: the schema's default is %v, the program's %v", path, node.Default, value)
		}
	}
}

func wantsType(t *testing.T, path string, node schemaNode, want string) {
	t.Helper()
	if node.Type != want {
		t.Errorf("%s: the schema says %q, the type needs %q", path, node.Type, want)
	}
}

func TestSchemaIsAJSONSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(ConfigSchema())))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	meta, err := compiler.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(document); err != nil {
		t.Error(err)
	}
}
