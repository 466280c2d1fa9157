package bus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Bounds of what is stored together. A batch costs the server some 4 ms and one
// fsync, an entry by itself an fsync of its own where the server syncs always:
// from some 30 entries on a batch is cheaper there, and then six times.
const (
	minBatch      = 48
	maxBatch      = 1000 // the server's default limit
	maxBatchBytes = 8 << 20
)

// singlyFor is how long no batch is tried after the server refused one as such.
const singlyFor = time.Minute

// commit stores what waits, and ends with it. While one lot is on its way the
// next gathers.
func (s *StateStore) commit() {
	for {
		lot := s.take()
		if len(lot) == 0 {
			return
		}
		if len(lot) >= minBatch && s.batches() {
			first, err := s.sendBatch(lot)
			if err == nil {
				for i, p := range lot {
					s.finish(p, first+uint64(i), nil)
				}
				continue
			}
			if !wrongLast(err) && !timedOut(err) && !errors.Is(err, context.Canceled) {
				s.mu.Lock()
				s.singly = time.Now().Add(singlyFor)
				s.mu.Unlock()
			}
			// One entry of the lot refuses it whole, and a lost answer leaves
			// open whether it is stored. One by one finds out of each.
		}
		var sent sync.WaitGroup
		for _, p := range lot {
			sent.Go(func() {
				revision, err := s.set(p.ctx, p.key, p.value, p.revision, false)
				s.finish(p, revision, err)
			})
		}
		sent.Wait()
	}
}

// take gives the next lot, each key once; none: commit is over.
func (s *StateStore) take() []*statePut {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, n := 0, 0
	keys := make(map[string]bool, min(len(s.queue), maxBatch))
	for _, p := range s.queue {
		if n == maxBatch || n > 0 && size+len(p.value) > maxBatchBytes || keys[p.key] {
			break
		}
		keys[p.key] = true
		size += len(p.value)
		n++
	}
	lot := s.queue[:n:n]
	s.queue = s.queue[n:]
	if n == 0 {
		s.queue, s.running = nil, false
	}
	return lot
}

func (s *StateStore) batches() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atomic && time.Now().After(s.singly)
}

// Headers of an atomic batch.
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// sendBatch stores a lot as one: all of it, or nothing. It gives the revision
// of the first; the others follow without a gap.
func (s *StateStore) sendBatch(lot []*statePut) (first uint64, err error) {
	ctx, cancel := s.conn.attempt(context.Background())
	defer cancel()
	id := rand.Text()
	for i, p := range lot {
		msg := s.message(p.key, p.value, p.revision)
		msg.Header.Set(headerBatchID, id)
		msg.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		if i < len(lot)-1 {
			if err := s.conn.nc.PublishMsg(msg); err != nil {
				return 0, err
			}
			continue
		}
		msg.Header.Set(headerBatchCommit, "1")
		answer, err := s.conn.nc.RequestMsgWithContext(ctx, msg)
		if err != nil {
			return 0, err
		}
		var ack struct {
			Error    *jetstream.APIError `json:"error"`
			Sequence uint64              `json:"seq"`
			Batch    string              `json:"batch"`
			Count    int                 `json:"count"`
		}
		switch err := json.Unmarshal(answer.Data, &ack); {
		case err != nil:
			return 0, fmt.Errorf("the answer of JetStream cannot be read: %w", err)
		case ack.Error != nil:
			return 0, ack.Error
		case ack.Batch != id || ack.Count != len(lot) || ack.Sequence < uint64(len(lot)):
			return 0, errors.New("the answer of JetStream is not about the batch")
		}
		return ack.Sequence - uint64(len(lot)) + 1, nil
	}
	return 0, errors.New("a batch of nothing")
}
