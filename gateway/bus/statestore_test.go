package bus

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"
)

func openState(t testing.TB, c *Conn) *StateStore {
	t.Helper()
	s, err := OpenState(patient(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores a value and fails the test where that fails.
func put(t testing.TB, s *StateStore, key, value string, revision uint64) uint64 {
	t.Helper()
	rev, err := s.Put(patient(t), key, []byte(value), revision)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

// loaded gives what the bucket holds as "key=value", in the order given.
func loaded(t testing.TB, s *StateStore) []string {
	t.Helper()
	var out []string
	err := s.Load(patient(t), func(e StateEntry) error {
		if again, ok, err := s.Get(patient(t), e.Key); err != nil || !ok || again.Revision != e.Revision {
			t.Errorf("%s: loaded revision %d, got %d, %v, %v", e.Key, e.Revision, again.Revision, ok, err)
		}
		out = append(out, e.Key+"="+string(e.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStateIsLoadedAsItWasPutWithoutWhatWasDeleted(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	s := openState(t, c)
	if got := loaded(t, s); len(got) > 0 {
		t.Errorf("a new bucket holds %v", got)
	}
	a := put(t, s, StateKey("ws01"), "one", 0)
	b := put(t, s, StateKey("WS02.corp.example"), "two", 0)
	put(t, s, StateWatermark, "7", 0)
	put(t, s, RollupKey("a1"), "", 0) // an empty value is one
	put(t, s, StateKey("ws01"), "three", a)
	if err := s.Delete(patient(t), StateKey("ws02.CORP.example"), b); err != nil {
		t.Fatal(err)
	}
	want := []string{"watermark=7", "rollup.a1=", "host.ws01=three"}
	if got := loaded(t, openState(t, c)); !slices.Equal(got, want) {
		t.Errorf("loaded %v, want %v", got, want)
	}
	if _, ok, err := s.Get(patient(t), StateKey("ws02.corp.example")); ok || err != nil {
		t.Errorf("a deleted entry is there: %v, %v", ok, err)
	}
	// A deleted key is created again, and one that is not there deleted again.
	put(t, s, StateKey("ws02.corp.example"), "four", 0)
	for _, revision := range []uint64{0, 99} {
		if err := s.Delete(patient(t), StateKey("none"), revision); err != nil {
			t.Error(err)
		}
	}
	if err := s.Delete(patient(t), StateKey("ws01"), 0); err != nil { // whatever its revision
		t.Error(err)
	}
	if got := loaded(t, s); len(got) != 3 || got[2] != "host.ws02=2ecorp=2eexample=four" {
		t.Errorf("loaded %v", got)
	}
	stop := errors.New("enough")
	n := 0
	if err := s.Load(patient(t), func(StateEntry) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("Load gave %v after %d", err, n)
	}
}

func TestLoadGivesTheLatestOfABucketWithHistory(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := c.js.CreateKeyValue(patient(t), jetstream.KeyValueConfig{Bucket: BucketState, History: 8}); err != nil {
		t.Fatal(err)
	}
	s := openState(t, c)
	a := put(t, s, "host.a", "1", 0)
	b := put(t, s, "host.b", "1", 0)
	a = put(t, s, "host.a", "2", a)
	put(t, s, "host.b", "2", b)
	put(t, s, "host.a", "3", a)
	if got, want := loaded(t, s), []string{"host.b=2", "host.a=3"}; !slices.Equal(got, want) {
		t.Errorf("loaded %v, want %v", got, want)
	}
}

func TestASecondWriterOfAKeyIsTold(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	one, other := openState(t, c), openState(t, c)
	key := StateKey("ws01")
	first := put(t, one, key, "one", 0)
	second := put(t, other, key, "other", first)
	for _, k := range []struct {
		what     string
		revision uint64
		want     ConflictError
	}{
		{"the revision before", first, ConflictError{key, first, second}},
		{"none", 0, ConflictError{key, 0, second}},
		{"one that never was", 999, ConflictError{key, 999, second}},
	} {
		_, err := one.Put(patient(t), key, []byte("mine"), k.revision)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || *conflict != k.want {
			t.Errorf("%s: %v, want %v", k.what, err, k.want)
		}
		if k.revision == 0 {
			continue // to Delete it means any
		}
		err = one.Delete(patient(t), key, k.revision)
		if !errors.As(err, &conflict) || *conflict != k.want {
			t.Errorf("%s, deleting: %v", k.what, err)
		}
	}
	third := put(t, other, key, "again", second)
	if err := other.Delete(patient(t), key, third); err != nil {
		t.Fatal(err)
	}
	_, err := one.Put(patient(t), key, []byte("mine"), third)
	want := fmt.Sprintf(`writing state: state "host.ws01" was written by somebody else: expected revision %d, found no entry — is another msigate running on the same partition?`, third)
	if err == nil || err.Error() != want {
		t.Errorf("after a deletion: %v\nwant %s", err, want)
	}
}

func TestAPutWhoseAcknowledgementWasLostIsFoundStored(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	s := openState(t, c)
	stored := put(t, s, "host.a", "same", 0)
	for _, believed := range []uint64{0, 12345} {
		rev, err := s.Put(patient(t), "host.a", []byte("same"), believed)
		if err != nil || rev != stored {
			t.Errorf("believing %d: revision %d, %v, want %d", believed, rev, err, stored)
		}
	}
	if got := put(t, s, "host.a", "next", stored); got != stored+1 {
		t.Errorf("the repeated puts stored something: revision %d", got)
	}
}

func TestPutRefusesWhatTheBucketCannotHold(t *testing.T) {
	never := func(uint64, error) { t.Error("done was called") }
	_, c := ready(t, EmbeddedOptions{MaxPayload: 64 << 10})
	s := openState(t, c)
	limit := s.MaxValue()
	if limit != 63<<10 {
		t.Errorf("the limit is %d", limit)
	}
	put(t, s, "host."+strings.Repeat("a", 64), strings.Repeat("v", limit), 0) // to the last byte
	err := s.PutAsync(patient(t), "host.a", make([]byte, limit+1), 0, never)
	var size *StateSizeError
	if !errors.As(err, &size) || size.Size != limit+1 || size.Limit != limit || !strings.Contains(err.Error(), "raise the server's max_payload") {
		t.Errorf("too large: %v", err)
	}
	for _, key := range []string{"", ".a", "a.", "a..b", "a b", "a*", "host.>", "host.%2e", "ä", "a\r\nb", strings.Repeat("a", 600)} {
		if err := s.PutAsync(patient(t), key, nil, 0, never); err == nil || !strings.Contains(err.Error(), "is no key") {
			t.Errorf("key %q: %v", key, err)
		}
		if err := s.Delete(patient(t), key, 0); err == nil {
			t.Errorf("key %q was deleted", key)
		}
	}
	_, c = ready(t, EmbeddedOptions{})
	s = openState(t, c)
	put(t, s, "host.a", strings.Repeat("v", MaxStateValue), 0)
	_, err = s.Put(patient(t), "host.b", make([]byte, MaxStateValue+1), 0)
	if !errors.As(err, &size) || size.Limit != MaxStateValue || strings.Contains(err.Error(), "raise") {
		t.Errorf("too large: %v", err)
	}
}

func TestOpenStateWithoutTheBucketSaysHowToMakeIt(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	if _, err := OpenState(patient(t), connect(t, e.URL())); err == nil || !strings.Contains(err.Error(), "msigate setup") {
		t.Errorf("error %v", err)
	}
}

// putMany puts n entries without waiting and gives the revisions.
func TestStateKeyIsValidAndTellsHostsApart(t *testing.T) {
	for host, want := range map[string]string{
		"ws01": "host.ws01", "WS01.corp.example": "host.ws01=2ecorp=2eexample", "": "host.=_", "a=b": "host.a=3db", "a%2eb": "host.a=252eb", ">": "host.=3e",
	} {
		if got := StateKey(host); got != want {
			t.Errorf("StateKey(%q) = %q, want %q", host, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := string(rapid.SliceOfN(rapid.Byte(), 0, 90).Draw(t, "a"))
		b := string(rapid.SliceOfN(rapid.Byte(), 0, 90).Draw(t, "b"))
		for _, key := range []string{StateKey(a), StateKey(b), RollupKey(a)} {
			if !validKey(key) || strings.Count(key, ".") != 1 {
				t.Fatalf("%q is no valid key", key)
			}
		}
		if same := bytes.Equal(lowerBytes(a), lowerBytes(b)); same != (StateKey(a) == StateKey(b)) {
			t.Fatalf("%q and %q have the keys %q and %q", a, b, StateKey(a), StateKey(b))
		}
	})
	if got, want := RollupSubject("a1-b2"), "verdicts.rollup.a1-b2"; got != want {
		t.Errorf("RollupSubject gives %q, want %q", got, want)
	}
	if got := RollupSubject("a.> b"); got != "verdicts.rollup.a%2e%3e%20b" {
		t.Errorf("RollupSubject gives %q", got)
	}
}
