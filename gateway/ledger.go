package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// Ledger writes audit events to the stream AUDIT. What the stream does not take
// is kept on disk until it does, so that none is lost with a full stream or a bus
// that is away.
type Ledger struct {
	conn   *bus.Conn
	folder string
	log    *slog.Logger
	health *health

	mu   sync.Mutex // one writer at a time
	kept int        // events that wait on disk
	lost error      // why the last event that is nowhere but in the log could not be kept
}

// auditWait is how long the stream is waited for before an event counts as not stored.
const auditWait = 5 * time.Second

// maxKept bounds the events that wait on disk: thousands mean that nobody has
// looked for weeks, and what is refused then says so.
const maxKept = 10_000

// errNotStored says that AUDIT did not take an event.
var errNotStored = errors.New("its audit event cannot be stored")

// openLedger keeps what it must in a folder, which is made when that happens.
func openLedger(conn *bus.Conn, folder string, log *slog.Logger, h *health) *Ledger {
	l := &Ledger{conn: conn, folder: folder, log: log, health: h}
	l.kept = len(l.waiting())
	l.tell()
	return l
}

// audited is an event as it is written: under an id that stays its own however
// often it is sent.
type audited struct {
	id      string
	subject string
	data    []byte
}

func newAudited(e auditEvent) (audited, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return audited{}, fmt.Errorf("write down an audit event: %w", err)
	}
	return audited{id: "audit:" + uuid.NewString(), subject: bus.AuditSubject(e.Event), data: data}, nil
}

// store waits until AUDIT holds the event.
func (l *Ledger) store(ctx context.Context, a audited) error {
	ctx, cancel := context.WithTimeout(ctx, auditWait)
	defer cancel()
	if _, err := l.conn.Ship(ctx, a.subject, a.id, a.data, nil); err != nil {
		return fmt.Errorf("%w: %w", errNotStored, err)
	}
	return nil
}

// record stores an event, or keeps it.
func (l *Ledger) record(ctx context.Context, e auditEvent) {
	a, err := newAudited(e)
	if err == nil {
		if err = l.store(ctx, a); err == nil {
			return
		}
		if toldToStop(ctx) {
			l.log.Info("an audit event is kept on disk for the next start, since this one stops", "event", e.Event)
		} else {
			l.log.Warn("an audit event is kept on disk until the stream takes it", "event", e.Event, "error", err)
		}
		err = l.keep(ctx, a)
	}
	if err != nil {
		l.log.Error("an audit event was not stored", "event", e.Event, "detail", e.Detail, "error", err)
		l.mu.Lock()
		l.lost = err
		l.tell()
		l.mu.Unlock()
	}
}

// toldToStop reports whether an event was not stored because the gateway stops:
// nothing is wrong with the stream.
func toldToStop(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// keep writes an event to the disk. It is there when it returns; that it waits
// there is told, unless it is the end of ctx that kept the stream from it.
func (l *Ledger) keep(ctx context.Context, a audited) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept >= maxKept {
		return fmt.Errorf("keep an audit event: %d wait in %s already", l.kept, l.folder)
	}
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return fmt.Errorf("keep an audit event: %w", err)
	}
	raw, err := json.Marshal(keptEvent{Subject: a.subject, ID: a.id, Event: a.data})
	if err != nil {
		return fmt.Errorf("keep an audit event: %w", err)
	}
	// In the order of time, which is that of their names.
	name := fmt.Sprintf("%020d-%s.json", time.Now().UnixNano(), strings.TrimPrefix(a.id, "audit:"))
	if err := governance.WriteSynced(filepath.Join(l.folder, name), raw, nil); err != nil {
		return fmt.Errorf("keep an audit event: %w", err)
	}
	l.kept++
	if !toldToStop(ctx) {
		l.tell()
	}
	return nil
}

// keptEvent is an event on disk.
type keptEvent struct {
	Subject string          `json:"subject"`
	ID      string          `json:"id"`
	Event   json.RawMessage `json:"event"`
}

// waiting are the files of kept events, the oldest first.
func (l *Ledger) waiting() []string {
	files, err := os.ReadDir(l.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.Error("the audit events kept on disk cannot be listed", "folder", l.folder, "error", err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".json") {
			names = append(names, file.Name())
		}
	}
	return names
}

// flush stores what waits, until the stream refuses one.
func (l *Ledger) flush(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == 0 {
		return
	}
	for _, name := range l.waiting() {
		file := filepath.Join(l.folder, name)
		raw, err := os.ReadFile(file)
		var kept keptEvent
		if err == nil {
			err = json.Unmarshal(raw, &kept)
		}
		if err != nil {
			l.log.Error("an audit event kept on disk cannot be read; it stays there", "file", file, "error", err)
			continue
		}
		if err := l.store(ctx, audited{id: kept.ID, subject: kept.Subject, data: kept.Event}); err != nil {
			break
		}
		if err := os.Remove(file); err != nil {
			l.log.Error("an audit event is stored and its file stays: it is stored again at the next start", "file", file, "error", err)
		}
	}
	l.kept = len(l.waiting())
	l.tell()
}

// tell says how many wait, and until the next start that one was lost. It is called
// with the lock.
func (l *Ledger) tell() {
	var details []string
	if l.kept > 0 {
		details = append(details, fmt.Sprintf("%d audit events wait on disk until the stream %s takes them", l.kept, bus.StreamAudit))
	}
	if l.lost != nil {
		details = append(details, "since the start, audit events went nowhere but to the log: "+l.lost.Error())
	}
	if details == nil {
		l.health.clear(reasonAudit, "")
		return
	}
	l.health.set(reasonAudit, "", strings.Join(details, "; "))
}
