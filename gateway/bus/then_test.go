package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, v ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, v...))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func TestThenComesAfterAllThatWasGivenForTheHostBeforeIsStored(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	const hosts, rounds = 5, 20
	var wg sync.WaitGroup
	for h := range hosts {
		host := fmt.Sprintf("ws%02d", h)
		wg.Go(func() {
			var j journal
			var want []string
			done := make(chan struct{})
			for round := uint64(1); round <= rounds; round++ {
				// One with outputs and Then, one with Then alone.
				o := decision(host, round, 1, func(err error) { j.add("settled %d %v", round, err) })
				o.Then = func(ctx context.Context) error {
					last, err := c.lookup(ctx, StreamDecisions, messageQuery{Last: DecisionSubject(host)})
					if err != nil {
						return err
					}
					j.add("then %d %s", round, last.Data)
					return nil
				}
				alone := Outputs{Host: host, Then: func(context.Context) error {
					j.add("alone %d", round)
					if round == rounds {
						close(done)
					}
					return nil
				}, Settled: func(err error) { j.add("settled alone %d %v", round, err) }}
				want = append(want,
					fmt.Sprintf("then %d decision %d", round, round), fmt.Sprintf("settled %d <nil>", round),
					fmt.Sprintf("alone %d", round), fmt.Sprintf("settled alone %d <nil>", round))
				for _, o := range []Outputs{o, alone} {
					if err := p.Publish(patient(t), o); err != nil {
						t.Error(err)
					}
				}
			}
			<-done
			eventually(t, "the last is settled", func() bool { return len(j.all()) == len(want) })
			if got := j.all(); !slices.Equal(got, want) {
				t.Errorf("%s: %v\nwant %v", host, got, want)
			}
		})
	}
	wg.Wait()
	drain(t, p)
}

func TestWhatFollowsThenIsNotSentBeforeItReturns(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	release := make(chan struct{})
	var s settled
	first := decision("ws01", 1, 0, s.done)
	first.Then = func(context.Context) error { <-release; return nil }
	for _, o := range []Outputs{first, decision("ws01", 2, 0, s.done), decision("ws02", 3, 0, s.done)} {
		if err := p.Publish(patient(t), o); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the other host does not wait", func() bool { return len(s.all()) == 1 })
	eventually(t, "the first and that of the other host are stored", func() bool { return stored(t, c, StreamDecisions) >= 2 })
	time.Sleep(50 * time.Millisecond)
	if n := stored(t, c, StreamDecisions); n != 2 || p.State().Pending != 3 {
		t.Errorf("%d decisions and %+v, want the first and that of the other host; two outputs and a Then waiting", n, p.State())
	}
	close(release)
	drain(t, p)
	s.want(t, 3)
}

func TestThenThatFailsIsToldAndTheHostGoesOn(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{MaxPayload: 64 << 10})
	p := publisher(t, c, PublisherOptions{})
	var s settled
	fault := errors.New("no room for state")
	plain := decision("ws01", 1, 0, s.done)
	plain.Then = func(context.Context) error { return fault }
	refused := decision("ws01", 2, 0, s.done)
	refused.Triggers[0].Decision.Data = make([]byte, 100<<10)
	refused.Then = func(context.Context) error { return fault }
	for _, o := range []Outputs{plain, refused, decision("ws01", 3, 0, s.done)} {
		if err := p.Publish(patient(t), o); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, p)
	errs := s.all()
	if len(errs) != 3 || errs[2] != nil {
		t.Fatalf("settled with %v", errs)
	}
	for i, err := range errs[:2] {
		var then *ThenError
		var refusal *RefusedError
		if !errors.As(err, &then) || then.Host != "ws01" || !errors.Is(err, fault) || errors.As(err, &refusal) != (i == 1) {
			t.Errorf("settled %d with %v", i, err)
		}
	}
	if !strings.Contains(p.State().LastError, "no room for state") {
		t.Errorf("state %+v", p.State())
	}
}

func TestThenIsNotCalledWhenSomethingBeforeWasGivenUp(t *testing.T) {
	for name, stop := range map[string]func(*Conn, *Publisher){
		"the drain gives up": func(_ *Conn, p *Publisher) {
			short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_ = p.Drain(short) // it cannot end well: see the errors settled with
		},
		"the connection is closed": func(c *Conn, p *Publisher) {
			_ = c.Close(context.Background()) // nothing can be sent
			_ = p.Drain(context.Background())
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			e, c := ready(t, EmbeddedOptions{})
			p := publisher(t, c, PublisherOptions{})
			e.Shutdown()
			eventually(t, "disconnected", func() bool { return !c.State().Connected })
			var s settled
			with := decision("ws01", 1, 0, s.done)
			never := func(context.Context) error { t.Error("Then was called"); return nil }
			with.Then = never
			for _, o := range []Outputs{with, {Host: "ws01", Then: never, Settled: s.done}} {
				if err := p.Publish(patient(t), o); err != nil {
					t.Fatal(err)
				}
			}
			stop(c, p)
			if errs := s.all(); len(errs) != 2 || errs[0] == nil || errs[1] == nil {
				t.Errorf("settled with %v, want two errors", errs)
			}
		})
	}
}
