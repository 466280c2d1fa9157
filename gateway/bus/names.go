package bus

import "time"

// The streams.
const (
	StreamEvents     = "EVENTS"     // written by shippers
	StreamDecisions  = "DECISIONS"  // one message a Decision
	StreamVerdicts   = "VERDICTS"   // findings, created, updated and closed
	StreamQuarantine = "QUARANTINE" // what cannot be decoded, or cannot be published
	StreamAudit      = "AUDIT"      // who changed what
)

// ConsumerName is the durable consumer of EVENTS.
const ConsumerName = "msigate"

// The key-value and object buckets.
const (
	BucketState      = "msigate-state"      // key-value: one key a host
	BucketChanges    = "msigate-changes"    // key-value: change windows
	BucketHosts      = "msigate-hosts"      // key-value: host groups
	BucketApprovals  = "msigate-approvals"  // key-value: when each entry last approved something
	BucketPolicy     = "msigate-policy"     // objects: bundles of detection engineering
	BucketGovernance = "msigate-governance" // objects: bundles of security governance
)

// The first tokens of the subjects.
const (
	subjectEventsHost      = "events.host."
	subjectEventsCollector = "events.collector."
	subjectDecisions       = "decisions."
	subjectVerdicts        = "verdicts."
	subjectQuarantine      = "quarantine."
	subjectAudit           = "audit."
)

// Headers of msigate's own messages. A trigger is one record of one message
// and a cause; the ordinal counts the outputs of one trigger from 0.
const (
	HeaderStream   = "Msigate-Stream"   // trigger: stream name
	HeaderSequence = "Msigate-Sequence" // trigger: stream sequence
	HeaderRecord   = "Msigate-Record"   // trigger: index of the record in the message, from 0
	HeaderCause    = "Msigate-Cause"    // trigger: why it was decided, e.g. event
	HeaderOrdinal  = "Msigate-Ordinal"  // output's place among those of its trigger
	HeaderReduced  = "Msigate-Reduced"  // "true": over the server's limit, so this tells less (in QUARANTINE: a QuarantineRecord)
	HeaderReason   = "Msigate-Reason"   // quarantine: stable token
	HeaderDetail   = "Msigate-Detail"   // quarantine: for people
	HeaderSubject  = "Msigate-Subject"  // quarantine: where the message came in
	HeaderSelftest = "Msigate-Selftest" // the mark of a self-test's message, and of what comes of it
)

// SelftestHost is the host of the self-test's events. No real host has its name:
// .invalid is nobody's (RFC 2606). Who may publish as it is for the account to say.
const SelftestHost = "msigate-selftest.invalid"

// The headers of W3C trace context, lower case as the recommendation has them.
const (
	HeaderTraceparent = "traceparent"
	HeaderTracestate  = "tracestate"
)

// Defaults and floors of the streams (see TopologyOptions).
const (
	DedupWindow          = 10 * time.Minute    // Nats-Msg-Id is remembered this long
	MinEventsAge         = 24 * time.Hour      // an outage of a day must not lose events
	DefaultEventsAge     = 72 * time.Hour      // so that a Friday evening is still there on Monday
	DefaultOutputAge     = 30 * 24 * time.Hour // DECISIONS, VERDICTS, QUARANTINE
	DefaultAuditAge      = 400 * 24 * time.Hour
	DefaultAuditBytes    = 256 << 20        // AUDIT refuses what exceeds it (discard new)
	DefaultAckWait       = 10 * time.Second // how long a killed gateway's messages stay away from the next
	DefaultMaxAckPending = 8192             // the server's own default of 1,000 throttles a pull of 1,000
)
