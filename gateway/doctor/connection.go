package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
)

var (
	natsUnreachable = Check{
		"nats.unreachable", Error, "NATS cannot be reached, or answers no question about its streams",
		"nothing is taken, decided or told", "see that nats-server runs, that the URL is right and that the credentials are its account's; the finding says what failed",
	}
	natsPlain = Check{
		"nats.plaintext", Error, "NATS is on another machine and the connection is not encrypted",
		"whoever is on the way reads events and verdicts, and the credentials", "switch TLS on at the server, and name nats.tls.ca_file",
	}
	natsOpen = Check{
		"nats.no_credentials", Error, "NATS is on another machine and asks for no credentials",
		"whoever reaches it writes events, approvals and verdicts", "accounts and users as in deploy/nats-server.conf",
	}
	natsPayload = Check{
		"nats.max_payload", Warning, "the server takes messages of less than 1 MiB",
		"large events and findings go to QUARANTINE as a record of themselves, and the state of busy hosts is shortened", "max_payload: 1MB or more in the server's configuration",
	}
	clockAhead = Check{
		"clock.skew", Error, "the clock of this machine and that of NATS differ by more than two seconds",
		"approvals, change windows, keys and bundles count from and until the wrong time, and timers fire early or late", "run an NTP client on both (timedatectl status, w32tm /query /status)",
	}
	rightsWide = Check{
		"permissions.too_wide", Error, "the gateway's credentials can do what the gateway must not",
		"who takes over a gateway can do it too", "give its user the permissions of deploy/nats-server.conf",
	}
	rightsNarrow = Check{
		"permissions.too_narrow", Error, "the gateway's credentials cannot do what the gateway needs",
		"it does not start, or stops at the first output", "give its user the permissions of deploy/nats-server.conf",
	}
)

var connectionChecks = []Check{natsUnreachable, natsPlain, natsOpen, natsPayload, clockAhead, rightsWide, rightsNarrow}

const (
	skew       = 2 * time.Second
	minPayload = 1 << 20
)

// connection looks at the way to NATS; it tells whether there is one.
func (e *examination) connection(ctx context.Context) bool {
	if e.Conn == nil {
		e.find(natsUnreachable, "nats", "%v", e.Unreachable)
		return false
	}
	var err error
	if e.inspected, err = bus.Inspect(ctx, e.Conn); err != nil {
		var denied *bus.PermissionError
		if errors.As(err, &denied) && e.Own {
			e.find(rightsNarrow, "nats "+e.inspected.Server, "%v", err)
		} else {
			e.find(natsUnreachable, "nats "+e.inspected.Server, "%v", err)
		}
		return false
	}
	object := "nats " + e.inspected.Server
	if !e.inspected.Loopback && !e.inspected.TLS {
		e.find(natsPlain, object, "no TLS")
	}
	if !e.inspected.Loopback && !e.inspected.Auth {
		e.find(natsOpen, object, "no user, token, NKey or JWT is asked for")
	}
	if e.inspected.MaxPayload < minPayload {
		e.find(natsPayload, object, "max_payload is %d bytes", e.inspected.MaxPayload)
	}
	e.inspected.LocalTime = e.inspected.LocalTime.Add(-time.Since(e.Now()).Round(time.Millisecond)) // where the caller's clock is another
	if ahead := e.inspected.Ahead(); ahead.Abs() > skew && !e.inspected.ServerTime.IsZero() {
		word := "ahead of"
		if ahead < 0 {
			word = "behind"
		}
		e.find(clockAhead, object, "this machine is %s %s the server", span(ahead.Abs()), word)
	}
	return true
}

// rights tries what the gateway's credentials allow.
func (e *examination) rights(ctx context.Context) {
	const about = "permissions"
	switch {
	case embedded(e.Config):
		e.skip(about, "the NATS inside msigate run listens on this machine only and has no users")
		return
	case !e.Own:
		e.skip(about, "other credentials than the configuration's are used")
		return
	case !e.inspected.Auth:
		e.skip(about, "NATS asks for no credentials: who reaches it may do everything; deploy/nats-server.conf has a role for each")
		return
	}
	rights, err := bus.GatewayRights(ctx, e.Conn)
	if err != nil {
		e.skip(about, "%v", err)
		return
	}
	var operations []string // of JetStream: one finding
	for _, r := range rights {
		switch {
		case r.Needed && !r.Allowed:
			e.find(rightsNarrow, "nats user", "it cannot %s: %s", r.What, r.Why)
		case !r.Needed && r.Allowed && strings.HasPrefix(r.What, "ask JetStream to "):
			operations = append(operations, strings.TrimSuffix(strings.TrimPrefix(r.What, "ask JetStream to "), " a stream"))
		case !r.Needed && r.Allowed:
			e.find(rightsWide, "nats user", "it can %s: %s", r.What, r.Why)
		}
	}
	if len(operations) > 0 {
		e.find(rightsWide, "nats user", "it can ask JetStream for these operations on streams: %s", strings.Join(operations, ", "))
	}
}

func embedded(c gateway.Config) bool { return c.NATS.URL == "" && c.NATS.Context == "" }
