package coverage

import (
	"math"
	"strings"
	"sync"
	"time"

	"msigate/gateway/event"
)

// DefaultHosts bounds a Recorder where it is told no other bound.
const DefaultHosts = 100_000

// WholeMessage is the record of a message that was taken as a whole.
const WholeMessage = math.MaxInt

// Recorder keeps what arrives of each host. It is safe for use by several
// goroutines; a host's records are to come in their order.
type Recorder struct {
	mu      sync.Mutex
	most    int
	hosts   map[string]*host
	keys    keys
	gone    []string // pushed out, and still written down somewhere
	evicted uint64
}

// NewRecorder knows nothing yet. It keeps hosts at most; what was not heard of
// for long makes room. 0: DefaultHosts.
func NewRecorder(hosts int) *Recorder {
	if hosts <= 0 {
		hosts = DefaultHosts
	}
	return &Recorder{most: hosts, hosts: map[string]*host{}, keys: keys{}}
}

// Skipped takes in a message that was put aside without being decoded. name is
// the host that its subject speaks for, stamp the bus's.
func (r *Recorder) Skipped(name string, message []byte, stamp time.Time, at Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.host(name)
	if !h.advance(at) {
		return
	}
	seconds := stamp.Unix()
	h.heard(seconds)
	id := 0
	if !h.Batches {
		id = event.RecordEventID(message)
	}
	c, decode := h.id(id)
	if !decode {
		h.Sampled = true
		if c.kind < 0 {
			h.Over++
			return
		}
		h.count(int(c.kind), seconds)
		return
	}
	records, _ := event.Decode(message)
	h.Batches = h.Batches || len(records) > 1
	for i := range records {
		e := records[i].Event
		if e == nil {
			h.Refused++
			continue
		}
		e.Stamp = stamp
		if kind := h.note(e, seconds, r.keys); kind >= 0 {
			c.kind = int32(kind)
		}
	}
	if len(records) > 1 && id != 0 {
		c.kind = -1
	}
}

// Saw takes in a record that was decoded. Its host is the Event's, and it counts
// at its Stamp, else at its own time.
func (r *Recorder) Saw(e *event.Event, at Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.host(e.Host)
	if !h.advance(at) {
		return
	}
	seconds := secondsOf(e.Stamp, e.Time)
	h.heard(seconds)
	h.note(e, seconds, r.keys)
}

// Refused takes in a message or record that was quarantined; name is its sender.
func (r *Recorder) Refused(name string, stamp time.Time, at Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.host(name)
	if !h.advance(at) {
		return
	}
	h.heard(secondsOf(stamp, time.Time{}))
	h.Refused++
}

func (r *Recorder) host(name string) *host {
	name = text255(name)
	if h := r.hosts[name]; h != nil {
		return h
	}
	if len(r.hosts) >= r.most {
		r.evict()
	}
	h := &host{Name: strings.Clone(name), urgent: true}
	r.hosts[h.Name] = h
	return h
}

// evictAmong is how many hosts are looked at to find one that was silent long:
// looking at all would let whoever invents names make each cost the fleet's size.
const evictAmong = 16

func (r *Recorder) evict() {
	oldest := (*host)(nil)
	n := 0
	for _, h := range r.hosts { // in no order
		if oldest == nil || h.Last < oldest.Last {
			oldest = h
		}
		if n++; n == evictAmong {
			break
		}
	}
	delete(r.hosts, oldest.Name)
	r.evicted++
	if oldest.stored {
		r.gone = append(r.gone, oldest.Name)
	}
}

// text255 bounds a host's name: DNS has no longer one. What comes of a name that is
// cut is one host's.
func text255(name string) string { return bounded(name, 255) }

// Evicted counts the hosts that the bound pushed out.
func (r *Recorder) Evicted() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.evicted
}

// Restart forgets where on the stream each host stands: another stream begins.
func (r *Recorder) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.hosts {
		h.At = Position{}
	}
}

// Fleet is how many hosts there are, for metrics.
type Fleet struct {
	Heard        int // known at all
	Silent       int // nothing came for a day
	NoStarts     int // heard within a day, and no process start for a week: Sysmon 1, 4688 or an endpoint sensor's
	NoFileWrites int // likewise of files written: Sysmon 11 or an endpoint sensor's
}

// Counted adds what the Recorder knows to f.
func (r *Recorder) Counted(f Fleet, now time.Time) Fleet {
	r.mu.Lock()
	defer r.mu.Unlock()
	day, week := now.Add(-24*time.Hour).Unix(), now.Add(-7*24*time.Hour).Unix()
	for _, h := range r.hosts {
		f.Heard++
		if h.Last < day {
			f.Silent++
			continue
		}
		starts, writes := false, false
		for i := range h.Kinds {
			if k := &h.Kinds[i]; k.Last >= week {
				starts = starts || k.Kind == event.KindProcessStart
				writes = writes || k.Kind == event.KindFileCreate
			}
		}
		if !starts {
			f.NoStarts++
		}
		if !writes {
			f.NoFileWrites++
		}
	}
	return f
}
