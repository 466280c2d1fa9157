package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Check compares the streams, the durable consumer and the buckets with what
// msigate needs and gives every difference; none is a bus ready for use. It
// only reads, and needs no right to alter anything. An error means that it
// could not find out.
func Check(ctx context.Context, c *Conn, o TopologyOptions) ([]Mismatch, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("checking the streams: %w", err)
	}
	var found []Mismatch
	for _, s := range o.streams() {
		have, err := c.streamConfig(ctx, s.name)
		if err != nil {
			return nil, fmt.Errorf("checking stream %s: %w", s.name, err)
		}
		if have == nil {
			found = append(found, absent("stream "+s.name, s.description))
			continue
		}
		found = append(found, mismatches(compareStream(s, *have, o.Replicas))...)
	}
	have, err := c.consumerConfig(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("checking consumer %s: %w", consumerObject, err)
	case have == nil:
		found = append(found, absent(consumerObject, "remembering which events have been decided"))
	default:
		found = append(found, mismatches(compareConsumer(o.consumer(), *have, false))...)
	}
	for _, b := range buckets {
		have, err := c.streamConfig(ctx, b.stream())
		if err != nil {
			return nil, fmt.Errorf("checking %s %s: %w", b.kind(), b.name, err)
		}
		if have == nil {
			found = append(found, absent(b.kind()+" "+b.name, b.description))
			continue
		}
		found = append(found, mismatches(compareBucket(b, *have, o.Replicas))...)
	}
	return found, nil
}

const consumerObject = "consumer " + StreamEvents + "/" + ConsumerName

func absent(object, purpose string) Mismatch {
	return Mismatch{
		Object: object, Have: "absent", Want: "present",
		Why: "it is for " + strings.TrimPrefix(purpose, "msigate: "), Mend: mendBySetup,
	}
}

func mismatches[C any](ds []difference[C]) []Mismatch {
	out := make([]Mismatch, 0, len(ds))
	for _, d := range ds {
		out = append(out, d.Mismatch)
	}
	return out
}

// streamConfig reads a stream's configuration; nil for a stream that is absent.
func (c *Conn) streamConfig(ctx context.Context, name string) (*jetstream.StreamConfig, error) {
	info, err := c.streamInfo(ctx, name)
	if info == nil {
		return nil, err
	}
	return &info.Config, nil
}

// consumerConfig reads the durable's configuration; nil when it is absent. A
// push consumer of the same name has DeliverSubject set.
func (c *Conn) consumerConfig(ctx context.Context) (*jetstream.ConsumerConfig, error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	got, err := c.js.Consumer(ctx, StreamEvents, ConsumerName)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound),
		errors.Is(err, jetstream.ErrConsumerDoesNotExist):
		return nil, nil
	case errors.Is(err, jetstream.ErrNotPullConsumer):
		push, err := c.js.PushConsumer(ctx, StreamEvents, ConsumerName)
		if err != nil {
			return nil, c.explain(err, start)
		}
		return &push.CachedInfo().Config, nil
	case err != nil:
		return nil, c.explain(err, start)
	}
	return &got.CachedInfo().Config, nil
}

