package coverage

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"msigate/gateway/event"
)

// Bounds of what is kept of one host. What is over them is counted together.
const (
	maxKinds    = 64 // of records
	maxForeign  = 40 // of these, of records that msigate does not read
	maxChannels = 8
	maxIDs      = 48 // of event ids read off the bytes
	maxText     = 96 // bytes of a provider's, a channel's or a sensor's text
)

// The sampling of messages that were put aside undecoded.
const (
	sampleFirst     = 16  // of each event id of a host are decoded at first,
	sampleEvery     = 256 // then every one of this many;
	sampleBlindly   = 64  // of what does not tell its id, at first,
	sampleBlindEach = 8   // then every one of this many
)

// Position says which record of which message of EVENTS was taken last.
type Position struct {
	Sequence uint64 `json:"s"`
	Record   int    `json:"r"`
}

func (p Position) after(other Position) bool {
	return p.Sequence > other.Sequence || p.Sequence == other.Sequence && p.Record > other.Record
}

// host is what is known of one host. Times are seconds since 1970: by the bus's
// stamp, in files by the record's own time.
type host struct {
	Name     string      `json:"host"`
	At       Position    `json:"at"`
	First    int64       `json:"first"`
	Last     int64       `json:"last"`
	Messages uint64      `json:"messages"`
	Refused  uint64      `json:"refused,omitzero"` // quarantined
	Over     uint64      `json:"over,omitzero"`    // records of kinds beyond maxKinds
	Kinds    []kindCount `json:"kinds"`
	Heard    hours       `json:"heard"`
	Starts   hours       `json:"starts"` // process starts alone
	Lag      lag         `json:"lag,omitzero"`
	Channels []channel   `json:"channels,omitempty"`
	Sensor   sensor      `json:"sensor,omitzero"`
	Sampled  bool        `json:"sampled,omitzero"` // some counts rest on event ids read off the bytes
	Batches  bool        `json:"batches,omitzero"` // its messages carry several records

	ids     []idCount
	changed bool // since it was written down
	urgent  bool // something that a report turns on
	saved   int64
	stored  bool // something is written of it
}

// idCount is one event id read off the bytes of messages that were put aside.
type idCount struct {
	id   int32
	kind int32 // in Kinds, of the last that was decoded; -1: none
	n    uint32
}

// advance notes a record's place; false: it is part of what is known already.
func (h *host) advance(at Position) bool {
	if at == (Position{}) {
		return true // of a file
	}
	if !at.after(h.At) {
		return false
	}
	if at.Sequence != h.At.Sequence {
		h.Messages++
	}
	h.At = at
	return true
}

// heard notes when something came.
func (h *host) heard(seconds int64) {
	h.changed = true
	if seconds <= 0 {
		return
	}
	if h.First == 0 || seconds < h.First {
		h.First = seconds
	}
	if seconds > h.Last {
		h.Last = seconds
	}
	if hour := seconds / 3600; hour != h.Heard.Last {
		h.Heard.heard(hour)
	}
}

// id gives the place of an event id, and whether the next message of it is to be decoded.
func (h *host) id(id int) (*idCount, bool) {
	at := -1
	for i := range h.ids {
		if h.ids[i].id == int32(id) {
			at = i
			break
		}
	}
	if at < 0 {
		if len(h.ids) >= maxIDs && id != 0 && !readID(id) {
			return h.id(0)
		}
		h.ids = append(h.ids, idCount{id: int32(id), kind: -1})
		at = len(h.ids) - 1
	}
	c := &h.ids[at]
	c.n++
	switch {
	case c.kind < 0 && c.n <= sampleFirst:
		return c, true
	case id == 0:
		return c, c.n <= sampleBlindly || c.n%sampleBlindEach == 0
	case id == sysmonState || id == sysmonConfiguration || id == sysmonError:
		return c, true // what a sensor says of itself is rare, and is not guessed
	}
	return c, c.n <= sampleFirst || c.n%sampleEvery == 0
}

// readID reports the event ids of what msigate reads, for which there is always
// room, whatever else a host sends.
func readID(id int) bool {
	for i := range sources {
		if slices.Contains(sources[i].ids, id) {
			return true
		}
	}
	return false
}

// kind gives the place of a record's kind; -1 where there is no room.
func (h *host) kind(e *event.Event, seconds int64, all keys) int {
	foreign, provider, channel := 0, cut(e.Provider), cut(e.Channel)
	for i := range h.Kinds {
		k := &h.Kinds[i]
		if k.EventID == e.EventID && k.Kind == e.Kind && k.Shape == e.Shape && k.Provider == provider && k.Channel == channel {
			return i
		}
		if k.foreign() {
			foreign++
		}
	}
	if len(h.Kinds) >= maxKinds || e.Kind == event.KindOther && foreign >= maxForeign {
		return -1
	}
	key := RecordKind{Provider: strings.Clone(provider), Channel: strings.Clone(channel), EventID: e.EventID, Shape: e.Shape, Kind: e.Kind}
	h.Kinds = append(h.Kinds, kindCount{RecordKind: all.shared(key), First: seconds, Last: seconds, channel: int32(h.channel(key.Channel))})
	h.urgent = h.urgent || e.Kind != event.KindOther
	return len(h.Kinds) - 1
}

// count adds a record to a kind.
func (h *host) count(at int, seconds int64) *kindCount {
	k := &h.Kinds[at]
	k.Count++
	k.Last = max(k.Last, seconds)
	if seconds < k.First {
		k.First = seconds
	}
	if k.Kind == event.KindProcessStart {
		h.Starts.heard(seconds / 3600)
	}
	if k.channel >= 0 {
		h.Channels[k.channel].Arrived++
	}
	return k
}

// note takes in a decoded record. It gives the place of its kind, or -1.
func (h *host) note(e *event.Event, seconds int64, all keys) int {
	at := h.kind(e, seconds, all)
	if at < 0 {
		h.Over++
		return at
	}
	k := h.count(at, seconds)
	k.lacking(e.Missing)
	if !e.Stamp.IsZero() && !e.Time.IsZero() {
		h.Lag.saw(e.Stamp, e.Time)
	}
	if k.channel >= 0 {
		h.Channels[k.channel].numbered(e)
	}
	if e.Kind == event.KindSensor {
		h.urgent = true
		h.Sensor.saw(e, seconds)
	}
	return at
}

// secondsOf is when a record counts: by the bus's stamp, else by its own time.
func secondsOf(stamp, own time.Time) int64 {
	if stamp.IsZero() {
		stamp = own
	}
	if stamp.IsZero() {
		return 0
	}
	return stamp.Unix()
}

// cut bounds a text without copying it; text copies it besides, so that it
// holds no message.
func cut(s string) string { return bounded(s, maxText) }

// bounded gives at most n bytes of a text, in whole characters. What is no
// UTF-8 becomes "?", for JSON cannot write it down.
func bounded(s string, n int) string {
	if len(s) > n {
		for back := 1; back < utf8.UTFMax && !utf8.RuneStart(s[n]); back++ {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "?")
}
