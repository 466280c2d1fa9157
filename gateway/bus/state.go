package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// ErrClosed is the error of what is asked of a closed connection, or of a
// publisher that has been drained.
var ErrClosed = errors.New("closed")

// State gives the connection's state now.
func (c *Conn) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// change alters the state, wakes who waits for it, and tells OnState.
// The client calls back one at a time, in the order things happened.
func (c *Conn) change(nc *nats.Conn, alter func(*State)) {
	c.calls.Lock()
	defer c.calls.Unlock()
	server := redact(nc.ConnectedUrl())
	c.mu.Lock()
	if c.leftBehind {
		c.mu.Unlock()
		return
	}
	alter(&c.state)
	c.state.Since = time.Now()
	if server != "" {
		c.state.Server = server
	}
	close(c.changed)
	c.changed = make(chan struct{})
	now := c.state
	c.mu.Unlock()
	if c.onState != nil {
		c.onState(now)
	}
}

func (c *Conn) onDisconnect(nc *nats.Conn, err error) {
	c.change(nc, func(s *State) {
		s.Connected = false
		if err != nil {
			s.LastError = "disconnected: " + scrub(err.Error())
		}
	})
}

func (c *Conn) onReconnect(nc *nats.Conn) {
	c.change(nc, func(s *State) {
		s.Connected = true
		s.Reconnect++
	})
}

func (c *Conn) onClosed(nc *nats.Conn) {
	c.change(nc, func(s *State) { s.Connected, s.Closed = false, true })
}

// maxDenied bounds what is remembered of refusals; a deployment has a handful.
const maxDenied = 256

// onError takes the server's asynchronous errors. A refused publish has no
// other answer than this one: who waits for its PubAck only sees a time-out.
func (c *Conn) onError(nc *nats.Conn, sub *nats.Subscription, err error) {
	text := scrub(err.Error())
	if sub != nil {
		text += " (subscription " + sub.Subject + ")"
	}
	c.change(nc, func(s *State) {
		s.LastError = text
		if !errors.Is(err, nats.ErrPermissionViolation) {
			return
		}
		what, ok := violation(text)
		if !ok {
			return
		}
		if len(c.denied) >= maxDenied {
			clear(c.denied)
		}
		c.denied[what] = time.Now()
	})
}

// violation reads `Permissions Violation for Publish to "X"` as "publish to X".
func violation(text string) (string, bool) {
	low := strings.ToLower(text)
	for _, verb := range []string{"publish to ", "subscription to "} {
		at := strings.Index(low, verb)
		if at < 0 {
			continue
		}
		subject := strings.TrimPrefix(text[at+len(verb):], `"`)
		if end := strings.IndexAny(subject, "\" "); end >= 0 {
			subject = subject[:end]
		}
		return verb + subject, true
	}
	return "", false
}

// refusedSince looks for a permission the server refused since a moment, on a
// subject with the prefix given ("" for any).
func (c *Conn) refusedSince(prefix string, since time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, when := range c.denied {
		if when.Before(since) {
			continue
		}
		if _, subject, _ := strings.Cut(what, " to "); strings.HasPrefix(subject, prefix) {
			return &PermissionError{What: what}
		}
	}
	return nil
}

// PermissionError says what the account's permissions do not allow.
type PermissionError struct {
	What string // e.g. "publish to decisions.ws01"
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("the NATS user has no permission to %s (grant it in the account's permissions)",
		strings.Replace(e.What, "subscription to", "subscribe to", 1))
}

// awaitConnected returns when the connection stands, or ctx ends, or the
// connection is closed for good.
func (c *Conn) awaitConnected(ctx context.Context) error {
	for {
		c.mu.Lock()
		s, changed := c.state, c.changed
		c.mu.Unlock()
		switch {
		case s.Closed:
			return fmt.Errorf("connection to NATS: %w", ErrClosed)
		case s.Connected:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
