package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// EmbeddedOptions say how to run a NATS server inside the process.
type EmbeddedOptions struct {
	// StoreDir is where JetStream keeps its files; it is created. Required.
	StoreDir string

	// Port on 127.0.0.1; 0 or -1: a free one.
	Port int

	// SyncAlways has every stored message on the disk before its PubAck. It
	// costs an fsync each; without it a power cut may lose the last seconds
	// (a killed process loses nothing either way).
	SyncAlways bool

	// MaxPayload is the most bytes of one message; 0: the server's default, 1 MiB.
	MaxPayload int

	// Log takes the server's warnings and errors; nil: nowhere.
	Log *slog.Logger
}

// Embedded is a running server.
type Embedded struct {
	srv  *server.Server
	lock *os.File
	once sync.Once
}

// StartEmbedded runs a server with JetStream on disk that listens on loopback
// only, and returns when it takes connections. One store has one server at a
// time: a second one on the same folder is refused where the system has file
// locks.
func StartEmbedded(ctx context.Context, o EmbeddedOptions) (*Embedded, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting the embedded NATS server: %w", err)
	}
	if o.StoreDir == "" {
		return nil, errors.New("starting the embedded NATS server: no folder is named for its store")
	}
	if o.MaxPayload < 0 || o.MaxPayload > 64<<20 {
		return nil, fmt.Errorf("starting the embedded NATS server: a maximum payload of %d bytes is outside 0 to 64 MiB", o.MaxPayload)
	}
	port := o.Port
	if port <= 0 {
		port = server.RANDOM_PORT
	}
	if err := os.MkdirAll(o.StoreDir, 0o700); err != nil {
		return nil, fmt.Errorf("starting the embedded NATS server: its store: %w", err)
	}
	lock, err := lockFile(filepath.Join(o.StoreDir, "msigate.lock"))
	if err != nil {
		return nil, fmt.Errorf("starting the embedded NATS server: the store %s: %w — is another msigate running on it?", o.StoreDir, err)
	}
	opts := &server.Options{
		ServerName:             "msigate-embedded",
		Host:                   "127.0.0.1",
		Port:                   port,
		JetStream:              true,
		StoreDir:               o.StoreDir,
		SyncAlways:             o.SyncAlways,
		MaxPayload:             int32(o.MaxPayload),
		NoSigs:                 true, // signals are the process's own
		DisableJetStreamBanner: true,
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		unlockFile(lock)
		return nil, fmt.Errorf("starting the embedded NATS server: %w", err)
	}
	e := &Embedded{srv: srv, lock: lock}
	log := newServerLog(o.Log)
	srv.SetLogger(log, false, false)
	srv.Start()
	if err := awaitReady(ctx, srv, log); err != nil {
		e.Shutdown()
		if portTaken(err) {
			return nil, fmt.Errorf("starting the embedded NATS server: port %d on 127.0.0.1 is in use — is a nats-server running there? Use it by its URL, or choose another port", port)
		}
		return nil, fmt.Errorf("starting the embedded NATS server: %w", err)
	}
	return e, nil
}

// awaitReady waits until connections are taken and JetStream runs.
func awaitReady(ctx context.Context, srv *server.Server, log *serverLog) error {
	deadline := time.Now().Add(30 * time.Second) // a large store is recovered first
	for {
		select {
		case text := <-log.fatal:
			return errors.New(text)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if srv.ReadyForConnections(50 * time.Millisecond) {
			if !srv.JetStreamEnabled() {
				return errors.New("JetStream did not start")
			}
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("not ready after 30 s")
		}
	}
}

func portTaken(err error) bool {
	return strings.Contains(err.Error(), "address already in use") || strings.Contains(err.Error(), "Only one usage of each socket address")
}

// URL is where clients of this machine connect.
func (e *Embedded) URL() string {
	return "nats://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(e.Port()))
}

// Port is the one it listens on.
func (e *Embedded) Port() int {
	if addr, ok := e.srv.Addr().(*net.TCPAddr); ok {
		return addr.Port
	}
	return 0
}

// Shutdown stops the server and waits until its files are closed. Calling it
// again does nothing.
func (e *Embedded) Shutdown() {
	e.once.Do(func() {
		e.srv.Shutdown()
		e.srv.WaitForShutdown()
		unlockFile(e.lock)
	})
}

// serverLog takes the server's log lines: warnings and errors go to slog, a
// fatal one to who starts the server, for without it the server would end the
// process.
type serverLog struct {
	to    *slog.Logger
	fatal chan string
}

func newServerLog(to *slog.Logger) *serverLog {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return &serverLog{to: to, fatal: make(chan string, 1)}
}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}

func (l *serverLog) Warnf(format string, v ...any) {
	l.to.Warn("embedded NATS server: " + scrub(fmt.Sprintf(format, v...)))
}

func (l *serverLog) Errorf(format string, v ...any) {
	l.to.Error("embedded NATS server: " + scrub(fmt.Sprintf(format, v...)))
}

func (l *serverLog) Fatalf(format string, v ...any) {
	text := scrub(fmt.Sprintf(format, v...))
	l.to.Error("embedded NATS server: " + text)
	select {
	case l.fatal <- text:
	default: // the first one is the cause
	}
}