// compareConsumer says where the durable falls short of want. A longer ack_wait
// is a difference only where exact is set: it does no harm but that a killed
// gateway's messages wait longer.
func compareConsumer(want, have jetstream.ConsumerConfig, exact bool) []difference[jetstream.ConsumerConfig] {
	type config = jetstream.ConsumerConfig
	d := &differ[config]{object: consumerObject}
	remade := fmt.Sprintf("it cannot be changed in place: note its position with `nats consumer info %[1]s %[2]s`, "+
		"remove it with `nats consumer rm %[1]s %[2]s`, then run `msigate setup`; everything %[1]s still holds is then read again", StreamEvents, ConsumerName)
	if have.DeliverSubject != "" {
		d.fixed("deliver_subject", have.DeliverSubject, "none (a pull consumer)", "the server pushes without regard to how much is in flight", remade)
	}
	if have.AckPolicy != jetstream.AckExplicitPolicy {
		policy := strings.TrimPrefix(strings.ToLower(have.AckPolicy.String()), "ack")
		d.fixed("ack_policy", policy, "explicit", "a message counts as done before its outputs are stored", remade)
		return d.found // without acknowledgements the rest has no meaning
	}
	if have.MaxDeliver > 0 {
		d.add("max_deliver", have.MaxDeliver, "unlimited", "a message that keeps coming back is given up undecided", func(c *config) { c.MaxDeliver = -1 })
	}
	if have.HeadersOnly {
		d.add("headers_only", true, false, "events come without their content", func(c *config) { c.HeadersOnly = false })
	}
	if filters := append([]string(nil), have.FilterSubjects...); have.FilterSubject != "" || len(filters) > 0 {
		if have.FilterSubject != "" {
			filters = append(filters, have.FilterSubject)
		}
		d.add("filter_subjects", strings.Join(filters, ","), "none", "events to other subjects are never read",
			func(c *config) { c.FilterSubject, c.FilterSubjects = "", nil })
	}
	if have.InactiveThreshold > 0 {
		d.add("inactive_threshold", age(have.InactiveThreshold), "none", "the server forgets what has been decided while the gateway is down",
			func(c *config) { c.InactiveThreshold = 0 })
	}
	if len(have.BackOff) > 0 { // it takes the place of ack_wait
		d.add("backoff", fmt.Sprint(have.BackOff), "none", "messages come again at other times than after ack_wait",
			func(c *config) { c.BackOff, c.AckWait = nil, want.AckWait })
	} else if have.AckWait < want.AckWait {
		d.add("ack_wait", age(have.AckWait), "at least "+age(want.AckWait), "a slow moment has messages delivered twice", func(c *config) { c.AckWait = want.AckWait })
	} else if exact && have.AckWait > want.AckWait {
		d.add("ack_wait", age(have.AckWait), age(want.AckWait), "the messages of a gateway that was killed wait longer", func(c *config) { c.AckWait = want.AckWait })
	}
	if have.MaxAckPending > 0 && have.MaxAckPending < want.MaxAckPending {
		d.add("max_ack_pending", have.MaxAckPending, fmt.Sprintf("at least %d", want.MaxAckPending), "delivery stops and starts, and throughput falls",
			func(c *config) { c.MaxAckPending = want.MaxAckPending })
	}
	if have.MaxAckPending <= 0 {
		d.add("max_ack_pending", "unlimited", fmt.Sprintf("at least %d", want.MaxAckPending), "a blocked output lets messages pile up in memory without bound",
			func(c *config) { c.MaxAckPending = want.MaxAckPending })
	}
	return d.found
}

// compareBucket says where the stream below a bucket falls short.
func compareBucket(b bucket, have jetstream.StreamConfig, replicas int) []difference[jetstream.StreamConfig] {
	type config = jetstream.StreamConfig
	d := &differ[config]{object: b.kind() + " " + b.name}
	if have.Storage != jetstream.FileStorage {
		d.fixed("storage", "memory", "file", "a restart of the server loses it all", remake(b.stream(), "the storage"))
	}
	if have.Retention != jetstream.LimitsPolicy {
		d.fixed("retention", retention(have.Retention), "limits", "entries vanish when somebody has read them", remake(b.stream(), "the retention"))
	}
	if have.Sealed {
		d.fixed("sealed", true, false, "it takes no entries", remake(b.stream(), "the seal"))
	}
	if have.MaxAge > 0 {
		d.add("ttl", age(have.MaxAge), "none", b.lost, func(c *config) { c.MaxAge = 0 })
	}
	if have.Discard != jetstream.DiscardNew && (have.MaxBytes > 0 || have.MaxMsgs > 0) {
		d.add("discard", "old", "new", "when it is full, a new entry pushes out that of another: "+b.lost, func(c *config) { c.Discard = jetstream.DiscardNew })
	}
	if b.value > 0 && have.MaxMsgSize > 0 && int(have.MaxMsgSize) < b.value+stateOverhead {
		d.add("max_value_size", have.MaxMsgSize, fmt.Sprintf("at least %d", b.value+stateOverhead), "a large entry cannot be stored", func(c *config) { c.MaxMsgSize = -1 })
	}
	if have.AllowDirect {
		d.add("allow_direct", true, false, directWhy, func(c *config) { c.AllowDirect = false })
	}
	if have.NoAck {
		d.add("no_ack", true, false, "nobody learns whether an entry was stored", func(c *config) { c.NoAck = false })
	}
	if !b.objects && have.Mirror == nil && len(uncovered([]string{b.subjects() + ">"}, have.Subjects)) > 0 {
		d.add("subjects", strings.Join(have.Subjects, ","), b.subjects()+">", "its entries are stored nowhere",
			func(c *config) { c.Subjects = covering(c.Subjects, []string{b.subjects() + ">"}) })
	}
	if !b.objects && have.MaxMsgsPerSubject > 0 && have.MaxMsgsPerSubject < int64(b.history) {
		d.add("history", have.MaxMsgsPerSubject, b.history, "what an entry was before is not kept", func(c *config) { c.MaxMsgsPerSubject = int64(b.history) })
	}
	if replicas > 0 && have.Replicas < replicas {
		d.add("replicas", have.Replicas, replicas, "fewer servers than configured hold a copy", func(c *config) { c.Replicas = replicas })
	}
	return d.found
}
