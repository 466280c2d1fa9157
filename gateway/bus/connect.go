package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/natscontext"
)

// DefaultURL is where a nats-server listens by default.
const DefaultURL = "nats://127.0.0.1:4222"

// Options say which NATS to use and as whom. The zero value is DefaultURL
// without credentials.
type Options struct {
	// URL of one server, or of several with commas between: nats://, tls://,
	// ws:// or wss://. It may carry user:password@ or token@; no error or
	// state shows them.
	URL string

	// Context is the name of a context of the `nats` command line, or the
	// absolute path of its file. It excludes URL and gives credentials and TLS
	// files of its own; those set here besides win.
	Context string

	// Credentials is a file with a user JWT and its seed (.creds).
	Credentials string

	// NKeySeed is a file with an nkey seed. It excludes Credentials.
	NKeySeed string

	// CA is a PEM file with the authorities that may sign the server's
	// certificate; empty: those of the system.
	CA string

	// Certificate and Key are PEM files with the client's certificate; both or
	// neither.
	Certificate, Key string

	// JetStreamDomain is the domain of a JetStream behind a leaf node; empty:
	// that of the context, else none.
	JetStreamDomain string

	// InboxPrefix is the first token of the subjects that answers come to; empty:
	// that of the context, else _INBOX. With one of its own a user can be kept from
	// reading what is answered to others.
	InboxPrefix string

	// Name shows in the server's list of connections; empty: msigate.
	Name string

	// Timeout bounds one attempt to connect; 0: 5 s.
	Timeout time.Duration

	// OnState, where set, is called after every change of the connection, one
	// call at a time. It must not block.
	OnState func(State)
}

// State is the connection's, for health and for people.
type State struct {
	Connected bool
	Closed    bool      // for good: by Close
	Server    string    // URL of the server in use, or of the last one; no secrets
	Since     time.Time // of the last change
	Reconnect uint64    // how often the connection was restored
	LastError string    // the last error the server or the network reported; "" for none
}

// Conn is a connection to NATS. It reconnects for ever. It is safe for use by
// several goroutines.
type Conn struct {
	nc *nats.Conn
	js jetstream.JetStream

	domain    string
	apiPrefix string

	mu         sync.Mutex
	state      State
	changed    chan struct{}        // closed and replaced at every change
	denied     map[string]time.Time // "publish to X" → when the server last refused it
	leftBehind bool                 // Connect gave up before: nobody is told any more
	onState    func(State)
	calls      sync.Mutex // keeps calls of onState in order
}

