package gateway

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
)

// Config is the configuration of `msigate run`. Its JSON Schema, with every
// field's meaning, unit and default, is config.schema.json; [ReadConfig]
// holds a file to it. The zero value of a field means its default.
type Config struct {
	NATS       NATSConfig       `yaml:"nats"`
	Embedded   EmbeddedConfig   `yaml:"embedded"`
	Bundles    []BundleConfig   `yaml:"bundles"`
	DataDir    string           `yaml:"data_dir"`
	Observe    bool             `yaml:"observe"`
	Hosts      HostsConfig      `yaml:"hosts"`
	Changes    ChangesConfig    `yaml:"changes"`
	Workers    int              `yaml:"workers"`
	Evaluation EvaluationConfig `yaml:"evaluation"`
	Consumer   ConsumerConfig   `yaml:"consumer"`
	Limits     LimitsConfig     `yaml:"limits"`
	State      StateConfig      `yaml:"state"`
	Findings   FindingsConfig   `yaml:"findings"`
	Selftest   SelftestConfig   `yaml:"selftest"`
	HTTP       HTTPConfig       `yaml:"http"`
	Log        LogConfig        `yaml:"log"`
	Drain      time.Duration    `yaml:"drain"`
}

// NATSConfig says which NATS to use. With neither URL nor Context, msigate runs its own.
type NATSConfig struct {
	URL             string    `yaml:"url"`
	Context         string    `yaml:"context"`
	CredentialsFile string    `yaml:"credentials_file"`
	NKeySeedFile    string    `yaml:"nkey_seed_file"`
	InboxPrefix     string    `yaml:"inbox_prefix"`
	JetStreamDomain string    `yaml:"jetstream_domain"`
	TLS             TLSConfig `yaml:"tls"`
}

// TLSConfig names PEM files.
type TLSConfig struct {
	CAFile   string `yaml:"ca_file"`
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// EmbeddedConfig is the NATS server inside msigate. It binds to loopback only.
type EmbeddedConfig struct {
	StoreDir string `yaml:"store_dir"`
	Port     int    `yaml:"port"`
}

// BundleConfig is one source of policy or governance: exactly one of Path, URL
// and Object.
type BundleConfig struct {
	Name            string        `yaml:"name"` // policy, governance or baseline: fixes its roots
	Path            string        `yaml:"path,omitempty"`
	URL             string        `yaml:"url,omitempty"`
	Object          string        `yaml:"object,omitempty"`
	Watch           bool          `yaml:"watch,omitempty"`
	Keys            []string      `yaml:"keys,omitempty"`
	Approvers       []string      `yaml:"approvers,omitempty"`
	SecondPerson    *bool         `yaml:"second_person,omitempty"` // nil: for governance
	AllowUnsigned   bool          `yaml:"allow_unsigned,omitempty"`
	BearerTokenFile string        `yaml:"bearer_token_file,omitempty"`
	TLS             TLSConfig     `yaml:"tls,omitempty"`
	PollInterval    time.Duration `yaml:"poll_interval,omitempty"` // 0: 30s
}

// HostsConfig says how host names are read.
type HostsConfig struct {
	DNSSuffixes []string `yaml:"dns_suffixes"`
	Collectors  []string `yaml:"collectors"`
}

// ChangesConfig says whose change windows count.
type ChangesConfig struct {
	Keys []string `yaml:"keys"` // PEM files of those who open, approve and close; none: no window counts
}

// EvaluationConfig bounds the policy.
type EvaluationConfig struct {
	Deadline time.Duration `yaml:"deadline"`
}

// ConsumerConfig tunes the durable consumer.
type ConsumerConfig struct {
	PullMessages  int           `yaml:"pull_messages"`
	MaxAckPending int           `yaml:"max_ack_pending"`
	AckWait       time.Duration `yaml:"ack_wait"`
}

// LimitsConfig bounds the memory of correlation.
type LimitsConfig struct {
	Hosts            int `yaml:"hosts"`
	Processes        int `yaml:"processes"`
	ProcessesPerHost int `yaml:"processes_per_host"`
	TreesPerHost     int `yaml:"tree_processes_per_host"`
	FilesPerHost     int `yaml:"files_per_host"`
	SessionsPerHost  int `yaml:"sessions_per_host"`
	PackagesPerHost  int `yaml:"packages_per_host"`
	DecisionsPerHost int `yaml:"decisions_per_host"`
	Findings         int `yaml:"findings"`
}

// FindingsConfig says how findings live.
type FindingsConfig struct {
	SettleAfter time.Duration `yaml:"settle_after"`
}

// StateConfig says how what is known of hosts is kept across restarts.
type StateConfig struct {
	SaveInterval time.Duration `yaml:"save_interval"`
}

// SelftestConfig says how often the gateway tries itself through the bus.
type SelftestConfig struct {
	Every time.Duration `yaml:"every"` // 0: never
}

// HTTPConfig is the listener for health and metrics.
type HTTPConfig struct {
	Listen string `yaml:"listen"` // empty or off: none
}

func (c HTTPConfig) on() bool { return c.Listen != "" && !strings.EqualFold(c.Listen, "off") }

// LogConfig is how msigate speaks on stderr.
type LogConfig struct {
	Format string `yaml:"format"` // text or json
	Level  string `yaml:"level"`  // debug, info, warn or error
}

//go:embed config.schema.json
var configSchema []byte

// ConfigSchema is the JSON Schema that a configuration file is held to.
func ConfigSchema() []byte { return configSchema }

// CanNameCollector tells whether hosts.collectors of a configuration may hold the
// name, by the schema that a configuration file is held to.
func CanNameCollector(name string) (bool, error) {
	schema, err := compileConfigSchema()
	if err != nil {
		return false, fmt.Errorf("the schema built in: %w", err)
	}
	return schema.Validate(map[string]any{"hosts": map[string]any{"collectors": []any{name}}}) == nil, nil
}
