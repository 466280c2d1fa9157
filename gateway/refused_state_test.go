package gateway

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"msigate/gateway/bus"
)

// rewrite puts something else under a key of the state.
func (s *site) rewrite(key string, value []byte) {
	s.t.Helper()
	store, err := bus.OpenState(patient(s.t), s.conn)
	if err != nil {
		s.t.Fatal(err)
	}
	entry, ok, err := store.Get(patient(s.t), key)
	if err != nil || !ok {
		s.t.Fatalf("there is no entry %s: %v", key, err)
	}
	if _, err := store.Put(patient(s.t), key, value, entry.Revision); err != nil {
		s.t.Fatal(err)
	}
}

// entry gives what is stored under a key of the state.
func (s *site) entry(key string) []byte {
	s.t.Helper()
	return s.stateEntry(key).Value
}

// revision is that of the entry.
func (s *site) revision(key string) uint64 {
	s.t.Helper()
	return s.stateEntry(key).Revision
}

func (s *site) stateEntry(key string) bus.StateEntry {
	s.t.Helper()
	store, err := bus.OpenState(patient(s.t), s.conn)
	if err != nil {
		s.t.Fatal(err)
	}
	entry, ok, err := store.Get(patient(s.t), key)
	if err != nil || !ok {
		s.t.Fatalf("there is no entry %s: %v", key, err)
	}
	return entry
}

// packed is a host's state as it would be stored, whatever it says.
func packed(t testing.TB, version byte, raw []byte) []byte {
	t.Helper()
	w, err := stateWriter()
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(raw, append([]byte(stateMark), version))
}

// altered is a stored state with something else in it.
func altered(t testing.TB, entry []byte, alter func(*hostState)) []byte {
	t.Helper()
	s, err := decodeState(entry)
	if err != nil {
		t.Fatal(err)
	}
	alter(s)
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return packed(t, stateVersion, raw)
}

// What cannot be read of a host is refused, said in the log and on AUDIT, and
// worked out again from EVENTS; of the other hosts nothing is read again. Then
// the install goes on as if nothing had happened, and nothing is told twice.
func TestRefusedStateIsRebuiltAndDecisionsGoOn(t *testing.T) {
	const host, other = "ws01.corp.example", "ws02.corp.example"
	key := bus.StateKey(host)
	for _, test := range []struct {
		name  string
		key   string
		with  func(t *testing.T, entry []byte) []byte
		says  string
		again int // events read again
	}{
		{"garbage", key, func(*testing.T, []byte) []byte { return []byte("no state at all") }, "it is no state of a host", 3},
		{"nothing", key, func(*testing.T, []byte) []byte { return nil }, "it is no state of a host", 3},
		{"truncated", key, func(_ *testing.T, entry []byte) []byte { return entry[:len(entry)/2] }, "unpack it", 3},
		{"a flipped bit", key, func(_ *testing.T, entry []byte) []byte {
			entry = slices.Clone(entry)
			entry[len(entry)-1] ^= 1 // of zstd's checksum
			return entry
		}, "unpack it", 3},
		{"a bomb", key, func(t *testing.T, _ []byte) []byte { return packed(t, stateVersion, make([]byte, maxUnpackedState+1)) }, "unpack it", 3},
		{"a newer version", key, func(t *testing.T, entry []byte) []byte {
			entry = slices.Clone(entry)
			entry[len(stateMark)] = stateVersion + 1
			return entry
		}, "a newer msigate wrote it: it has version 2, this one reads 1", 3},
		{"another host's", key, func(t *testing.T, entry []byte) []byte {
			return altered(t, entry, func(s *hostState) { s.Host = other })
		}, "it is of host " + other, 3},
		{"an unknown member", key, func(t *testing.T, _ []byte) []byte {
			return packed(t, stateVersion, fmt.Appendf(nil, `{"host":%q,"reached":{"sequence":1,"record":0},"more":1}`, host))
		}, "read it", 3},
		{"an index out of range", key, func(t *testing.T, entry []byte) []byte {
			return altered(t, entry, func(s *hostState) { s.Install.Clients = []int{10_000} })
		}, "install", 3},
		{"a finding that cannot be", key, func(t *testing.T, entry []byte) []byte {
			return altered(t, entry, func(s *hostState) { s.Findings.Findings[0].UID = "" })
		}, "findings", 3},
		{"a timer that cannot be", key, func(t *testing.T, entry []byte) []byte {
			return altered(t, entry, func(s *hostState) { s.Timers = append(s.Timers, timer{Due: morning}) })
		}, "timers", 3},
		{"a watermark that is none", bus.StateWatermark, func(*testing.T, []byte) []byte { return []byte("{}}") }, "invalid character", 4},
		{"a newer watermark", bus.StateWatermark, func(*testing.T, []byte) []byte { return []byte(`{"sequence":4,"epoch":2}`) }, "epoch", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			r := s.run()
			install := managedInstall(host)
			for _, e := range install {
				s.ship(host, e)
			}
			s.ship(other, attack(other, 5))
			s.settled(r)
			if err := r.end(); err != nil {
				t.Fatal(err)
			}
			entry, untouched := s.entry(test.key), s.revision(bus.StateKey(other))
			s.rewrite(test.key, test.with(t, slices.Clone(entry)))

			r = s.run()
			line := r.awaitLog(t, "state refused", "msigate-state", test.key)
			if !strings.Contains(line, test.says) {
				t.Errorf("the log says %s, not %q", line, test.says)
			}
			r.awaitLog(t, "state recovered", fmt.Sprintf("events read again=%d ", test.again))
			s.ship(host, started(host, 4, `C:\Windows\System32\whoami.exe`, "whoami /all", `C:\Program Files\Orchard\agent.exe`, "agent.exe", 3).json())
			s.settled(r)
			if err := r.end(); err != nil {
				t.Fatal(err)
			}
			if now := s.revision(bus.StateKey(other)); now != untouched {
				t.Errorf("the entry of %s, of which nothing came, was written anew: revision %d after %d", other, now, untouched)
			}
			told := false
			for _, e := range s.audits() {
				told = told || e.Event == "state_refused" && containsAll(e.Detail, []string{test.key, "msigate-state", test.says})
			}
			if !told {
				t.Errorf("AUDIT does not tell: %+v", s.audits())
			}
			want := uninterrupted(t, s.config, builtIn(t), s.read(bus.StreamEvents))
			for _, stream := range []string{bus.StreamDecisions, bus.StreamVerdicts} {
				for _, name := range []string{host, other} {
					var got, all []string
					for _, m := range s.read(stream) {
						if lastToken(m.Subject) == bus.HostToken(name) {
							got = append(got, m.Subject+" "+m.Header.Get("Nats-Msg-Id"))
						}
					}
					for _, o := range want[stream] {
						if lastToken(o.subject) == bus.HostToken(name) && !strings.Contains(o.id, ".settled.") {
							all = append(all, o.subject+" "+o.id)
						}
					}
					if !slices.Equal(got, all) {
						t.Errorf("%s of %s:\n%s\nwant\n%s", stream, name, strings.Join(got, "\n"), strings.Join(all, "\n"))
					}
				}
			}
			if again := s.entry(test.key); bytes.Equal(again, test.with(t, entry)) {
				t.Error("the entry stands as it was refused")
			}
		})
	}
}