// Connect connects once, within ctx and Timeout, and fails when it cannot: a
// wrong address should not wait in silence. Where ctx ends first, the error is
// its own, too. A connection lost later is restored
// for as long as it takes.
func Connect(ctx context.Context, o Options) (*Conn, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	c := &Conn{
		changed: make(chan struct{}),
		denied:  map[string]time.Time{},
		onState: o.OnState,
	}
	opts, err := o.nats(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	target := o.URL
	switch {
	case o.Context != "":
		target = "context " + o.Context
	case target == "":
		target = DefaultURL
	}
	made, err := c.dial(ctx, o, target, opts)
	if err != nil {
		return nil, connectError(target, err)
	}
	c.nc, c.domain, c.apiPrefix = made.nc, made.settings.JSDomain, made.settings.JSAPIPrefix
	if o.JetStreamDomain != "" {
		c.domain, c.apiPrefix = o.JetStreamDomain, ""
	}
	if c.js, err = c.jetStream(); err != nil {
		c.nc.Close()
		return nil, fmt.Errorf("connecting to NATS at %s: %w", redact(target), err)
	}
	c.change(c.nc, func(s *State) { s.Connected = c.nc.IsConnected() })
	return c, nil
}

// dialed is an attempt to connect that succeeded.
type dialed struct {
	nc       *nats.Conn
	settings natscontext.Settings // zero where no context is used
}

// dial connects, or ends with ctx. The client knows no context: an attempt that
// is left behind ends by its own timeout, and what it made is closed.
func (c *Conn) dial(ctx context.Context, o Options, target string, opts []nats.Option) (dialed, error) {
	type result struct {
		dialed
		err error
	}
	made := make(chan result, 1)
	go func() {
		var r result
		if o.Context != "" {
			r.nc, r.settings, r.err = natscontext.Connect(o.Context, opts...)
		} else {
			r.nc, r.err = nats.Connect(target, opts...)
		}
		made <- r
	}()
	select {
	case r := <-made:
		return r.dialed, r.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	c.leftBehind = true
	c.mu.Unlock()
	go func() {
		if r := <-made; r.err == nil {
			r.nc.Close()
		}
	}()
	return dialed{}, ctx.Err()
}

// jetStream makes a JetStream context of its own, in the domain configured.
func (c *Conn) jetStream(opts ...jetstream.JetStreamOpt) (jetstream.JetStream, error) {
	switch {
	case c.domain != "":
		return jetstream.NewWithDomain(c.nc, c.domain, opts...)
	case c.apiPrefix != "":
		return jetstream.NewWithAPIPrefix(c.nc, strings.TrimSuffix(c.apiPrefix, "."), opts...)
	default:
		return jetstream.New(c.nc, opts...)
	}
}

// check refuses options that contradict each other or name unreadable files.
func (o Options) check() error {
	switch {
	case o.URL != "" && o.Context != "":
		return errors.New("both a URL and a context are given: a context has a URL of its own, leave one out")
	case o.Credentials != "" && o.NKeySeed != "":
		return errors.New("both a credentials file and an nkey seed are given: leave one out")
	case (o.Certificate == "") != (o.Key == ""):
		return errors.New("a client certificate and its key go together: give both or neither")
	}
	if err := checkURLs(o.URL); err != nil {
		return err
	}
	for _, f := range []struct{ what, path string }{
		{"credentials", o.Credentials},
		{"nkey seed", o.NKeySeed},
		{"CA", o.CA},
		{"client certificate", o.Certificate},
		{"client key", o.Key},
	} {
		if f.path == "" {
			continue
		}
		file, err := os.Open(f.path)
		if err != nil {
			return fmt.Errorf("%s file: %w", f.what, err)
		}
		_ = file.Close() // opened only to learn that it can be
	}
	return nil
}

// nats turns Options into those of the client.
func (o Options) nats(ctx context.Context, c *Conn) ([]nats.Option, error) {
	name, timeout := o.Name, o.Timeout
	if name == "" {
		name = "msigate"
	}
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(deadline), time.Millisecond))
	}
	opts := []nats.Option{
		nats.Name(name),
		nats.Timeout(timeout),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // an account that is being mended comes back
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, time.Second),
		nats.PingInterval(20 * time.Second), // a dead peer is noticed within a minute
		nats.DisconnectErrHandler(c.onDisconnect),
		nats.ReconnectHandler(c.onReconnect),
		nats.ClosedHandler(c.onClosed),
		nats.ErrorHandler(c.onError),
	}
	if o.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.Credentials))
	}
	if o.NKeySeed != "" {
		nkey, err := nats.NkeyOptionFromSeed(o.NKeySeed)
		if err != nil {
			return nil, fmt.Errorf("nkey seed file %s: %w", o.NKeySeed, err)
		}
		opts = append(opts, nkey)
	}
	if o.InboxPrefix != "" {
		opts = append(opts, nats.CustomInboxPrefix(o.InboxPrefix))
	}
	if o.CA != "" {
		opts = append(opts, nats.RootCAs(o.CA))
	}
	if o.Certificate != "" {
		opts = append(opts, nats.ClientCert(o.Certificate, o.Key))
	}
	return opts, nil
}

// MaxPayload is the most bytes, header included, that the server takes in one
// message. It may change with a reconnect.
func (c *Conn) MaxPayload() int { return int(c.nc.MaxPayload()) }

// Close sends what is buffered, waits for it no longer than ctx, and closes.
// Consumptions and Publishers are to be drained before.
func (c *Conn) Close(ctx context.Context) error {
	defer c.nc.Close()
	if !c.nc.IsConnected() {
		return nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	if err := c.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("closing the connection to NATS: sending what is buffered: %w", err)
	}
	return nil
}
