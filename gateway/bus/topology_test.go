package bus

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

func TestSetupCreatesEverythingOnceAndCheckFindsNothing(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	before, err := Check(patient(t), c, TopologyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := Setup(patient(t), c, TopologyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 12 || len(before) != 12 {
		t.Errorf("%d mismatches before and %d changes, want 12 of each:\n%v\n%v", len(before), len(changes), before, changes)
	}
	for _, m := range before {
		if m.Have != "absent" || !strings.Contains(m.String(), "msigate setup") {
			t.Errorf("before setup: %s", m)
		}
	}
	again, err := Setup(patient(t), c, TopologyOptions{})
	if err != nil || len(again) != 0 {
		t.Errorf("the second setup gave %v, %v", again, err)
	}
	after, err := Check(patient(t), c, TopologyOptions{})
	if err != nil || len(after) != 0 {
		t.Errorf("check after setup gave %v, %v", after, err)
	}
}

func TestTheAgeOfEventsThatWasAskedForIsKept(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{EventsAge: MinEventsAge}); err != nil {
		t.Fatal(err)
	}
	// As a gateway asks, which does not know what setup was told.
	if found, err := Check(patient(t), c, TopologyOptions{}); err != nil || len(found) != 0 {
		t.Errorf("check: %v, %v", found, err)
	}
	if changes, err := Setup(patient(t), c, TopologyOptions{}); err != nil || len(changes) != 0 {
		t.Errorf("setup without an age: %v, %v", changes, err)
	}
	if found, err := Check(patient(t), c, TopologyOptions{EventsAge: 2 * MinEventsAge}); err != nil || len(found) != 1 || found[0].Field != "max_age" {
		t.Errorf("check for 48 h: %v, %v", found, err)
	}
}

func TestSetupMakesAuditUndeletable(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	s, err := c.js.Stream(patient(t), StreamAudit)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	if !cfg.DenyDelete || !cfg.DenyPurge || cfg.Discard != jetstream.DiscardNew || cfg.MaxBytes != DefaultAuditBytes || cfg.MaxAge != DefaultAuditAge {
		t.Errorf("AUDIT is %+v", cfg)
	}
	if err := s.Purge(patient(t)); err == nil {
		t.Error("AUDIT was purged")
	}
}

func TestSetupSurvivesDeletingAndRecreatingStreams(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	for range 4 {
		for _, s := range []string{StreamEvents, StreamDecisions, StreamVerdicts} {
			if err := c.js.DeleteStream(patient(t), s); err != nil {
				t.Fatal(err)
			}
		}
		changes, err := Setup(patient(t), c, TopologyOptions{})
		if err != nil || len(changes) != 4 { // three streams and the durable
			t.Fatalf("setup after deleting: %v, %v", changes, err)
		}
		ship(t, c, "ws01", 1)
	}
}

// planted is a bus with one fault, the mismatch it must give, and whether
// setup mends it.
type planted struct {
	name   string
	object string
	field  string
	have   string
	why    string
	mended bool
	plant  func(t *testing.T, c *Conn)
}

func plantStream(name string, alter func(*jetstream.StreamConfig)) func(*testing.T, *Conn) {
	return func(t *testing.T, c *Conn) {
		t.Helper()
		o, _ := TopologyOptions{}.withDefaults() // the defaults are valid
		for _, s := range o.streams() {
			if s.name != name {
				continue
			}
			cfg := s.config(1)
			alter(&cfg)
			if _, err := c.js.CreateStream(patient(t), cfg); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func plantConsumer(alter func(*jetstream.ConsumerConfig)) func(*testing.T, *Conn) {
	return func(t *testing.T, c *Conn) {
		t.Helper()
		plantStream(StreamEvents, func(*jetstream.StreamConfig) {})(t, c)
		o, _ := TopologyOptions{}.withDefaults() // the defaults are valid
		cfg := o.consumer()
		alter(&cfg)
		if _, err := c.js.CreateConsumer(patient(t), StreamEvents, cfg); err != nil {
			t.Fatal(err)
		}
	}
}

func plantState(alter func(*jetstream.StreamConfig)) func(*testing.T, *Conn) {
	return func(t *testing.T, c *Conn) {
		t.Helper()
		cfg := jetstream.StreamConfig{Name: "KV_" + BucketState, Subjects: []string{"$KV." + BucketState + ".>"}, MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew}
		alter(&cfg)
		if _, err := c.js.CreateStream(patient(t), cfg); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckFindsEachPlantedMismatchAndSetupMendsWhatCanBe(t *testing.T) {
	type sc = jetstream.StreamConfig
	type cc = jetstream.ConsumerConfig
	cases := []planted{
		{
			"work queue", "stream EVENTS", "retention", "workqueue", "a work queue deletes each event", false,
			plantStream(StreamEvents, func(c *sc) { c.Retention = jetstream.WorkQueuePolicy }),
		},
		{
			"interest", "stream EVENTS", "retention", "interest", "interest retention deletes", false,
			plantStream(StreamEvents, func(c *sc) { c.Retention = jetstream.InterestPolicy }),
		},
		{
			"memory", "stream DECISIONS", "storage", "memory", "a restart of the server", false,
			plantStream(StreamDecisions, func(c *sc) { c.Storage = jetstream.MemoryStorage }),
		},
		{
			"short age", "stream EVENTS", "max_age", "1h", "lost undecided", true,
			plantStream(StreamEvents, func(c *sc) { c.MaxAge = time.Hour }),
		},
		{
			"short window", "stream VERDICTS", "dupe_window", "2m", "stored twice", true,
			plantStream(StreamVerdicts, func(c *sc) { c.Duplicates = 2 * time.Minute }),
		},
		{
			"narrow subjects", "stream EVENTS", "subjects", "events.host.*", "stored nowhere", true,
			plantStream(StreamEvents, func(c *sc) { c.Subjects = []string{"events.host.*"} }),
		},
		{
			"per subject", "stream DECISIONS", "max_msgs_per_subject", "1", "pushes out", true,
			plantStream(StreamDecisions, func(c *sc) { c.MaxMsgsPerSubject = 1 }),
		},
		{
			"no ack", "stream DECISIONS", "no_ack", "true", "nobody learns", true,
			plantStream(StreamDecisions, func(c *sc) { c.NoAck = true }),
		},
		{
			"deletable audit", "stream AUDIT", "deny_delete", "false", "deleted", true,
			plantStream(StreamAudit, func(c *sc) { c.DenyDelete = false }),
		},
		{
			"purgeable audit", "stream AUDIT", "deny_purge", "false", "purged", true,
			plantStream(StreamAudit, func(c *sc) { c.DenyPurge = false }),
		},
		{
			"audit discards old", "stream AUDIT", "discard", "old", "pushes out", true,
			plantStream(StreamAudit, func(c *sc) { c.Discard = jetstream.DiscardOld }),
		},
		{
			"audit without size", "stream AUDIT", "max_bytes", "unlimited", "fill the disk", true,
			plantStream(StreamAudit, func(c *sc) { c.MaxBytes = -1 }),
		},
		{
			"acks none", consumerObject, "ack_policy", "none", "before its outputs are stored", false,
			plantConsumer(func(c *cc) { c.AckPolicy, c.MaxAckPending, c.AckWait = jetstream.AckNonePolicy, 0, 0 }),
		},
		{
			"gives up", consumerObject, "max_deliver", "3", "given up undecided", true,
			plantConsumer(func(c *cc) { c.MaxDeliver = 3 }),
		},
		{
			"few in flight", consumerObject, "max_ack_pending", "1000", "throughput falls", true,
			plantConsumer(func(c *cc) { c.MaxAckPending = 1000 }),
		},
		{
			"unbounded in flight", consumerObject, "max_ack_pending", "unlimited", "without bound", true,
			plantConsumer(func(c *cc) { c.MaxAckPending = -1 }),
		},
		{
			"impatient", consumerObject, "ack_wait", "2s", "delivered twice", true,
			plantConsumer(func(c *cc) { c.AckWait = 2 * time.Second }),
		},
		{
			"filtered", consumerObject, "filter_subjects", "events.host.>", "never read", true,
			plantConsumer(func(c *cc) { c.FilterSubject = "events.host.>" }),
		},
		{
			"forgetful", consumerObject, "inactive_threshold", "1h", "forgets", true,
			plantConsumer(func(c *cc) { c.InactiveThreshold = time.Hour }),
		},
		{
			"headers only", consumerObject, "headers_only", "true", "without their content", true,
			plantConsumer(func(c *cc) { c.HeadersOnly = true }),
		},
		{
			"push", consumerObject, "deliver_subject", "to.me", "pushes", false,
			plantConsumer(func(c *cc) { c.DeliverSubject = "to.me" }),
		},
		{
			"backed off", consumerObject, "backoff", "[1s 5s]", "at other times", true,
			plantConsumer(func(c *cc) { c.BackOff, c.AckWait = []time.Duration{time.Second, 5 * time.Second}, 0 }),
		},
		{
			"state is pushed out", "key-value bucket msigate-state", "discard", "old", "pushes out that of another", true,
			plantState(func(c *sc) { c.Discard, c.MaxBytes = jetstream.DiscardOld, 1<<20 }),
		},
		{
			"state is counted out", "key-value bucket msigate-state", "discard", "old", "pushes out that of another", true,
			plantState(func(c *sc) { c.Discard, c.MaxMsgs = jetstream.DiscardOld, 100 }),
		},
		{
			"small state", "key-value bucket msigate-state", "max_value_size", "65536", "cannot be stored", true,
			plantState(func(c *sc) { c.MaxMsgSize = 64 << 10 }),
		},
		{
			"state is not acknowledged", "key-value bucket msigate-state", "no_ack", "true", "nobody learns", true,
			plantState(func(c *sc) { c.NoAck = true }),
		},
		{
			"state elsewhere", "key-value bucket msigate-state", "subjects", "$KV.other.>", "stored nowhere", true,
			plantState(func(c *sc) { c.Subjects = []string{"$KV.other.>"} }),
		},
		{
			"state vanishes when read", "key-value bucket msigate-state", "retention", "interest", "vanish", false,
			plantState(func(c *sc) { c.Retention = jetstream.InterestPolicy }),
		},
		{
			"state expires", "key-value bucket msigate-state", "ttl", "1h", "expires", true,
			plantState(func(c *sc) { c.MaxAge = time.Hour; c.AllowRollup = true }),
		},
		{
			"read directly", "stream AUDIT", "allow_direct", "true", "has the server send it anywhere", true,
			plantStream(StreamAudit, func(c *sc) { c.AllowDirect = true }),
		},
		{
			"a bucket read directly", "key-value bucket msigate-state", "allow_direct", "true", "has the server send it anywhere", true,
			plantState(func(c *sc) { c.AllowDirect = true }),
		},
	}
	for _, p := range cases {
		t.Run(strings.ReplaceAll(p.name, " ", "_"), func(t *testing.T) {
			e := serve(t, EmbeddedOptions{})
			c := connect(t, e.URL())
			p.plant(t, c)
			m := find(t, c, p.object, p.field)
			if m == nil || m.Have != p.have || !strings.Contains(m.Why, p.why) || m.Want == "" {
				t.Fatalf("mismatch %+v", m)
			}
			if !strings.Contains(m.Mend, "msigate setup") {
				t.Errorf("it does not say what mends it: %s", m.Mend)
			}
			_, err := Setup(patient(t), c, TopologyOptions{})
			left := find(t, c, p.object, p.field)
			if p.mended {
				if err != nil || left != nil {
					t.Errorf("setup gave %v and left %v", err, left)
				}
				return
			}
			var refused MismatchError
			if !errors.As(err, &refused) || len(refused) != 1 || refused[0].Field != p.field || left == nil {
				t.Errorf("setup gave %v and left %v", err, left)
			}
		})
	}
}

// find gives the mismatch of an object's field, and fails on any other of that
// object.
func find(t *testing.T, c *Conn, object, field string) *Mismatch {
	t.Helper()
	ms, err := Check(patient(t), c, TopologyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found *Mismatch
	for _, m := range ms {
		switch {
		case m.Object == object && m.Field == field:
			found = &m
		case m.Object == object:
			t.Errorf("besides: %s", m)
		}
	}
	return found
}

func TestWorkQueueMismatchSaysWhatToDo(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	plantStream(StreamEvents, func(cfg *jetstream.StreamConfig) { cfg.Retention = jetstream.WorkQueuePolicy })(t, c)
	got := find(t, c, "stream EVENTS", "retention").String()
	want := "stream EVENTS: retention is workqueue, wanted limits: a work queue deletes each event once it is acknowledged, " +
		"so that nothing can be read again after a crash or shown to an investigator, and no second consumer can read it. " +
		"To mend it: the retention of a stream cannot be changed in place: let its consumers read it to the end, " +
		"keep a copy with `nats stream backup EVENTS DIR`, remove it with `nats stream rm EVENTS`, then run `msigate setup`"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSetupKeepsWhatAStreamHoldsAndWhatIsLonger(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	plantStream(StreamEvents, func(cfg *jetstream.StreamConfig) {
		cfg.MaxAge = 90 * 24 * time.Hour
		cfg.Subjects = []string{"events.host.*", "other.things"}
	})(t, c)
	ship(t, c, "ws01", 3)
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	s, err := c.js.Stream(patient(t), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	info := s.CachedInfo()
	if info.State.Msgs != 3 || info.Config.MaxAge != 90*24*time.Hour || len(uncovered([]string{"other.things"}, info.Config.Subjects)) > 0 {
		t.Errorf("after setup: %d messages, %+v", info.State.Msgs, info.Config)
	}
}

func TestSetupNamesTheStreamThatTakesItsSubjects(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := c.js.CreateStream(patient(t), jetstream.StreamConfig{Name: "OLD", Subjects: []string{"events.>"}}); err != nil {
		t.Fatal(err)
	}
	_, err := Setup(patient(t), c, TopologyOptions{})
	if err == nil || !strings.Contains(err.Error(), "stream OLD already takes messages to events.host.>") {
		t.Errorf("error %v", err)
	}
}

func TestTopologyOptionsRefuseWhatWouldLoseEvents(t *testing.T) {
	for _, o := range []TopologyOptions{
		{EventsAge: time.Hour}, {OutputAge: time.Second}, {Replicas: 7}, {AuditBytes: -1}, {AckWait: time.Millisecond}, {MaxAckPending: -1},
	} {
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestCheckSaysThatJetStreamIsOffOrNotAllowed(t *testing.T) {
	c := connect(t, "nats://"+runServer(t, &server.Options{}))
	_, err := Check(patient(t), c, TopologyOptions{})
	if err == nil || !strings.Contains(err.Error(), "start the server with -js") {
		t.Errorf("without JetStream: error %v", err)
	}
	addr := runServer(t, &server.Options{JetStream: true, Users: []*server.User{{
		Username: "gw", Password: "right",
		Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.INFO.*"}}},
	}}})
	c = connect(t, "nats://gw:right@"+addr)
	_, err = Check(patient(t), c, TopologyOptions{})
	if err == nil || !strings.Contains(err.Error(), "no permission to publish to $JS.API.STREAM.INFO.EVENTS") {
		t.Errorf("without permission: error %v", err)
	}
}

func TestChangesAndMismatchesAreReadable(t *testing.T) {
	changes := []Change{{Object: "stream EVENTS"}, {Object: "stream EVENTS", Field: "max_age", From: "1h", To: "at least 3d"}}
	for i, want := range []string{"created stream EVENTS", "changed max_age of stream EVENTS from 1h to at least 3d"} {
		if got := changes[i].String(); got != want {
			t.Errorf("change %q, want %q", got, want)
		}
	}
	err := MismatchError{absent("stream EVENTS", "msigate: x"), {Object: "stream AUDIT", Field: "discard", Have: "old", Want: "new", Why: "y", Mend: "z"}}
	want := "the streams are not as msigate needs them:\n" +
		"  stream EVENTS is absent: it is for x. To mend it: run `msigate setup` with an administrator's credentials\n" +
		"  stream AUDIT: discard is old, wanted new: y. To mend it: z"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err.Error(), want)
	}
}

func TestAgeIsWrittenAsPeopleDo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * time.Minute: "10m", time.Hour: "1h", 72 * time.Hour: "3d", 36 * time.Hour: "36h", 90 * time.Second: "1m30s", 0: "0s",
	} {
		if got := age(d); got != want {
			t.Errorf("age(%s) = %q, want %q", time.Duration(d), got, want)
		}
	}
}