// A state of which the last part is refused leaves nothing of the others behind.
func TestRefusedStateLeavesNothingBehind(t *testing.T) {
	w := NewWorker(WorkerOptions{})
	p := builtIn(t)
	for n, e := range managedInstall("ws01") {
		w.Process(t.Context(), p, &Message{Stream: bus.StreamEvents, Sequence: uint64(n) + 1, Host: "ws01", Data: e, Stamp: morning})
	}
	state := w.export("ws01", reached{Sequence: 3})
	if state == nil || state.Install == nil || state.Findings == nil {
		t.Fatalf("there is nothing to spoil: %+v", state)
	}
	for name, spoil := range map[string]func(*hostState){
		"install":  func(s *hostState) { s.Install.Clients = []int{10_000} },
		"findings": func(s *hostState) { s.Findings.Findings[0].UID = "" },
		"timers":   func(s *hostState) { s.Timers = []timer{{Due: morning}} },
	} {
		raw, err := state.encode(MaxHostState)
		if err != nil {
			t.Fatal(err)
		}
		spoiled, err := decodeState(raw)
		if err != nil {
			t.Fatal(err)
		}
		spoil(spoiled)
		other := NewWorker(WorkerOptions{})
		if err := other.restore(spoiled); err == nil {
			t.Errorf("%s: it is taken", name)
		}
		if left := other.export("ws01", reached{}); left != nil {
			t.Errorf("%s: what is left is %+v", name, left)
		}
	}
}

// The host of a refused entry whose key is a hash is not known by name: its
// records tell, and the entry is replaced and not taken for another gateway's.
func TestRefusedStateOfALongHostIsReplaced(t *testing.T) {
	s := newSite(t)
	host := strings.Repeat("very-long-name-", 8)
	r := s.run()
	s.ship(host, attack(host, 1))
	s.settled(r)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	key := bus.StateKey(host)
	s.rewrite(key, []byte("garbage"))
	r = s.run()
	r.awaitLog(t, "state refused", key)
	child := s.ship(host, started(host, 2, `C:\Windows\System32\whoami.exe`, "whoami /all", powershell, "powershell.exe", 1).json())
	s.settled(r)
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if got := s.whatBecameOf()[child]; got == "" {
		t.Error("the tree is not known any more")
	}
	if _, err := decodeState(s.entry(key)); err != nil {
		t.Errorf("the entry stands as it was: %v", err)
	}
}

// Of a rollup that cannot be read it is said, and it is counted anew.
func TestRefusedRollupIsCountedAnew(t *testing.T) {
	s := newSite(t)
	r := s.run()
	s.ship("ws01", attack("ws01", 1))
	s.settled(r)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	key := ""
	store, err := bus.OpenState(patient(t), s.conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Load(patient(t), func(e bus.StateEntry) error {
		if strings.HasPrefix(e.Key, bus.StateRollups) {
			key = e.Key
		}
		return nil
	}); err != nil || key == "" {
		t.Fatalf("no rollup is written down: %v", err)
	}
	s.rewrite(key, []byte("garbage"))
	r = s.run()
	r.awaitLog(t, "state refused", key, "msigate-state")
	s.ship("ws02", attack("ws02", 1)) // the same on another host
	s.settled(r)
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if entry := s.entry(key); !bytes.Contains(entry, []byte("ws02")) {
		t.Errorf("the entry is %.300s", entry)
	}
	told := false
	for _, e := range s.audits() {
		told = told || e.Event == "state_refused" && strings.Contains(e.Detail, key)
	}
	if !told {
		t.Error("AUDIT does not tell")
	}
}
