package bus

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

func TestPublishSurvivesARestartOfTheServer(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	// An acknowledgement on its way when the server goes is lost; the message
	// then comes again after this.
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	p := publisher(t, c, PublisherOptions{MaxPending: 64, AckTimeout: time.Second})
	const hosts, triggers = 10, 100
	var s settled
	half := make(chan struct{})
	var n atomic.Int64
	published := make(chan struct{})
	go func() {
		defer close(published)
		for seq := uint64(1); seq <= triggers; seq++ {
			for h := range hosts {
				err := p.Publish(patient(t), decision(fmt.Sprintf("ws%02d", h), seq, 1, func(err error) {
					s.done(err)
					if n.Add(1) == hosts*triggers/2 {
						close(half)
					}
				}))
				if err != nil {
					t.Error(err)
				}
			}
		}
	}()
	<-half
	port := e.Port()
	e.Shutdown()
	eventually(t, "the outage is noticed", func() bool { return !c.State().Connected })
	if p.State().Pending == 0 {
		t.Error("nothing was on the way when the server went")
	}
	time.Sleep(200 * time.Millisecond)
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	<-published
	drain(t, p)
	s.want(t, hosts*triggers)
	if v, d := stored(t, c, StreamVerdicts), stored(t, c, StreamDecisions); v != hosts*triggers || d != hosts*triggers {
		t.Errorf("%d verdicts and %d decisions, want %d of each", v, d, hosts*triggers)
	}
	next := map[string]uint64{}
	for _, d := range read(t, c, StreamDecisions, hosts*triggers) {
		next[d.Subject]++
		if want := fmt.Sprintf("decision %d", next[d.Subject]); string(d.Data) != want {
			t.Fatalf("%s: %q where %q was expected", d.Subject, d.Data, want)
		}
	}
}

func TestEventsThroughARestartAreDecidedOnceEach(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	// An acknowledgement on its way when the server goes is lost; the message
	// then comes again after this.
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	const hosts, each = 8, 100
	for h := range hosts {
		ship(t, c, fmt.Sprintf("ws%02d", h), each)
	}
	p := publisher(t, c, PublisherOptions{MaxPending: 100, AckTimeout: time.Second})
	half := make(chan struct{})
	var n atomic.Int64
	r := consume(t, c, ConsumeOptions{}, func(m *Message) {
		host, _, err := HostFromSubject(m.Subject)
		if err != nil {
			t.Error(err)
		}
		err = p.Publish(context.Background(), decision(host, m.Sequence, 1, func(err error) {
			if err != nil {
				t.Error(err)
				return
			}
			_ = m.Ack() // the server may just be gone
			if n.Add(1) == hosts*each/2 {
				close(half)
			}
		}))
		if err != nil {
			t.Error(err)
		}
	})
	<-half
	port := e.Port()
	e.Shutdown()
	eventually(t, "the outage is noticed", func() bool { return !c.State().Connected })
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	eventually(t, "all acknowledged", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag.AckFloor == hosts*each && lag.AckPending == 0
	})
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
	drain(t, p)
	if d := stored(t, c, StreamDecisions); d != hosts*each {
		t.Errorf("%d decisions, want %d", d, hosts*each)
	}
}

func TestAFullStreamBlocksAndThenGoesOn(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{})
	s, err := c.js.Stream(patient(t), StreamDecisions)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.Discard, cfg.MaxMsgs = jetstream.DiscardNew, 5
	if _, err := c.js.UpdateStream(patient(t), cfg); err != nil {
		t.Fatal(err)
	}
	p := publisher(t, c, PublisherOptions{MaxPending: 4})
	var done settled
	published := make(chan struct{})
	go func() {
		defer close(published)
		for seq := uint64(1); seq <= 20; seq++ {
			if err := p.Publish(patient(t), decision(fmt.Sprintf("ws%d", seq%3), seq, 0, done.done)); err != nil {
				t.Error(err)
			}
		}
	}()
	eventually(t, "the full stream is reported", func() bool { return strings.Contains(p.State().LastError, "the stream is full") })
	time.Sleep(200 * time.Millisecond)
	eventually(t, "four are tried while it is full", func() bool {
		s := p.State()
		return s.Pending == 4 && s.Retrying > 0
	})
	if n := len(done.all()); n != 5 {
		t.Errorf("while full: %d settled", n)
	}
	select {
	case <-published:
		t.Error("publishing did not block")
	default:
	}
	cfg.MaxMsgs = -1
	if _, err := c.js.UpdateStream(patient(t), cfg); err != nil {
		t.Fatal(err)
	}
	<-published
	drain(t, p)
	done.want(t, 20)
	if n := stored(t, c, StreamDecisions); n != 20 || p.State().Retrying != 0 {
		t.Errorf("%d decisions, state %+v", n, p.State())
	}
}

func TestARefusedPermissionIsNamedAndNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	addr := runServer(t, &server.Options{JetStream: true, Users: []*server.User{
		{Username: "admin", Password: "a"},
		{Username: "gw", Password: "g", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"decisions.>"}}}},
	}})
	admin := connect(t, "nats://admin:a@"+addr)
	if _, err := Setup(patient(t), admin, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	c := connect(t, "nats://gw:g@"+addr)
	p := publisher(t, c, PublisherOptions{AckTimeout: 100 * time.Millisecond})
	var s settled
	if err := p.Publish(patient(t), decision("ws01", 1, 1, s.done)); err != nil {
		t.Fatal(err)
	}
	want := "decisions.ws01: the NATS user has no permission to publish to decisions.ws01"
	eventually(t, want, func() bool { return strings.Contains(p.State().LastError, want) })
	if v := stored(t, admin, StreamVerdicts); v != 1 || len(s.all()) != 0 {
		t.Errorf("%d verdicts, %d settled", v, len(s.all()))
	}
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := p.Drain(short); err == nil || !strings.Contains(err.Error(), "no permission") {
		t.Errorf("drain gave %v", err)
	}
}

func TestAStreamThatIsAbsentIsWaitedFor(t *testing.T) {
	t.Parallel()
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	p := publisher(t, c, PublisherOptions{})
	var s settled
	if err := p.Publish(patient(t), decision("ws01", 1, 1, s.done)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the absence is reported", func() bool { return strings.Contains(p.State().LastError, "msigate setup") })
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	drain(t, p)
	s.want(t, 1)
}

func TestAnOutageIsNotTakenForAnAbsentStream(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	p := publisher(t, c, PublisherOptions{AckTimeout: 500 * time.Millisecond})
	port := e.Port()
	e.Shutdown()
	eventually(t, "disconnected", func() bool { return !c.State().Connected })
	var s settled
	for seq := uint64(1); seq <= 20; seq++ {
		if err := p.Publish(patient(t), decision(fmt.Sprintf("ws%02d", seq), seq, 0, s.done)); err != nil {
			t.Fatal(err)
		}
	}
	// A server without JetStream: the connection stands, and nothing answers.
	bare, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	bare.Start()
	eventually(t, "the silence is reported", func() bool { return strings.Contains(p.State().LastError, "JetStream does not answer just now") })
	time.Sleep(800 * time.Millisecond) // the server is asked again
	if last := p.State().LastError; !strings.Contains(last, "does not answer") {
		t.Errorf("later: %s", last)
	}
	bare.Shutdown()
	bare.WaitForShutdown()
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	drain(t, p)
	s.want(t, 20)
	if last := p.State().LastError; strings.Contains(last, "no stream takes") || strings.Contains(last, "msigate setup") {
		t.Errorf("at the end: %s", last)
	}
}
