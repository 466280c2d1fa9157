package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"
)

// span reads a range and gives the sequences.
func span(t testing.TB, c *Conn, o ReadOptions) []uint64 {
	t.Helper()
	var out []uint64
	err := Read(patient(t), c, o, func(m *Message) bool {
		out = append(out, m.Sequence)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// erase deletes messages of a stream.
func erase(t testing.TB, c *Conn, stream string, sequences ...uint64) {
	t.Helper()
	s, err := c.js.Stream(patient(t), stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range sequences {
		if err := s.DeleteMsg(patient(t), seq); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadGivesExactlyTheRangeAndEndsByItself(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	for i := range 30 { // ws01: odd sequences up to 20; then only ws02
		host := "ws02"
		if i%2 == 0 && i < 20 {
			host = "ws01"
		}
		ship(t, c, host, 0)
		if _, err := c.Ship(patient(t), EventSubject(host), "", fmt.Appendf(nil, "event %d", i+1), Header{"A": {"b"}}); err != nil {
			t.Fatal(err)
		}
	}
	erase(t, c, StreamEvents, 3, 10, 29, 30)
	ws01, ws02 := []string{EventSubject("ws01")}, []string{EventSubject("ws02")}
	for _, k := range []struct {
		o    ReadOptions
		want string
	}{
		{ReadOptions{}, "[1 2 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28]"},
		{ReadOptions{From: 1, To: 1}, "[1]"},
		{ReadOptions{From: 26}, "[26 27 28]"},
		{ReadOptions{From: 3, To: 3}, "[]"},
		{ReadOptions{From: 9, To: 10}, "[9]"},   // To was deleted
		{ReadOptions{From: 29, To: 30}, "[]"},   // so was all of it
		{ReadOptions{From: 31}, "[]"},           // past the end
		{ReadOptions{From: 28, To: 99}, "[28]"}, // past what there is
		{ReadOptions{From: 5, To: 4}, "[]"},
		{ReadOptions{Subjects: ws01}, "[1 5 7 9 11 13 15 17 19]"},
		{ReadOptions{Subjects: ws01, From: 12}, "[13 15 17 19]"},
		{ReadOptions{Subjects: ws01, From: 20}, "[]"}, // the filter takes nothing after some point
		{ReadOptions{Subjects: ws01, To: 6}, "[1 5]"},
		{ReadOptions{Subjects: []string{"events.host.none"}}, "[]"},
		{ReadOptions{Subjects: append(ws01, ws02...), From: 18, To: 22}, "[18 19 20 21 22]"},
	} {
		k.o.Stream = StreamEvents
		start := time.Now()
		if got := fmt.Sprint(span(t, c, k.o)); got != k.want {
			t.Errorf("%+v: %s, want %s", k.o, got, k.want)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%+v took %s: it waited for something", k.o, took)
		}
	}
	err := Read(patient(t), c, ReadOptions{Stream: StreamEvents, From: 4, To: 5}, func(m *Message) bool {
		if m.Subject != EventSubject([]string{"ws02", "ws01"}[m.Sequence-4]) || string(m.Data) != fmt.Sprintf("event %d", m.Sequence) ||
			m.Header.Get("A") != "b" || m.Stream != StreamEvents || time.Since(m.Stamp) > time.Minute || m.Ack() != nil {
			t.Errorf("message %+v", m)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadSinceATimeBeginsThere(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	for n := range 3 {
		ship(t, c, fmt.Sprintf("ws%02d", n), 2)
		time.Sleep(5 * time.Millisecond)
	}
	third, err := Get(patient(t), c, StreamEvents, 3)
	if err != nil {
		t.Fatal(err)
	}
	for since, want := range map[time.Duration]string{0: "[3 4 5]", time.Nanosecond: "[4 5]", -time.Minute: "[1 2 3 4 5]", time.Minute: "[]"} {
		if got := fmt.Sprint(span(t, c, ReadOptions{Stream: StreamEvents, Since: third.Stamp.Add(since), To: 5})); got != want {
			t.Errorf("%s after the third: %s, want %s", since, got, want)
		}
	}
}

func TestReadOfAnEmptyStreamGivesNothing(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	if got := span(t, c, ReadOptions{Stream: StreamEvents}); len(got) > 0 {
		t.Errorf("new: %v", got)
	}
	ship(t, c, "ws01", 3)
	erase(t, c, StreamEvents, 1, 2, 3)
	if got := span(t, c, ReadOptions{Stream: StreamEvents}); len(got) > 0 {
		t.Errorf("emptied: %v", got)
	}
}

func TestReadLeavesOutTheContentWhereAskedAndNothingBehind(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	// A header that looks like the server's own word ends nothing.
	if _, err := c.Ship(patient(t), EventSubject("ws01"), "", []byte("12345"), Header{"Status": {"404"}}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 2)
	n := 0
	err := Read(patient(t), c, ReadOptions{Stream: StreamEvents, HeadersOnly: true}, func(m *Message) bool {
		n++
		if len(m.Data) > 0 || m.Sequence == 1 && (m.Header.Get("Nats-Msg-Size") != "5" || m.Header.Get("Status") != "404") {
			t.Errorf("message %+v", m)
		}
		return n < 2
	})
	if err != nil || n != 2 {
		t.Errorf("%d messages, %v", n, err)
	}
	eventually(t, "only the durable is left", func() bool {
		s, err := c.js.Stream(patient(t), StreamEvents)
		return err == nil && s.CachedInfo().State.Consumers == 1
	})
}

func TestReadGivesEveryMessageOnceWhateverTheRange(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{})
	const n = 1300 // more than one pull
	fillWith(t, c, n, 100)
	s, err := c.js.Stream(patient(t), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	gone := map[uint64]bool{}
	for seq := uint64(3); seq <= n; seq += 97 {
		gone[seq] = true
		if err := s.DeleteMsg(patient(t), seq); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		from, to := rapid.Uint64Range(0, n+10).Draw(r, "from"), rapid.Uint64Range(0, n+10).Draw(r, "to")
		got := span(t, c, ReadOptions{Stream: StreamEvents, From: from, To: to})
		last := to
		if to == 0 || to > n {
			last = n
		}
		i := 0
		for seq := max(from, 1); seq <= last; seq++ {
			if gone[seq] {
				continue
			}
			if i >= len(got) || got[i] != seq {
				r.Fatalf("from %d to %d: message %d of %d is not %d", from, to, i, len(got), seq)
			}
			i++
		}
		if i != len(got) {
			r.Fatalf("from %d to %d: %d messages, want %d", from, to, len(got), i)
		}
	})
}

func TestReadGoesOnWhereItWasWhenItsConsumerOrTheServerIsGone(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	const n = 4500
	fillWith(t, c, n, 100)
	port := e.Port()
	next := uint64(1)
	err := Read(patient(t), c, ReadOptions{Stream: StreamEvents}, func(m *Message) bool {
		if m.Sequence != next {
			t.Errorf("%d where %d was expected", m.Sequence, next)
			return false
		}
		switch next++; m.Sequence {
		case 500: // its consumer is removed
			s, err := c.js.Stream(patient(t), StreamEvents)
			if err != nil {
				t.Fatal(err)
			}
			for name := range s.ConsumerNames(patient(t)).Name() {
				if name == ConsumerName {
					continue
				}
				if err := s.DeleteConsumer(patient(t), name); err != nil {
					t.Error(err)
				}
			}
		case 3200: // the server restarts
			e.Shutdown()
			eventually(t, "disconnected", func() bool { return !c.State().Connected })
			serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
		}
		return true
	})
	if err != nil || next != n+1 {
		t.Errorf("it ended before %d with %v", next, err)
	}
}

func TestReadEndsWhenWhatIsLeftExpiresMeanwhile(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	const n = 3000
	fillWith(t, c, n, 10)
	s, err := c.js.Stream(patient(t), StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	start, got, before := time.Now(), uint64(0), c.nc.Stats().InMsgs
	err = Read(patient(t), c, ReadOptions{Stream: StreamEvents, To: n}, func(m *Message) bool {
		if got = m.Sequence; got == 900 {
			// The answer to making the consumer, and all of the pull.
			eventually(t, "the pull has come", func() bool { return c.nc.Stats().InMsgs-before >= 1+pullMessages })
			if err := s.Purge(patient(t)); err != nil {
				t.Error(err)
			}
		}
		return true
	})
	if err != nil || got != 1000 || time.Since(start) > 5*time.Second { // the pull on its way is given still
		t.Errorf("it ended at %d after %s with %v", got, time.Since(start), err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e, c := ready(t, EmbeddedOptions{})
	fillWith(t, c, 2500, 10)
	short, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	err := Read(short, c, ReadOptions{Stream: StreamEvents}, func(m *Message) bool {
		if m.Sequence == 10 {
			e.Shutdown() // and it does not come back
		}
		return true
	})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "reading EVENTS from 0 to 2500") {
		t.Errorf("error %v", err)
	}
}

func TestReadSaysWhatStandsInItsWay(t *testing.T) {
	t.Parallel()
	addr := runServer(t, &server.Options{JetStream: true, Users: []*server.User{
		{Username: "admin", Password: "a"},
		{Username: "no-create", Password: "g", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.CONSUMER.CREATE.>"}}}},
		{Username: "no-next", Password: "g", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.CONSUMER.MSG.NEXT.>"}}}},
		{Username: "no-get", Password: "g", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"$JS.API.STREAM.MSG.GET.>"}}}},
	}})
	admin := connect(t, "nats://admin:a@"+addr)
	read := func(c *Conn) error {
		return Read(patient(t), c, ReadOptions{Stream: StreamEvents, To: 10}, func(*Message) bool { return true })
	}
	if err := read(admin); err == nil || !strings.Contains(err.Error(), "msigate setup") {
		t.Errorf("without a stream: %v", err)
	}
	if _, err := Get(patient(t), admin, StreamEvents, 1); err == nil || !strings.Contains(err.Error(), "msigate setup") {
		t.Errorf("get without a stream: %v", err)
	}
	if _, err := Delivered(patient(t), admin); err == nil || !strings.Contains(err.Error(), "msigate setup") {
		t.Errorf("delivered without a stream: %v", err)
	}
	if _, err := Setup(patient(t), admin, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	ship(t, admin, "ws01", 5)
	for user, want := range map[string]string{
		"no-create": "no permission to publish to $JS.API.CONSUMER.CREATE.EVENTS",
		"no-next":   "no permission to publish to $JS.API.CONSUMER.MSG.NEXT.EVENTS",
	} {
		if err := read(connect(t, "nats://"+user+":g@"+addr)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", user, err)
		}
	}
	_, err := Get(patient(t), connect(t, "nats://no-get:g@"+addr), StreamEvents, 1)
	if err == nil || !strings.Contains(err.Error(), "no permission to publish to $JS.API.STREAM.MSG.GET.EVENTS") {
		t.Errorf("get without permission: %v", err)
	}
}
