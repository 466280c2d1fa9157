package gateway

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"msigate/gateway/bus"
)

// wholeMessage is the record up to which a message was taken that was taken as a whole.
const wholeMessage = math.MaxInt

// laneHost is what a lane knows of what is written of a host. Its lane owns it,
// but for what mu guards.
type laneHost struct {
	reached reached
	loaded  reached // where it was when the gateway started
	dirty   bool    // has changed since it was last written down

	mu       sync.Mutex
	revision uint64 // of the entry that is stored; 0: there is none
	writing  bool   // an entry is on its way
	lost     bool   // it did not get there
}

// touch notes that what is known of a host changed by a record; by a timer
// where at is zero.
func (l *lane) touch(host string, at reached) {
	h := l.hosts[host]
	if h == nil {
		h = &laneHost{}
		if revision, refused := l.gateway.refused.LoadAndDelete(bus.StateKey(host)); refused {
			h.revision = revision.(uint64)
		}
		l.hosts[host] = h
	}
	h.dirty = true
	if h.reached.compare(at) < 0 {
		h.reached = at
	}
}

// taken tells that a message, or a record, is part already of what is known of
// its host: it was before a restart, and is read once more for others' sake.
func (l *lane) taken(j *job) bool {
	host := j.message.sender()
	at := reached{Sequence: j.message.Sequence, Record: wholeMessage}
	if j.record != nil {
		at.Record = j.record.Index
		if j.record.Fault == nil {
			host = j.record.Event.Host
		}
	}
	h := l.hosts[host]
	return h != nil && at.compare(h.reached) <= 0
}

// watermark says from where on EVENTS is to be read again by a gateway that
// starts: every host's entry stands for all that comes before.
type watermark struct {
	Sequence uint64            `json:"sequence"`
	Outputs  map[string]uint64 `json:"outputs"`          // last sequence of each output stream when reading EVENTS got there
	Before   map[string]uint64 `json:"before,omitempty"` // likewise when EVENTS was made anew: what is older answers another stream
	Taken    uint64            `json:"taken,omitzero"`   // a message of EVENTS that was taken; 0: none
	Stamp    time.Time         `json:"stamp,omitzero"`   // its stamp, by which a stream that was made anew is known
	Time     time.Time         `json:"time"`             // when it was written
}

// saveRound is the writing down of every host that has changed, once.
type saveRound struct {
	mark    watermark
	waiting sync.WaitGroup // lanes that have not begun, entries that are not stored

	mu      sync.Mutex
	fault   error
	written int
	bytes   int
}

