package bus

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// TopologyOptions say what Setup makes and Check expects. Ages and sizes are
// floors: a stream that keeps more is left as it is. The zero value is the
// defaults.
type TopologyOptions struct {
	// Replicas of every stream and bucket; 0: 1 where it is made, and as it is
	// where it exists.
	Replicas int

	// EventsAge is how long EVENTS keeps an event, at least 24 h; 0: 72 h where it
	// is made, and as it is where it keeps them for 24 h.
	EventsAge time.Duration

	// OutputAge is how long DECISIONS, VERDICTS and QUARANTINE keep theirs; 0: 30 days.
	OutputAge time.Duration

	// AuditAge is how long AUDIT keeps its own; 0: 400 days.
	AuditAge time.Duration

	// AuditBytes is the size at which AUDIT takes no more, in bytes; 0: 256 MiB.
	AuditBytes int64

	// AckWait is how long the server waits for an acknowledgement before it
	// delivers again; 0: 10 s, or as it is where it is longer. What is in flight
	// is kept alive, so this is how long the messages of a gateway that was
	// killed wait for the next one. Setup shortens it too.
	AckWait time.Duration

	// MaxAckPending is how many messages may be in flight; 0: 8192.
	MaxAckPending int
}

func (o TopologyOptions) withDefaults() (TopologyOptions, error) {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&o.OutputAge, DefaultOutputAge)
	set(&o.AuditAge, DefaultAuditAge)
	set(&o.AckWait, DefaultAckWait)
	if o.AuditBytes == 0 {
		o.AuditBytes = DefaultAuditBytes
	}
	if o.MaxAckPending == 0 {
		o.MaxAckPending = DefaultMaxAckPending
	}
	switch {
	case o.EventsAge != 0 && o.EventsAge < MinEventsAge:
		return o, fmt.Errorf("an age of %s for %s is below %s: an outage of a day would lose events", o.EventsAge, StreamEvents, MinEventsAge)
	case o.OutputAge < DedupWindow || o.AuditAge < DedupWindow:
		return o, fmt.Errorf("an age below the deduplication window of %s cannot be", DedupWindow)
	case o.Replicas < 0 || o.Replicas > 5:
		return o, fmt.Errorf("%d replicas: JetStream has 1 to 5", o.Replicas)
	case o.AuditBytes < 0:
		return o, errors.New("the size of " + StreamAudit + " is negative")
	case o.AckWait < time.Second:
		return o, fmt.Errorf("an acknowledgement wait of %s is below 1s", o.AckWait)
	case o.MaxAckPending < 1:
		return o, fmt.Errorf("a limit of %d messages in flight is below 1", o.MaxAckPending)
	}
	return o, nil
}

// stream says what a stream has to be.
type stream struct {
	name        string
	description string
	subjects    []string
	age         time.Duration // how long it keeps messages where it is made or mended
	floor       time.Duration // it may keep them longer, and no less than this
	bytes       int64         // stated size; 0: none
	ledger      bool          // no delete, no purge, discard new
	lost        string        // what goes wrong when it keeps less
}

// streams are those of the table of names.
func (o TopologyOptions) streams() []stream {
	return []stream{
		{
			name: StreamEvents, description: "Windows endpoint events, as shippers send them",
			subjects: []string{subjectEventsHost + ">", subjectEventsCollector + ">"}, age: cmp.Or(o.EventsAge, DefaultEventsAge), floor: cmp.Or(o.EventsAge, MinEventsAge),
			lost: "events that are not read in time are lost undecided",
		},
		{
			name: StreamDecisions, description: "msigate: one message a decision",
			subjects: []string{subjectDecisions + ">"}, age: o.OutputAge, floor: o.OutputAge,
			lost: "a decision is gone before it can be looked into",
		},
		{
			name: StreamVerdicts, description: "msigate: findings, created, updated and closed",
			subjects: []string{subjectVerdicts + ">"}, age: o.OutputAge, floor: o.OutputAge,
			lost: "a finding is gone before somebody has worked on it",
		},
		{
			name: StreamQuarantine, description: "msigate: messages that cannot be decoded",
			subjects: []string{subjectQuarantine + ">"}, age: o.OutputAge, floor: o.OutputAge,
			lost: "a quarantined message is gone before somebody has looked at it",
		},
		{
			name: StreamAudit, description: "msigate: who changed what",
			subjects: []string{subjectAudit + ">"}, age: o.AuditAge, floor: o.AuditAge, bytes: o.AuditBytes, ledger: true,
			lost: "the record of changes is shorter than an auditor asks for",
		},
	}
}

// directWhy is why no stream answers direct gets. The answer holds the message as
// it is stored and goes wherever the question says, whatever its asker may publish:
// a message that is empty, sent to $JS.API.STREAM.DELETE.AUDIT, deletes AUDIT.
const directWhy = "whoever may ask for a message has the server send it anywhere in the account, also to JetStream's own interface"

// config is how Setup makes the stream.
func (s stream) config(replicas int) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:        s.name,
		Description: s.description,
		Subjects:    s.subjects,
		Retention:   jetstream.LimitsPolicy,
		Storage:     jetstream.FileStorage,
		Discard:     jetstream.DiscardOld,
		MaxAge:      s.age,
		MaxMsgs:     -1,
		MaxBytes:    -1,
		Duplicates:  DedupWindow,
		Replicas:    max(replicas, 1),
	}
	if s.ledger {
		cfg.DenyDelete, cfg.DenyPurge = true, true
		cfg.Discard = jetstream.DiscardNew
		cfg.MaxBytes = s.bytes
	}
	return cfg
}

// consumer is the durable of EVENTS.
func (o TopologyOptions) consumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       ConsumerName,
		Description:   "msigate: what has been decided",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       o.AckWait,
		MaxDeliver:    -1,
		MaxAckPending: o.MaxAckPending,
		ReplayPolicy:  jetstream.ReplayInstantPolicy,
	}
}

// bucket is a key-value or an object bucket; its stream is named by prefix and
// name.
type bucket struct {
	name        string
	description string
	objects     bool
	history     uint8 // key-value only
	value       int   // key-value only: size that a value may have, in bytes; 0: any
	atomic      bool  // many entries are written at once
	lost        string
}

// subjects is what the keys of a key-value bucket follow in a subject.
func (b bucket) subjects() string { return "$KV." + b.name + "." }

func (b bucket) stream() string {
	if b.objects {
		return "OBJ_" + b.name
	}
	return "KV_" + b.name
}

func (b bucket) kind() string {
	if b.objects {
		return "object bucket"
	}
	return "key-value bucket"
}

var buckets = []bucket{
	{name: BucketState, description: "msigate: state of each host", history: 1, value: MaxStateValue, atomic: true, lost: "the state of a host expires, and what it was in the middle of is forgotten"},
	{name: BucketChanges, description: "msigate: change windows", history: 8, lost: "a change window vanishes"},
	{name: BucketHosts, description: "msigate: groups of each host", history: 8, lost: "a host falls out of its groups"},
	{name: BucketApprovals, description: "msigate: when each entry last approved something", history: 1, lost: "an entry that nobody needs any more is not told from one that is in use"},
	{name: BucketPolicy, description: "msigate: policy bundles", objects: true, lost: "the policy bundle vanishes"},
	{name: BucketGovernance, description: "msigate: governance bundles", objects: true, lost: "the governance bundle vanishes"},
}
