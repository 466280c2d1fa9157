package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

func has(r Report, check, object string) bool {
	for _, f := range r.Findings {
		if f.Check == check && strings.Contains(f.Object, object) {
			return f.Found != "" && f.Means != "" && f.Run != ""
		}
	}
	return false
}

// What is planted on NATS is found, by its id and on the object that has it; when
// it is undone, nothing is found.
func TestWhatIsWrongOnTheBusIsFound(t *testing.T) {
	d := deploy(t)
	if r := d.examine(Options{}); len(r.Findings) > 0 {
		t.Fatalf("on a deployment that was just set up: %+v", r.Findings)
	}
	type config = jetstream.StreamConfig
	alter := func(name string, change func(*config)) func() {
		return func() { d.stream(name, change) }
	}
	for _, c := range []struct {
		check, object string
		plant         func()
		undo          func() // besides what setup mends; nil: nothing
	}{
		{"stream.absent", "VERDICTS", func() { d.gone("VERDICTS") }, nil},
		{"stream.subjects", "EVENTS", alter("EVENTS", func(c *config) { c.Subjects = []string{"events.host.>"} }), nil},
		{"stream.retention", "DECISIONS", func() { d.remade("DECISIONS", func(c *config) { c.Retention = jetstream.WorkQueuePolicy }) }, func() { d.gone("DECISIONS") }},
		{"stream.retention", "VERDICTS", func() { d.remade("VERDICTS", func(c *config) { c.Retention = jetstream.InterestPolicy }) }, func() { d.gone("VERDICTS") }},
		{"stream.storage", "QUARANTINE", func() { d.remade("QUARANTINE", func(c *config) { c.Storage = jetstream.MemoryStorage }) }, func() { d.gone("QUARANTINE") }},
		{"stream.max_age", "EVENTS", alter("EVENTS", func(c *config) { c.MaxAge = 12 * time.Hour }), nil},
		{"stream.dupe_window", "EVENTS", alter("EVENTS", func(c *config) { c.Duplicates = time.Minute }), nil},
		{"stream.dedup_redelivery", "EVENTS", func() { d.consumer(func(c *jetstream.ConsumerConfig) { c.AckWait = 5 * time.Minute }) }, func() {
			d.consumer(func(c *jetstream.ConsumerConfig) { c.AckWait = bus.DefaultAckWait })
		}},
		{"stream.max_msgs_per_subject", "EVENTS", alter("EVENTS", func(c *config) { c.MaxMsgsPerSubject = 10 }), nil},
		{"stream.allow_direct", "EVENTS", alter("EVENTS", func(c *config) { c.AllowDirect = true }), nil},
		{"stream.deny_purge", "AUDIT", func() { d.remade("AUDIT", func(c *config) { c.DenyPurge = false }) }, nil},
		{"stream.deny_delete", "AUDIT", func() { d.remade("AUDIT", func(c *config) { c.DenyDelete = false }) }, nil},
		{"stream.discard", "AUDIT", alter("AUDIT", func(c *config) { c.Discard = jetstream.DiscardOld }), nil},
		{"stream.filling", "AUDIT", func() {
			d.stream("AUDIT", func(c *config) { c.MaxBytes = 4096 })
			d.publish("audit.activation", nil, strings.Repeat("x", 3500))
		}, func() { d.stream("AUDIT", func(c *config) { c.MaxBytes = bus.DefaultAuditBytes }) }},
		{"stream.size", "VERDICTS", func() {
			d.stream("VERDICTS", func(c *config) { c.MaxMsgs = 1 })
			d.publish("verdicts.alert.ws03", nil, "{}")
		}, func() { d.stream("VERDICTS", func(c *config) { c.MaxMsgs = -1 }) }},
		{"bucket.absent", bus.BucketChanges, func() { d.gone("KV_" + bus.BucketChanges) }, nil},
		{"bucket.absent", bus.BucketPolicy, func() { d.gone("OBJ_" + bus.BucketPolicy) }, nil},
		{"bucket.ttl", bus.BucketState, alter("KV_"+bus.BucketState, func(c *config) { c.MaxAge = time.Hour }), nil},
		{"bucket.allow_direct", bus.BucketHosts, alter("KV_"+bus.BucketHosts, func(c *config) { c.AllowDirect = true }), nil},
		{"bucket.history", bus.BucketChanges, alter("KV_"+bus.BucketChanges, func(c *config) { c.MaxMsgsPerSubject = 1 }), nil},
		{"consumer.unread", "EVENTS/msigate", func() { d.publish("events.host.ws03", nil, "{}"); d.pending() }, func() { d.remade("EVENTS", func(*config) {}) }},
		{"consumer.absent", "EVENTS/msigate", func() {
			if err := d.js.DeleteConsumer(patient(t), bus.StreamEvents, bus.ConsumerName); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"consumer.filter_subjects", "EVENTS/msigate", func() {
			d.consumer(func(c *jetstream.ConsumerConfig) { c.FilterSubject = "events.host.ws03" })
		}, nil},
		{"consumer.max_ack_pending", "EVENTS/msigate", func() { d.consumer(func(c *jetstream.ConsumerConfig) { c.MaxAckPending = 100 }) }, nil},
		{"consumer.paused", "EVENTS/msigate", func() {
			if _, err := d.js.PauseConsumer(patient(t), bus.StreamEvents, bus.ConsumerName, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, func() {
			if _, err := d.js.ResumeConsumer(patient(t), bus.StreamEvents, bus.ConsumerName); err != nil {
				t.Fatal(err)
			}
		}},
		{"consumer.redeliveries", "EVENTS/msigate", func() {
			d.publish("events.host.ws03", nil, "{}")
			d.fetch(1, func(m jetstream.Msg) { _ = m.Nak() })
			d.fetch(1, func(jetstream.Msg) {})
		}, func() {
			d.remade("EVENTS", func(*config) {})
		}},
		{"consumer.ack_pending", "EVENTS/msigate", func() {
			d.consumer(func(c *jetstream.ConsumerConfig) { c.MaxAckPending = 1 })
			d.publish("events.host.ws03", nil, "{}")
			d.fetch(1, func(jetstream.Msg) {})
		}, func() { d.remade("EVENTS", func(*config) {}) }},
		{"quarantine.growing", "QUARANTINE", func() {
			d.publish("quarantine.syntax", nats.Header{bus.HeaderReason: {"syntax"}, bus.HeaderSubject: {"events.host.ws03"}}, "{")
		}, func() { d.remade("QUARANTINE", func(*config) {}) }},
		{"groups.old", "cmdb", func() {
			store, err := gateway.OpenHostStore(patient(t), d.admin)
			if err != nil {
				t.Fatal(err)
			}
			hosts := []governance.Host{{Host: "ws03", Groups: []string{"office"}, Source: "cmdb", Imported: time.Now().AddDate(0, 0, -40)}}
			if _, err := store.Import(patient(t), hosts, gateway.HostImport{Source: "cmdb", By: "test"}); err != nil {
				t.Fatal(err)
			}
		}, func() { d.remade("KV_"+bus.BucketHosts, func(*config) {}) }},
		{"groups.unread", bus.BucketHosts, func() { d.publish("$KV.msigate-hosts.ws03", nil, "no host") }, func() { d.remade("KV_"+bus.BucketHosts, func(*config) {}) }},
		{"changes.no_keys", bus.BucketChanges, func() { d.publish("$KV.msigate-changes.chg-1", nil, "{}") }, func() { d.remade("KV_"+bus.BucketChanges, func(*config) {}) }},
	} {
		t.Run(c.check+" "+c.object, func(t *testing.T) {
			c.plant()
			r := d.examine(Options{})
			if !has(r, c.check, c.object) {
				t.Errorf("not found: %+v", r)
			}
			if c.undo != nil {
				c.undo()
			}
			d.setup()
			if r := d.examine(Options{}); len(r.Findings) > 0 {
				t.Fatalf("undone, and found all the same: %+v", r.Findings)
			}
		})
	}
}

// What is wrong on the machine and in the configuration.
func TestWhatIsWrongOnTheMachineIsFound(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := func(name string, expires time.Time) string {
		k, err := governance.NewSigningKey(name, expires)
		public := filepath.Join(folder, name+".pub.pem")
		if err == nil {
			err = k.WriteFiles(filepath.Join(folder, name+".pem"), public)
		}
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
	now := time.Now()
	good, other := key("good", now.AddDate(1, 0, 0)), key("other", now.AddDate(1, 0, 0))
	off := false
	source := func(b gateway.BundleConfig) func(*gateway.Config) {
		if b.Name == "" {
			b.Name = governance.NameGovernance
		}
		if b.Keys == nil && !b.AllowUnsigned {
			b.Keys = []string{good, other}
		}
		return func(c *gateway.Config) { c.Bundles = []gateway.BundleConfig{b} }
	}
	type config = gateway.Config
	for _, c := range []struct {
		check string
		plant func(*config)
		now   time.Time
	}{
		{"data_dir.unusable", func(c *config) { c.DataDir = file("a-file", "", 0o600) }, now},
		{"data_dir.open_to_others", func(c *config) { c.DataDir = shared(t) }, now},
		{"secret.open_to_others", func(c *config) { c.NATS.NKeySeedFile = file("seed", "x", 0o644) }, now},
		{"secret.unreadable", func(c *config) { c.NATS.CredentialsFile = filepath.Join(folder, "none.creds") }, now},
		{"http.exposed", func(c *config) { c.HTTP.Listen = "0.0.0.0:1" }, now},
		{"bundle.unsigned_allowed", source(gateway.BundleConfig{AllowUnsigned: true, Path: "../../bundles/governance"}), now},
		{"bundle.second_person_off", source(gateway.BundleConfig{Object: "g.tar.gz", SecondPerson: &off}), now},
		{"bundle.one_key", source(gateway.BundleConfig{Object: "g.tar.gz", Keys: []string{good}}), now},
		{"bundle.unreadable", func(c *config) { c.DataDir = corrupt(t) }, now},
		{"bundle.unreadable", source(gateway.BundleConfig{AllowUnsigned: true, Path: filepath.Join(folder, "none")}), now},
		{"key.unreadable", source(gateway.BundleConfig{Object: "g.tar.gz", Keys: []string{file("no.pem", "no key", 0o644)}}), now},
		{"key.expired", source(gateway.BundleConfig{Object: "g.tar.gz"}), now.AddDate(2, 0, 0)},
		{"key.expiring", source(gateway.BundleConfig{Object: "g.tar.gz"}), now.AddDate(1, 0, -10)},
		{"bundle.past_not_after", active(t, source(gateway.BundleConfig{Object: "g.tar.gz"}), now.AddDate(0, 1, 0)), now.AddDate(0, 2, 0)},
		{"bundle.not_after_soon", active(t, source(gateway.BundleConfig{Object: "g.tar.gz"}), now.AddDate(0, 1, 0)), now.AddDate(0, 1, -2)},
		{"bundle.old", active(t, source(gateway.BundleConfig{Object: "g.tar.gz"}), now.AddDate(0, 10, 0)), now.AddDate(0, 9, 0)},
		{"entries.expired", func(*config) {}, now.AddDate(20, 0, 0)},
		{"entries.expiring", func(*config) {}, firstEnd(t).Add(-24 * time.Hour)},
		{"nats.unreachable", func(*config) {}, now},
	} {
		t.Run(c.check, func(t *testing.T) {
			config := gateway.DefaultConfig()
			config.DataDir, config.Embedded.StoreDir, config.HTTP.Listen = private(t), folder, "off"
			c.plant(&config)
			r := examined(t, Options{Config: config, Unreachable: fmt.Errorf("nobody listens"), Now: func() time.Time { return c.now }})
			if !has(r, c.check, "") {
				t.Errorf("not found: %+v", r)
			}
		})
	}
	t.Run("disk.nearly_full", func(t *testing.T) {
		config := gateway.DefaultConfig()
		config.DataDir = filepath.Join(private(t), "not", "there", "yet")
		r := examined(t, Options{Config: config, Unreachable: fmt.Errorf("nobody listens"), Disk: func(string) (uint64, uint64, error) { return 1 << 30, 100 << 30, nil }})
		if !has(r, "disk.nearly_full", "data_dir") || !has(r, "disk.nearly_full", "embedded.store_dir") {
			t.Errorf("not found: %+v", r)
		}
	})
}

func private(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func shared(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// corrupt is a data_dir whose active.json is not what was written.
func corrupt(t *testing.T) string {
	t.Helper()
	folder := private(t)
	if err := os.MkdirAll(filepath.Join(folder, "bundles"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "bundles", "active.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// active is a configuration whose governance became active now, until notAfter.
func active(t *testing.T, source func(*gateway.Config), notAfter time.Time) func(*gateway.Config) {
	t.Helper()
	_, b, err := governance.BuiltIn()
	if err == nil {
		err = b.Stamp(1, notAfter)
	}
	var raw bytes.Buffer
	if err == nil {
		err = b.WriteArchive(&raw)
	}
	folder := private(t)
	store, opened := governance.OpenStore(filepath.Join(folder, "bundles"))
	if err == nil {
		err = opened
	}
	if err == nil {
		err = store.Stage(governance.NameGovernance, raw.Bytes())
	}
	if err == nil {
		err = store.Commit(governance.Active{Bundles: map[string]governance.Kept{
			governance.NameGovernance: {SHA256: governance.Digest(raw.Bytes()), Serial: 1, Revision: b.Revision, Activated: time.Now()},
		}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(c *gateway.Config) { source(c); c.DataDir = folder }
}

// firstEnd is when the first entries of the governance built in end.
func firstEnd(t *testing.T) time.Time {
	t.Helper()
	_, b, err := governance.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var first time.Time
	for _, e := range b.Entries() {
		if first.IsZero() || e.Expires.Before(first) {
			first = e.Expires
		}
	}
	return first
}

// What only a cluster, a backlog or another clock shows, told to the checks.
func TestWhatAnInspectionShows(t *testing.T) {
	now := time.Now()
	events := bus.StreamInspection{Name: bus.StreamEvents, MaxAge: 72 * time.Hour, Replicas: 3, Duplicates: 10 * time.Minute}
	for _, c := range []struct {
		check string
		of    func(*bus.Inspection)
	}{
		{"stream.single_replica", func(i *bus.Inspection) { i.Cluster = "c1"; i.Streams[0].Replicas = 1 }},
		{"stream.replica_behind", func(i *bus.Inspection) { i.Cluster = "c1"; i.Streams[0].Behind = []string{"n2"} }},
		{"stream.replica_behind", func(i *bus.Inspection) { i.Cluster = "c1"; i.Streams[0].Leaderless = true }},
		{"consumer.lag", func(i *bus.Inspection) { i.Consumer.Pending, i.Consumer.Oldest = 1, now.Add(-5*time.Minute) }},
		{"consumer.expiring", func(i *bus.Inspection) { i.Consumer.Pending, i.Consumer.Oldest = 1, now.Add(-50*time.Hour) }},
	} {
		t.Run(c.check, func(t *testing.T) {
			for _, planted := range []bool{false, true} {
				i := bus.Inspection{ServerTime: now, Streams: []bus.StreamInspection{events}, Consumer: &bus.ConsumerInspection{Waiting: 1, AckWait: 10 * time.Second, MaxAckPending: 8192}}
				if planted {
					c.of(&i)
				}
				e := &examination{Options: Options{Config: gateway.DefaultConfig()}, now: now, inspected: i}
				for _, s := range i.Streams {
					e.stream(s)
				}
				e.consumer()
				if found := has(e.report, c.check, ""); found != planted || !planted && len(e.report.Findings) > 0 {
					t.Errorf("planted %v: %+v", planted, e.report.Findings)
				}
			}
		})
	}
}

// Messages that a killed gateway took stay in flight; a slow one still acknowledges.
func TestNobodyReadsThoughSomethingIsInFlight(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		pending, inFlight, waiting int
		sign                       time.Duration // since something was acknowledged; -1: the server does not say
		oldest                     time.Duration // since the oldest that waits came
		found                      bool
	}{
		"nothing in flight":                 {1, 0, 0, time.Second, time.Second, true},
		"killed a while ago":                {1, 7, 0, 5 * time.Minute, 4 * time.Minute, true},
		"killed with all in flight":         {0, 7, 0, 5 * time.Minute, 0, true},
		"slow":                              {1, 7, 0, 20 * time.Second, 5 * time.Minute, false},
		"slow, all in flight":               {0, 7, 0, 20 * time.Second, 0, false},
		"asks, and gets nothing":            {1, 7, 1, 5 * time.Minute, 5 * time.Minute, false},
		"asks, all in flight":               {0, 7, 1, 5 * time.Minute, 0, false},
		"nothing to do":                     {0, 0, 0, 5 * time.Minute, 0, false},
		"nothing came until a moment ago":   {1, 7, 0, 5 * time.Minute, 20 * time.Second, false},
		"the server does not say, some old": {1, 7, 0, -1, 5 * time.Minute, true},
		"the server does not say, none old": {1, 7, 0, -1, 20 * time.Second, false},
		"the server does not say, none":     {0, 7, 0, -1, 0, false},
		"killed a moment ago, slow":         {1, 7, 0, 59 * time.Second, 5 * time.Minute, false},
	} {
		i := bus.ConsumerInspection{Pending: uint64(c.pending), AckPending: c.inFlight, Waiting: c.waiting, AckWait: 10 * time.Second}
		if c.pending > 0 {
			i.Oldest = now.Add(-c.oldest)
		}
		if c.sign >= 0 {
			i.Acknowledged = now.Add(-c.sign)
			i.LastDelivered = now.Add(-c.sign - time.Second)
		}
		e := &examination{Options: Options{Config: gateway.DefaultConfig()}, now: now, inspected: bus.Inspection{ServerTime: now, Consumer: &i}}
		e.consumer()
		if has(e.report, "consumer.unread", "") != c.found {
			t.Errorf("%s: %+v", name, e.report.Findings)
		}
	}
}

// Who interrupts it is not told that nothing is wrong.
func TestInterruptedExaminationReportsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(patient(t))
	config := gateway.DefaultConfig()
	config.DataDir = t.TempDir()
	r, err := Examine(ctx, Options{Config: config, Unreachable: errors.New("nobody listens"), Disk: func(string) (uint64, uint64, error) {
		cancel()
		return 1 << 40, 1 << 40, nil
	}})
	if !errors.Is(err, context.Canceled) || len(r.Findings) > 0 {
		t.Errorf("report %+v, error %v", r, err)
	}
}

// Only what is acknowledged and old is late.
func TestWhatIsNotWrittenDownIsFound(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		floor uint64
		age   time.Duration
		found bool
	}{{5, time.Hour, true}, {4, time.Hour, false}, {5, time.Minute, false}} {
		e := &examination{Options: Options{Config: gateway.DefaultConfig()}, inspected: bus.Inspection{ServerTime: now, Consumer: &bus.ConsumerInspection{AckFloor: c.floor}}}
		e.late(&bus.Message{Sequence: 5, Stamp: now.Add(-c.age)})
		if has(e.report, "state.not_written", bus.BucketState) != c.found {
			t.Errorf("%+v: %+v", c, e.report.Findings)
		}
	}
}

// A clock that is wrong, a server that takes small messages only, and credentials
// that allow too much or too little.
func TestWhatIsWrongWithTheConnectionIsFound(t *testing.T) {
	d := deploy(t)
	r := d.examine(Options{Now: func() time.Time { return time.Now().Add(-time.Minute) }})
	if !has(r, "clock.skew", "nats") || !strings.Contains(r.Findings[0].Found, "behind the server") {
		t.Errorf("a clock that is a minute behind: %+v", r.Findings)
	}
	wide := d.config
	wide.NATS = gateway.NATSConfig{URL: d.as("admin")}
	r = d.examine(Options{Config: wide})
	all := fmt.Sprint(r.Findings)
	for _, can := range []string{"events.host.", "msigate-changes", "msigate-governance", "change_opened", "delete, purge", "directly", "subscribe to any subject"} {
		if !strings.Contains(all, can) {
			t.Errorf("the administrator's credentials, and %s is not found: %s", can, all)
		}
	}
	for _, f := range r.Findings {
		if f.Check != "permissions.too_wide" {
			t.Errorf("besides: %+v", f)
		}
	}
	for _, name := range []string{"EVENTS", "KV_msigate-changes", "KV_msigate-hosts", "AUDIT", "OBJ_msigate-policy", "OBJ_msigate-governance", "KV_msigate-state"} {
		s, err := d.js.Stream(patient(t), name)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.CachedInfo().State.LastSeq; n != 0 {
			t.Errorf("trying what is allowed left %d messages in %s", n, name)
		}
	}
	if r := d.examine(Options{Conn: d.admin}); len(r.Findings) > 0 || !strings.Contains(fmt.Sprint(r.Skipped), "other credentials") {
		t.Errorf("with an administrator's credentials beside the configuration's: %+v", r)
	}

	url := limited(t)
	narrow := d.config
	narrow.NATS = gateway.NATSConfig{URL: url}
	r = d.examine(Options{Config: narrow})
	if !has(r, "nats.max_payload", "nats") || !has(r, "permissions.too_narrow", "nats user") {
		t.Errorf("a small max_payload and no right to write the state: %+v", r)
	}
}

// limited is a server with a small max_payload whose user may only look.
func limited(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, MaxPayload: 100_000,
		Users: []*server.User{{Username: "looker", Password: "looker-secret", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: []string{"$JS.API.STREAM.INFO.*", "$JS.API.CONSUMER.INFO.*.*"}},
		}}, {Username: "admin", Password: "admin-secret"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	as := func(user string) string {
		return strings.Replace(s.ClientURL(), "://", "://"+user+":"+user+"-secret@", 1)
	}
	admin, err := bus.Connect(patient(t), bus.Options{URL: as("admin")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	if _, err := bus.Setup(patient(t), admin, bus.TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	return as("looker")
}

// What a gateway says of itself.
func TestWhatAGatewaySaysIsFound(t *testing.T) {
	const counted = `# TYPE msigate_evictions_total counter
msigate_evictions_total{kind="process",otel_scope_name="msigate"} 7
# TYPE msigate_evaluation_faults_total counter
msigate_evaluation_faults_total{reason="timeout"} 2
# TYPE msigate_state_refused_total counter
msigate_state_refused_total{reason="corrupt"} 1
# TYPE msigate_publish_pending gauge
msigate_publish_pending 5000
# TYPE msigate_state_age_seconds gauge
msigate_state_age_seconds 4000
`
	pages := map[string]string{
		"/healthz": `{"status":"degraded","degraded":[{"reason":"past_not_after","about":"governance","since":"2026-01-01T00:00:00Z","detail":"it was"}]}`,
		"/readyz":  `{"ready":false,"missing":{"bus":"NATS is not connected"}}`,
		"/metrics": counted,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, pages[r.URL.Path])
	}))
	defer s.Close()
	defer http.DefaultClient.CloseIdleConnections()
	config := gateway.DefaultConfig()
	config.DataDir, config.HTTP.Listen = private(t), strings.TrimPrefix(s.URL, "http://")
	r := examined(t, Options{Config: config, Unreachable: fmt.Errorf("nobody listens")})
	for _, c := range gatewayChecks {
		if !has(r, c.ID, s.URL) {
			t.Errorf("%s is not found: %+v", c.ID, r.Findings)
		}
	}
	if r.Worst != Error || r.Findings[0].Severity != Error || r.Findings[len(r.Findings)-1].Severity != Warning {
		t.Errorf("the worst is not first: %+v", r)
	}
}