// wait waits until every entry is stored, or was not.
func (r *saveRound) wait(ctx context.Context) error {
	stored := make(chan struct{})
	go func() {
		r.waiting.Wait()
		close(stored)
	}()
	select {
	case <-stored:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

// stored notes what became of one entry.
func (r *saveRound) stored(size int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.fault = errors.Join(r.fault, err)
		return
	}
	r.written++
	r.bytes += size
}

// errWriting is why a round moves no watermark where an entry of the round
// before it is still on its way.
var errWriting = errors.New("an earlier entry is still on its way")

func (l *lane) beginSave(r *saveRound) {
	defer r.waiting.Done()
	l.saveNone(errNewRound) // where the round before was given up
	l.round = r
	for host, h := range l.hosts {
		h.mu.Lock()
		h.dirty = h.dirty || h.lost
		h.lost = false
		writing, revision := h.writing, h.revision
		h.mu.Unlock()
		switch {
		case writing:
			r.stored(0, errWriting)
		case h.dirty:
			l.saving = append(l.saving, host)
		case l.worker.knows(host):
		case revision == 0:
			delete(l.hosts, host)
		default: // a bound made the worker forget it
			l.saving = append(l.saving, host)
		}
	}
	slices.Sort(l.saving)
	r.waiting.Add(len(l.saving))
}

// errNewRound is why what a round had not written yet is left to the next.
var errNewRound = errors.New("another round began")

// saveNone leaves the hosts that are still to be written as they are: changed.
func (l *lane) saveNone(err error) {
	for range l.saving {
		l.round.stored(0, err)
		l.round.waiting.Done()
	}
	l.saving = l.saving[:0]
}

// saveNext writes down one host, with a place in writing that is given back
// when its entry is stored. The entry is stored in the order of the
// host's outputs: after all that it stands for.
func (l *lane) saveNext(ctx context.Context) {
	host := l.saving[len(l.saving)-1]
	l.saving = l.saving[:len(l.saving)-1]
	r, h, g := l.round, l.hosts[host], l.gateway
	var entry []byte // nil: nothing is known of the host any more
	if state := l.worker.export(host, h.reached); state != nil {
		var err error
		if entry, err = state.encode(g.states.MaxValue()); err != nil {
			r.stored(0, err)
			<-l.writing
			r.waiting.Done()
			return
		}
	}
	h.dirty = false
	h.mu.Lock()
	h.writing = true
	revision := h.revision
	h.mu.Unlock()
	done := func(revision uint64, err error) {
		h.mu.Lock()
		h.writing, h.lost = false, err != nil
		if err == nil {
			h.revision = revision
		}
		h.mu.Unlock()
		r.stored(len(entry), err)
		<-l.writing
		r.waiting.Done()
	}
	err := g.publisher.Publish(ctx, bus.Outputs{
		Host: host,
		Then: func(ctx context.Context) (err error) {
			revision, err = g.putState(ctx, bus.StateKey(host), entry, revision)
			return err
		},
		Settled: func(err error) { done(revision, err) },
	})
	if err != nil {
		done(0, err)
	}
}

// putState stores an entry, or removes it. Where another gateway wrote it
// meanwhile, this one ends: two that decide for the same hosts would each tell
// half of the truth.
func (g *Gateway) putState(ctx context.Context, key string, entry []byte, revision uint64) (uint64, error) {
	if entry == nil && revision == 0 {
		return 0, nil
	}
	if g.failed.Load() {
		return 0, errFailed
	}
	var err error
	if entry == nil {
		revision, err = 0, g.states.Delete(ctx, key, revision)
	} else {
		revision, err = g.states.Put(ctx, key, entry, revision)
	}
	var conflict *bus.ConflictError
	if errors.As(err, &conflict) {
		g.fail(err)
	}
	return revision, err
}

// errFailed is why a gateway that cannot go on writes nothing more down: what
// it would write may be another's by now.
var errFailed = errors.New("the gateway cannot go on")

// saveEvery writes down what has changed, now and then, until ctx ends.
func (g *Gateway) saveEvery(ctx context.Context) {
	tick := time.NewTicker(g.options.Config.State.SaveInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := g.save(ctx); err != nil && ctx.Err() == nil {
			g.options.Telemetry.Log.Warn("the state of some hosts was not written down; it is tried again", "error", err)
		}
	}
}

// save has every lane write down its hosts that have changed, and moves the
// watermark when all are stored. One is under way at a time.
func (g *Gateway) save(ctx context.Context) error {
	g.saving.Lock()
	defer g.saving.Unlock()
	if g.failed.Load() {
		return errFailed
	}
	r := &saveRound{mark: watermark{Outputs: map[string]uint64{}, Before: g.mark.Before, Taken: g.mark.Taken, Stamp: g.mark.Stamp}}
	// What is published from here on may answer messages above the watermark.
	for _, stream := range outputStreams {
		last, err := bus.LastSequence(ctx, g.options.Conn, stream)
		if err != nil {
			return err
		}
		r.mark.Outputs[stream] = last
	}
	began := time.Now()
	r.waiting.Add(len(g.lanes))
	given := g.giveAll(job{save: r}, func() {
		r.mark.Sequence = max(g.taken, g.recovered)
		if g.taken != 0 {
			r.mark.Taken, r.mark.Stamp = g.taken, g.lastStamp
		}
	})
	if !given {
		return nil // the gateway is given up
	}
	err := g.finishRound(ctx, r)
	g.saveCoverage(ctx, false)
	r.mu.Lock()
	written, bytes := r.written, r.bytes
	r.mu.Unlock()
	g.options.Telemetry.Metrics.StateSaved(written, bytes, time.Since(began), err == nil)
	if err == nil {
		g.options.Telemetry.Log.Debug("state written down", "hosts", written, "bytes", bytes, "watermark", r.mark.Sequence, "took", time.Since(began))
	}
	return err
}

// finishRound waits until every host is written down, writes down the rollups,
// and moves the watermark.
func (g *Gateway) finishRound(ctx context.Context, r *saveRound) error {
	if err := r.wait(ctx); err != nil {
		return err
	}
	g.saveRollups(ctx, r)
	if err := r.wait(ctx); err != nil {
		return err
	}
	if oldest := g.consumption.Oldest(); oldest != 0 {
		r.mark.Sequence = min(r.mark.Sequence, oldest-1)
	}
	if r.mark.Sequence <= g.mark.Sequence {
		return nil
	}
	return g.putWatermark(ctx, r.mark)
}

func (g *Gateway) putWatermark(ctx context.Context, mark watermark) error {
	mark.Time = time.Now().UTC()
	raw, err := json.Marshal(mark, json.Deterministic(true))
	if err != nil {
		return err
	}
	revision, err := g.putState(ctx, bus.StateWatermark, raw, g.markRevision)
	if err == nil {
		g.mark, g.markRevision = mark, revision
	}
	return err
}

// saveLast is the last round, which waits for what the round before it sent.
func (g *Gateway) saveLast(ctx context.Context) error {
	for {
		err := g.save(ctx)
		if !errors.Is(err, errWriting) {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
