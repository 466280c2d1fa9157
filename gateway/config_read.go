package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"msigate/gateway/bus"
	"msigate/gateway/telemetry"
)

// DefaultConfig is what an empty file means.
func DefaultConfig() Config {
	return Config{
		DataDir:    "msigate-data",
		Embedded:   EmbeddedConfig{StoreDir: "msigate-data", Port: 4222},
		Evaluation: EvaluationConfig{Deadline: 50 * time.Millisecond},
		Consumer:   ConsumerConfig{PullMessages: 1000, MaxAckPending: bus.DefaultMaxAckPending, AckWait: bus.DefaultAckWait},
		Limits: LimitsConfig{
			Hosts: 100_000, Processes: 1_000_000, ProcessesPerHost: 2048, TreesPerHost: 1024,
			FilesPerHost: 4096, SessionsPerHost: 128, PackagesPerHost: 128, DecisionsPerHost: 256, Findings: 8192,
		},
		State:    StateConfig{SaveInterval: 10 * time.Second},
		Findings: FindingsConfig{SettleAfter: defaultSettleAfter},
		Selftest: SelftestConfig{Every: 5 * time.Minute},
		HTTP:     HTTPConfig{Listen: "127.0.0.1:9464"},
		Log:      LogConfig{Format: "text", Level: "info"},
		Drain:    20 * time.Second,
	}
}

// ReadConfig reads a YAML configuration. Every fault of it is one ConfigError
// with its line, all joined: an unknown key, a wrong type, a duplicate key, an
// environment variable that is not set.
func ReadConfig(path string) (Config, error) {
	config := DefaultConfig()
	raw, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("read the configuration: %w", err)
	}
	var root, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(raw))
	if err := documents.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return config, &ConfigError{File: path, Problem: err.Error()}
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return config, &ConfigError{File: path, Line: second.Line, Problem: "a second YAML document begins; hint: one file is one configuration, take the --- out"}
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return config, nil
	}
	reader := configReader{file: path}
	reader.expand(root.Content[0])
	reader.validate(root.Content[0])
	if len(reader.errors) > 0 {
		return config, errors.Join(reader.errors...)
	}
	if err := root.Content[0].Decode(&config); err != nil {
		return config, &ConfigError{File: path, Problem: err.Error()}
	}
	for _, d := range config.durations() {
		if d.value < d.least {
			reader.fault(locate(root.Content[0], strings.Split(d.setting, ".")), "%s: %s is below %s", d.setting, d.value, d.least)
		}
	}
	if config.HTTP.on() {
		if _, err := telemetry.ListenAddress(config.HTTP.Listen); err != nil {
			reader.fault(locate(root.Content[0], []string{"http", "listen"}), "http.listen: %v", err)
		}
	}
	reader.sources(root.Content[0], config.Bundles)
	return config, errors.Join(reader.errors...)
}

// duration is a setting with the least that it can be.
type duration struct {
	setting      string
	value, least time.Duration
}

func (c *Config) durations() []duration {
	all := []duration{
		{"evaluation.deadline", c.Evaluation.Deadline, time.Millisecond},
		{"consumer.ack_wait", c.Consumer.AckWait, time.Second},
		{"state.save_interval", c.State.SaveInterval, 100 * time.Millisecond},
		{"findings.settle_after", c.Findings.SettleAfter, time.Minute},
	}
	if c.Selftest.Every != 0 {
		all = append(all, duration{"selftest.every", c.Selftest.Every, time.Second})
	}
	return all
}

// ConfigError is one fault of a configuration file.
type ConfigError struct {
	File    string
	Line    int // 1-based; 0: the file as a whole
	Problem string
}

func (e *ConfigError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}

type configReader struct {
	file   string
	errors []error
}

func (r *configReader) fault(line int, format string, args ...any) {
	r.errors = append(r.errors, &ConfigError{File: r.file, Line: line, Problem: fmt.Sprintf(format, args...)})
}

// told tells whether there is a fault in the line of err already.
func (r *configReader) told(err error) bool {
	return slices.ContainsFunc(r.errors, func(other error) bool { return faultLine(other) == faultLine(err) })
}

func faultLine(err error) int {
	var fault *ConfigError
	if errors.As(err, &fault) {
		return fault.Line
	}
	return 0
}

// environmentVariable is ${NAME}; a dollar sign alone stands for itself.
var environmentVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} in values, so that no secret need stand in the file,
// and finds duplicate keys, of which YAML libraries keep one or the other. The
// later one is taken out, so that the rest can be looked at.
func (r *configReader) expand(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode {
		node.Value = environmentVariable.ReplaceAllStringFunc(node.Value, func(match string) string {
			name := match[2 : len(match)-1]
			value, set := os.LookupEnv(name)
			if !set {
				r.fault(node.Line, "the environment variable %s is not set", name)
			}
			return value
		})
		if node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			node.Tag = "" // a number from the environment is a number
		}
	}
	if node.Kind != yaml.MappingNode {
		for _, child := range node.Content {
			r.expand(child)
		}
		return
	}
	seen := map[string]int{}
	var kept []*yaml.Node
	for pair := range slices.Chunk(node.Content, 2) {
		key := pair[0]
		if first, twice := seen[key.Value]; twice {
			r.fault(key.Line, "%s stands here a second time, first in line %d", key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		kept = append(kept, pair...)
		r.expand(pair[1])
	}
	node.Content = kept
}

var compileConfigSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(configSchema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("urn:msigate:config", document); err != nil {
		return nil, err
	}
	return compiler.Compile("urn:msigate:config")
})

func (r *configReader) validate(root *yaml.Node) {
	schema, err := compileConfigSchema()
	if err != nil {
		r.fault(0, "the schema built in: %v", err)
		return
	}
	var value any
	if err := root.Decode(&value); err != nil {
		r.fault(root.Line, "%v", err)
		return
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(value); errors.As(err, &invalid) {
		below := configReader{file: r.file}
		below.leaves(root, invalid)
		for _, err := range below.errors {
			// What is wrong with a value that an absent variable should have given says nothing.
			if !r.told(err) {
				r.errors = append(r.errors, err)
			}
		}
	}
	slices.SortStableFunc(r.errors, func(a, b error) int { return cmp.Compare(faultLine(a), faultLine(b)) })
}

// leaves reports the causes that have no cause of their own: the rest only says "below here".
func (r *configReader) leaves(root *yaml.Node, e *jsonschema.ValidationError) {
	for _, cause := range e.Causes {
		r.leaves(root, cause)
	}
	if len(e.Causes) > 0 {
		return
	}
	if unknown, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, key := range unknown.Properties {
			path := append(slices.Clone(e.InstanceLocation), key)
			r.fault(locate(root, path), "%s is no setting", strings.Join(path, "."))
		}
		return
	}
	problem := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	if len(e.InstanceLocation) > 0 {
		problem = strings.Join(e.InstanceLocation, ".") + ": " + problem
	}
	r.fault(locate(root, e.InstanceLocation), "%s", problem)
}

// locate is the line of a key or item: of the key where there is one.
func locate(node *yaml.Node, path []string) int {
	line := node.Line
	for _, key := range path {
		var next *yaml.Node
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == key {
					line, next = node.Content[i].Line, node.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(key); err == nil && i < len(node.Content) {
				next = node.Content[i]
				line = next.Line
			}
		default:
		}
		if next == nil {
			break
		}
		node = next
	}
	return line
}
