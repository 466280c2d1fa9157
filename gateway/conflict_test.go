package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
)

// Of two gateways on one bus the one that finds a host's state written by the
// other ends and says so; what it held is not lost.
func TestGatewayWhoseStateAnotherWritesEnds(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.State.SaveInterval = 50 * time.Millisecond
		c.Consumer.AckWait = time.Second
	})
	r := s.run()
	s.ship("ws01", attack("ws01", 1))
	key := bus.StateKey("ws01")
	eventually(t, "it is written down", func() bool {
		store, err := bus.OpenState(patient(t), s.conn)
		if err != nil {
			return false
		}
		_, ok, err := store.Get(patient(t), key)
		return err == nil && ok
	})
	s.rewrite(key, s.entry(key)[:20]) // the other one's
	for n := 2; ; n++ {
		s.ship("ws01", attack("ws01", n))
		if strings.Contains(r.log.String(), "cannot go on") || n > 600 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.awaitLog(t, "the gateway cannot go on", key, "written by somebody else")
	err := r.end()
	var conflict *bus.ConflictError
	if !errors.As(err, &conflict) || conflict.Key != key {
		t.Fatalf("it ended with %v", err)
	}
	if !containsAll(err.Error(), []string{fmt.Sprintf("%q", key), "expected revision", "is another msigate running on the same partition?"}) {
		t.Errorf("it says %v", err)
	}
	if !strings.HasPrefix(string(s.entry(key)), stateMark) || len(s.entry(key)) != 20 {
		t.Error("what the other one wrote is overwritten")
	}
}
