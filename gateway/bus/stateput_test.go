package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func putMany(t testing.TB, s *StateStore, keys []string, value []byte, revisions []uint64) []uint64 {
	t.Helper()
	out := make([]uint64, len(keys))
	for i, key := range keys {
		expected := uint64(0)
		if revisions != nil {
			expected = revisions[i]
		}
		err := s.PutAsync(context.Background(), key, value, expected, func(rev uint64, err error) {
			if out[i] = rev; err != nil {
				t.Errorf("%s: %v", key, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(patient(t)); err != nil {
		t.Fatal(err)
	}
	return out
}

func keys(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = StateKey(fmt.Sprintf("ws%05d.corp.example", i))
	}
	return out
}

func TestManyPutsAtOnceGiveEachItsRevision(t *testing.T) {
	t.Parallel()
	for _, atomic := range []bool{true, false} {
		t.Run(fmt.Sprintf("atomic=%v", atomic), func(t *testing.T) {
			_, c := ready(t, EmbeddedOptions{})
			s := openState(t, c)
			if !s.atomic {
				t.Error("setup did not allow batches")
			}
			s.atomic = atomic
			ks := keys(2100) // more than two batches
			first := putMany(t, s, ks, []byte("one"), nil)
			second := putMany(t, s, ks, []byte("two"), first)
			n, place := 0, map[string]int{}
			for i, key := range ks {
				place[key] = i
			}
			err := s.Load(patient(t), func(e StateEntry) error {
				i, ok := place[e.Key]
				if !ok || string(e.Value) != "two" || e.Revision != second[i] {
					return fmt.Errorf("%s is %q at %d, put as %d", e.Key, e.Value, e.Revision, second[i])
				}
				n++
				return nil
			})
			if err != nil || n != len(ks) {
				t.Errorf("%d entries, %v", n, err)
			}
		})
	}
}

func TestOneConflictAmongManyPutsSpoilsOnlyItself(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	s := openState(t, c)
	ks := keys(500)
	other := put(t, s, ks[123], "other", 0)
	var conflicts atomic.Int32
	for i, key := range ks {
		err := s.PutAsync(context.Background(), key, []byte("mine"), 0, func(rev uint64, err error) {
			var conflict *ConflictError
			switch {
			case errors.As(err, &conflict) && i == 123 && conflict.Found == other:
				conflicts.Add(1)
			case err != nil || rev == 0:
				t.Errorf("%s: revision %d, %v", key, rev, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(patient(t)); err != nil {
		t.Fatal(err)
	}
	if n := len(loaded(t, s)); conflicts.Load() != 1 || n != len(ks) {
		t.Errorf("%d conflicts and %d entries", conflicts.Load(), n)
	}
}

func TestAServerThatTakesNoBatchesGetsThemOneByOne(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	s := openState(t, c)
	stream, err := c.js.Stream(patient(t), s.stream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	cfg.AllowAtomicPublish = false // after the store was opened
	if _, err := c.js.UpdateStream(patient(t), cfg); err != nil {
		t.Fatal(err)
	}
	ks := keys(300)
	putMany(t, s, ks, []byte("one"), nil)
	if n := len(loaded(t, s)); n != len(ks) || s.batches() {
		t.Errorf("%d entries; batches are tried still: %v", n, s.batches())
	}
}

func TestPutsThroughARestartAreStoredOnceEach(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	s := openState(t, c)
	port := e.Port()
	const writers, rounds = 100, 20 // enough at a time for batches
	var halfway sync.Once
	half := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			key, rev := StateKey(fmt.Sprintf("ws%02d", w)), uint64(0)
			for round := range rounds {
				var err error
				if rev, err = s.Put(context.Background(), key, fmt.Appendf(nil, "%d", round), rev); err != nil {
					t.Error(err)
					return
				}
				if round == rounds/2 {
					halfway.Do(func() { close(half) })
				}
			}
		})
	}
	<-half
	e.Shutdown()
	eventually(t, "the outage is noticed", func() bool { return !c.State().Connected })
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	wg.Wait()
	got := loaded(t, s)
	if len(got) != writers {
		t.Errorf("%d entries", len(got))
	}
	for _, line := range got {
		if !strings.HasSuffix(line, fmt.Sprintf("=%d", rounds-1)) {
			t.Errorf("%s is not the last that was put", line)
		}
	}
	if last, err := LastSequence(patient(t), c, s.stream); err != nil || last != writers*rounds {
		t.Errorf("%d revisions were stored, want %d, %v", last, writers*rounds, err)
	}
}

func TestPutEndsWithItsContextAndPutAsyncWithoutRoom(t *testing.T) {
	t.Parallel()
	e, c := ready(t, EmbeddedOptions{})
	s := openState(t, c)
	e.Shutdown()
	eventually(t, "disconnected", func() bool { return !c.State().Connected })
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Put(short, "host.a", []byte("x"), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put gave %v", err)
	}
	until, stop := context.WithCancel(context.Background())
	value := make([]byte, MaxStateValue)
	var failed atomic.Int32
	for i := range maxStateBytes / MaxStateValue {
		err := s.PutAsync(until, fmt.Sprintf("host.%d", i), value, 0, func(_ uint64, err error) {
			if errors.Is(err, context.Canceled) {
				failed.Add(1)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	short, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := s.PutAsync(short, "host.b", []byte("x"), 0, func(uint64, error) { t.Error("done was called") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without room: %v", err)
	}
	short, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush gave %v", err)
	}
	stop()
	if err := s.Flush(patient(t)); err != nil {
		t.Error(err)
	}
	if n := failed.Load(); n != maxStateBytes/MaxStateValue {
		t.Errorf("%d puts were told", n)
	}
}
