package doctor

import (
	"context"
	"fmt"
	"strings"

	"msigate/gateway/bus"
)

// differing are the differences that bus.Check finds, by object and field. A
// gateway does not start on any of them.
var differing = []struct{ object, field, finds string }{
	{"stream", "", "a stream is absent"},
	{"stream", "retention", "the retention is work queue or interest, not limits"},
	{"stream", "storage", "the storage is memory, not file"},
	{"stream", "sealed", "a stream is sealed"},
	{"stream", "mirror", "a stream is a mirror"},
	{"stream", "subjects", "a stream takes not all of its subjects"},
	{"stream", "max_age", "messages are kept less long than they have to be: EVENTS 24 h, outputs 30 days, AUDIT 400 days"},
	{"stream", "dupe_window", "the deduplication window is below 10 minutes"},
	{"stream", "max_msgs_per_subject", "the number of messages per subject is limited"},
	{"stream", "no_ack", "a stream acknowledges nothing"},
	{"stream", "replicas", "fewer replicas than configured"},
	{"stream", "allow_direct", "direct gets are allowed"},
	{"stream", "deny_delete", "messages of AUDIT can be deleted"},
	{"stream", "deny_purge", "AUDIT can be purged"},
	{"stream", "discard", "AUDIT drops its oldest messages when it is full"},
	{"stream", "max_bytes", "the size of AUDIT is not limited"},
	{"consumer", "", "the durable consumer of EVENTS is absent"},
	{"consumer", "deliver_subject", "the consumer is a push consumer"},
	{"consumer", "ack_policy", "the consumer does not ask for each acknowledgement"},
	{"consumer", "max_deliver", "the number of deliveries is limited"},
	{"consumer", "headers_only", "the consumer delivers headers only"},
	{"consumer", "filter_subjects", "the consumer has a filter"},
	{"consumer", "inactive_threshold", "the consumer vanishes when nobody reads"},
	{"consumer", "backoff", "the consumer has a backoff"},
	{"consumer", "ack_wait", "ack_wait is shorter than configured"},
	{"consumer", "max_ack_pending", "max_ack_pending is below what is configured, or unlimited"},
	{"bucket", "", "a key-value or object bucket is absent"},
	{"bucket", "storage", "the storage of a bucket is memory, not file"},
	{"bucket", "retention", "the retention of a bucket is work queue or interest, not limits"},
	{"bucket", "sealed", "a bucket is sealed"},
	{"bucket", "ttl", "the entries of a bucket expire"},
	{"bucket", "discard", "a bucket drops its oldest entries when it is full"},
	{"bucket", "max_value_size", "a bucket takes no large entries"},
	{"bucket", "allow_direct", "direct gets of a bucket are allowed"},
	{"bucket", "no_ack", "a bucket acknowledges nothing"},
	{"bucket", "subjects", "a bucket takes not all of its keys"},
	{"bucket", "history", "a bucket keeps less history than it has to"},
	{"bucket", "replicas", "fewer replicas of a bucket than configured"},
}

func differenceID(object, field string) string {
	if field == "" {
		field = "absent"
	}
	return object + "." + field
}

var (
	streamFilling = Check{
		"stream.filling", Error, "a stream that refuses what exceeds its size (AUDIT) is full to 80 %",
		"once it is full, no activation and no change window can be recorded, and so none counts", "raise its size: `nats stream edit NAME --max-bytes SIZE`",
	}
	streamSize = Check{
		"stream.size", Warning, "the size or the number of messages of a stream that drops the oldest is limited, and it is full to 80 % before its age is reached",
		"messages are dropped before the age that they are to be kept; of EVENTS, undecided ones too", "raise the limit, or lift it: `nats stream edit NAME --max-bytes=-1 --max-msgs=-1`",
	}
	streamDedup = Check{
		"stream.dedup_redelivery", Warning, "the deduplication window of a stream is shorter than three times ack_wait of the consumer",
		"what is published again after a redelivery is looked up in the stream instead of being recognised, which is slow; what a shipper sends again is stored twice",
		"a shorter consumer.ack_wait in the configuration, then `msigate setup`",
	}
	streamReplicas = Check{
		"stream.single_replica", Warning, "NATS is a cluster, and a stream has one replica",
		"when the one server that holds it is away, nothing is taken, decided or told; when its disk is gone, so is the stream", "`msigate setup` with --replicas 3",
	}
	streamBehind = Check{
		"stream.replica_behind", Warning, "a replica of a stream is behind or away, or no server leads the stream",
		"one more server that goes away stops the stream", "`nats server report jetstream` says which server; start or mend it",
	}
)

func streamChecks() []Check {
	all := []Check{streamFilling, streamSize, streamDedup, streamReplicas, streamBehind}
	for _, d := range differing {
		all = append(all, Check{ID: differenceID(d.object, d.field), Severity: Error, Finds: d.finds, Means: "`msigate run` does not start on it; the finding says why", Run: setupCommand + ", or what the finding says where that cannot mend it"})
	}
	return all
}

// streams compares what is there with what is needed.
func (e *examination) streams(ctx context.Context) {
	mismatches, err := bus.Check(ctx, e.Conn, e.Config.TopologyOptions())
	if err != nil {
		e.skip("streams, consumer and buckets", "%v", err)
	}
	for _, m := range mismatches {
		kind, _, _ := strings.Cut(m.Object, " ")
		if strings.Contains(m.Object, "bucket ") {
			kind = "bucket"
		}
		found := m.Have
		if m.Field != "" {
			found = fmt.Sprintf("%s is %s, wanted %s", m.Field, m.Have, m.Want)
		}
		e.report.Findings = append(e.report.Findings, Finding{
			Check: differenceID(kind, m.Field), Severity: Error, Object: m.Object, Found: found, Means: m.Why, Run: e.commands(m.Mend),
		})
	}
	for _, s := range e.inspected.Streams {
		e.stream(s)
	}
}

const fullEnough = 0.8 // of a limit

func (e *examination) stream(s bus.StreamInspection) {
	object := "stream " + s.Name
	full := 0.0
	if s.MaxBytes > 0 {
		full = float64(s.Bytes) / float64(s.MaxBytes)
	}
	if s.MaxMsgs > 0 {
		full = max(full, float64(s.Messages)/float64(s.MaxMsgs))
	}
	switch young := s.MaxAge == 0 || e.inspected.ServerTime.Sub(s.First) < s.MaxAge*9/10; {
	case full < fullEnough:
	case s.DiscardNew:
		e.find(streamFilling, object, "%.0f %% full: %d messages, %d bytes", 100*full, s.Messages, s.Bytes)
	case young:
		e.find(streamSize, object, "%.0f %% full, and its oldest message is %s old", 100*full, span(e.inspected.ServerTime.Sub(s.First)))
	}
	if c := e.inspected.Consumer; c != nil && s.Bucket == "" && s.Duplicates > 0 && s.Duplicates < 3*c.AckWait {
		e.find(streamDedup, object, "duplicates are known for %s, ack_wait is %s", span(s.Duplicates), span(c.AckWait))
	}
	if e.inspected.Cluster != "" && s.Replicas < 2 {
		e.find(streamReplicas, object, "1 replica in the cluster %s", e.inspected.Cluster)
	}
	switch {
	case s.Leaderless:
		e.find(streamBehind, object, "no server leads it")
	case len(s.Behind) > 0:
		e.find(streamBehind, object, "behind or away: %s", strings.Join(s.Behind, ", "))
	}
}
