package bus

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ConnectError says which NATS could not be reached, why, and what to try.
type ConnectError struct {
	Target string // URL without secrets, or the context's name
	Reason string
	Hint   string // "" where there is none
	ended  error  // of the context, where that ended first
}

// Unwrap gives the error of the context that ended first. What else was the
// cause is not given: it may hold a URL with its password.
func (e *ConnectError) Unwrap() error { return e.ended }

func (e *ConnectError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("connecting to NATS at %s: %s", e.Target, e.Reason)
	}
	return fmt.Sprintf("connecting to NATS at %s: %s — %s", e.Target, e.Reason, e.Hint)
}

// connectError explains err.
func connectError(target string, err error) error {
	e := &ConnectError{Target: redact(target), Reason: scrub(strings.TrimPrefix(err.Error(), "nats: "))}
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var path *os.PathError
	switch {
	case errors.Is(err, context.Canceled):
		e.ended = context.Canceled
	case errors.Is(err, nats.ErrNoServers):
		e.Reason = "connection refused"
		e.Hint = "is a nats-server running there? Start one with `nats-server -js`, correct the URL, or leave it out and msigate runs its own"
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		e.Hint = "nothing answered in time: is a firewall in between?"
		if errors.Is(err, context.DeadlineExceeded) {
			e.ended = context.DeadlineExceeded
		}
	case errors.As(err, &dns):
		e.Hint = "the host name does not resolve: is it spelt right?"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked),
		strings.Contains(strings.ToLower(err.Error()), "authorization violation"):
		e.Hint = "the server does not accept these credentials: check the credentials file, nkey or user"
	case errors.As(err, &unknown):
		e.Hint = "the server's certificate is not signed by a known authority: name its CA file"
	case errors.As(err, &hostname):
		e.Hint = "the server's certificate is for another host name"
	case errors.Is(err, nats.ErrSecureConnRequired):
		e.Hint = "the server requires TLS: use tls:// or name its CA file"
	case errors.Is(err, nats.ErrSecureConnWanted):
		e.Hint = "the server does not offer TLS: use nats://, or switch TLS on at the server"
	case errors.As(err, &path):
		e.Hint = "is the path right and readable for this user?"
	case strings.HasPrefix(err.Error(), "unknown context"), strings.HasPrefix(err.Error(), "invalid context"):
		e.Hint = "`nats context ls` lists those of this user"
	}
	return e
}

// redact gives a URL, or a list of them, without user, password and token.
func redact(list string) string {
	parts := strings.Split(list, ",")
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if !strings.Contains(p, "@") {
			parts[i] = p
			continue
		}
		scheme, rest, ok := strings.Cut(p, "://")
		if !ok {
			scheme, rest = "nats", p
		}
		parts[i] = scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
	}
	return strings.Join(parts, ",")
}

// scrub takes userinfo out of every URL in a text.
func scrub(text string) string {
	from := 0
	for {
		at := strings.Index(text[from:], "://")
		if at < 0 {
			return text
		}
		start := from + at + len("://")
		end := start + strings.IndexAny(text[start:]+" ", " \t\r\n\"'`,")
		if user := strings.LastIndex(text[start:end], "@"); user >= 0 {
			text = text[:start] + text[start+user+1:]
			end -= user + 1
		}
		from = end
	}
}

// checkURLs refuses what cannot be a server's address without repeating it
// whole: a password may be what makes it unreadable.
func checkURLs(list string) error {
	if list == "" {
		return nil
	}
	for i, p := range strings.Split(list, ",") {
		p = strings.TrimSpace(p)
		if !strings.Contains(p, "://") {
			p = "nats://" + p
		}
		u, err := url.Parse(p)
		if err != nil {
			return fmt.Errorf("URL %d (%s) cannot be read: are special characters in user or password percent-encoded?", i+1, redact(p))
		}
		switch u.Scheme {
		case "nats", "tls", "ws", "wss":
		default:
			return fmt.Errorf("URL %d (%s): scheme %q is none of nats, tls, ws, wss", i+1, redact(p), u.Scheme)
		}
		if u.Hostname() == "" {
			return fmt.Errorf("URL %d (%s) names no host", i+1, redact(p))
		}
	}
	return nil
}

// explain adds to an error of JetStream what a person can do about it. since
// is when the request was made.
func (c *Conn) explain(err error, since time.Time) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled):
		return fmt.Errorf("%w — the server runs without JetStream: start it with -js", err)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w — enable JetStream for this account", err)
	case errors.Is(err, nats.ErrNoResponders):
		return fmt.Errorf("%w — nothing answers for JetStream: start the server with -js, and enable JetStream for this account", err)
	case timedOut(err), errors.Is(err, context.Canceled):
		if denied := c.refusedSince("", since); denied != nil {
			return denied
		}
		if errors.Is(err, context.Canceled) {
			return err
		}
		if s := c.State(); !s.Connected {
			return fmt.Errorf("%w — the connection to NATS is down: %s", err, s.LastError)
		}
		return fmt.Errorf("%w — JetStream did not answer", err)
	default:
		return err
	}
}

// requestTimeout bounds one question to JetStream.
const requestTimeout = 5 * time.Second

// request bounds a question to JetStream, and ends it early when the server
// refuses to take it: a refusal comes aside, and no answer ever does.
func (c *Conn) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.bounded(ctx, false)
}

// attempt is a request that ends with the connection it began on, too: what was
// on its way then may never be answered. It is for who asks again by itself.
func (c *Conn) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.bounded(ctx, true)
}

func (c *Conn) bounded(ctx context.Context, untilLost bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	start, began := time.Now(), c.State().Reconnect
	go func() {
		for {
			c.mu.Lock()
			changed, s := c.changed, c.state
			c.mu.Unlock()
			lost := !s.Connected || s.Reconnect != began
			if c.refusedSince(c.api(""), start) != nil || untilLost && lost {
				cancel()
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrAsyncPublishTimeout)
}
