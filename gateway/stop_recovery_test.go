package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// A gateway that is told to stop while it still reads again what came since
// the state was written down stops at once, without an error; the next one
// begins that anew, and nothing is lost or told twice.
func TestStopWhileTheStateIsRecoveredEndsItAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) {
		c.State.SaveInterval = time.Hour
		c.Consumer.AckWait = time.Second
	})
	want := map[uint64]bool{}
	many := 4_000
	if testing.Short() || underRace {
		many = 1_000
	}
	for n := range many {
		host := fmt.Sprintf("ws%02d", n%5)
		want[s.ship(host, attack(host, n))] = true
	}
	g := s.start(s.config, builtIn(t), s.server.URL())
	s.idle(g)
	g.crash() // nothing is written down: all is to be read again

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	log, ended := &logBuffer{}, make(chan error, 1)
	go func() {
		ended <- Run(ctx, RunOptions{Config: s.config, Version: "test", Log: log, Ready: func(Running) {
			t.Error("the state was recovered before the gateway was stopped")
		}})
	}()
	(&gatewayRun{log: log}).awaitLog(t, "policy active")
	time.Sleep(30 * time.Millisecond) // it reads by now
	stop()
	began := time.Now()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not stop")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	(&gatewayRun{log: log}).awaitLog(t, "stopped while the state was recovered")

	r := s.run()
	s.settled(r)
	if err := r.end(); err != nil {
		t.Error(err)
	}
	decidedOnce(t, s.conn, want)
}
