package bus

import (
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Mismatch is a difference between the bus and what msigate needs of it.
type Mismatch struct {
	Object string // e.g. "stream EVENTS", "consumer EVENTS/msigate"
	Field  string // e.g. "max_age", as the nats command line names it; "" when the object is absent
	Have   string
	Want   string
	Why    string // what goes wrong otherwise
	Mend   string // what to do about it
}

// String is one line that says it all.
func (m Mismatch) String() string {
	if m.Field == "" {
		return fmt.Sprintf("%s is absent: %s. To mend it: %s", m.Object, m.Why, m.Mend)
	}
	return fmt.Sprintf("%s: %s is %s, wanted %s: %s. To mend it: %s", m.Object, m.Field, m.Have, m.Want, m.Why, m.Mend)
}

// MismatchError is a list of Mismatches as an error: one line each.
type MismatchError []Mismatch

func (e MismatchError) Error() string {
	lines := make([]string, 0, len(e)+1)
	lines = append(lines, "the streams are not as msigate needs them:")
	for _, m := range e {
		lines = append(lines, "  "+m.String())
	}
	return strings.Join(lines, "\n")
}

// mendBySetup is the command for everything Setup can do.
const mendBySetup = "run `msigate setup` with an administrator's credentials"

// difference is a Mismatch and how Setup undoes it; alter is nil where the
// server cannot change the field, or where changing it would destroy messages.
type difference[C any] struct {
	Mismatch
	alter func(*C)
}

// differ collects the differences of one object.
type differ[C any] struct {
	object string
	found  []difference[C]
}

// add records a difference that Setup can mend.
func (d *differ[C]) add(field string, have, want any, why string, alter func(*C)) {
	d.found = append(d.found, difference[C]{Mismatch{
		Object: d.object, Field: field, Have: fmt.Sprint(have), Want: fmt.Sprint(want), Why: why, Mend: mendBySetup,
	}, alter})
}

// fixed records a difference that nobody can mend in place.
func (d *differ[C]) fixed(field string, have, want any, why, mend string) {
	d.found = append(d.found, difference[C]{Mismatch{
		Object: d.object, Field: field, Have: fmt.Sprint(have), Want: fmt.Sprint(want), Why: why, Mend: mend,
	}, nil})
}

// remake says how a stream is made anew without losing what it holds.
func remake(name, what string) string {
	return fmt.Sprintf("%s of a stream cannot be changed in place: let its consumers read it to the end, "+
		"keep a copy with `nats stream backup %[2]s DIR`, remove it with `nats stream rm %[2]s`, then run `msigate setup`", what, name)
}

// compareStream says where have falls short of what s needs.
func compareStream(s stream, have jetstream.StreamConfig, replicas int) []difference[jetstream.StreamConfig] {
	type config = jetstream.StreamConfig
	d := &differ[config]{object: "stream " + s.name}
	if have.Retention != jetstream.LimitsPolicy {
		d.fixed("retention", retention(have.Retention), "limits", retentionWhy(s.name, have.Retention), remake(s.name, "the retention"))
	}
	if have.Storage != jetstream.FileStorage {
		d.fixed("storage", "memory", "file", "a restart of the server loses every message", remake(s.name, "the storage"))
	}
	if have.Sealed {
		d.fixed("sealed", true, false, "it takes no messages", remake(s.name, "the seal"))
	}
	if have.Mirror != nil {
		d.fixed("mirror", have.Mirror.Name, "none", "a mirror takes no messages of its own", remake(s.name, "the mirror"))
	}
	if lacking := uncovered(s.subjects, have.Subjects); len(lacking) > 0 {
		d.add("subjects", strings.Join(have.Subjects, ","), strings.Join(s.subjects, ","),
			"messages to "+strings.Join(lacking, ", ")+" are stored nowhere",
			func(c *config) { c.Subjects = covering(c.Subjects, lacking) })
	}
	if have.MaxAge != 0 && have.MaxAge < s.floor {
		d.add("max_age", age(have.MaxAge), "at least "+age(s.floor), s.lost, func(c *config) { c.MaxAge = s.age })
	}
	if have.Duplicates < DedupWindow {
		d.add("dupe_window", age(have.Duplicates), "at least "+age(DedupWindow), "a message that is published again after an outage is stored twice",
			func(c *config) { c.Duplicates = DedupWindow })
	}
	if have.MaxMsgsPerSubject > 0 {
		d.add("max_msgs_per_subject", have.MaxMsgsPerSubject, "unlimited", "a new message pushes out an older one of the same host",
			func(c *config) { c.MaxMsgsPerSubject = -1 })
	}
	if have.NoAck {
		d.add("no_ack", true, false, "nobody learns whether a message was stored", func(c *config) { c.NoAck = false })
	}
	if replicas > 0 && have.Replicas < replicas {
		d.add("replicas", have.Replicas, replicas, "fewer servers than configured hold a copy", func(c *config) { c.Replicas = replicas })
	}
	if have.AllowDirect {
		d.add("allow_direct", true, false, directWhy, func(c *config) { c.AllowDirect = false })
	}
	if s.ledger {
		compareLedger(d, s, have)
	}
	return d.found
}

// compareLedger adds what AUDIT needs besides.
func compareLedger(d *differ[jetstream.StreamConfig], s stream, have jetstream.StreamConfig) {
	type config = jetstream.StreamConfig
	if !have.DenyDelete {
		d.add("deny_delete", false, true, "a record of who changed what can be deleted", func(c *config) { c.DenyDelete = true })
	}
	if !have.DenyPurge {
		d.add("deny_purge", false, true, "the record of who changed what can be purged",
			func(c *config) { c.DenyPurge, c.AllowRollup = true, false }) // a roll-up purges too
	}
	if have.Discard != jetstream.DiscardNew {
		d.add("discard", "old", "new", "filling it pushes out what was recorded", func(c *config) { c.Discard = jetstream.DiscardNew })
	}
	if have.MaxBytes <= 0 {
		d.add("max_bytes", "unlimited", s.bytes, "its size is not stated, so it can fill the disk of the others",
			func(c *config) { c.MaxBytes = s.bytes })
	}
}

func retention(p jetstream.RetentionPolicy) string {
	switch p {
	case jetstream.WorkQueuePolicy:
		return "workqueue"
	case jetstream.InterestPolicy:
		return "interest"
	default:
		return strings.ToLower(p.String())
	}
}

func retentionWhy(name string, p jetstream.RetentionPolicy) string {
	if name != StreamEvents {
		return "messages are deleted when they have been read, or when nobody reads them yet"
	}
	if p == jetstream.WorkQueuePolicy {
		return "a work queue deletes each event once it is acknowledged, so that nothing can be read again after a crash or shown to an investigator, and no second consumer can read it"
	}
	return "interest retention deletes each event once its consumers have acknowledged it, and at once while there is none, so that nothing can be read again after a crash or shown to an investigator"
}

// age writes a duration as people configure it: in days where it is whole days.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
