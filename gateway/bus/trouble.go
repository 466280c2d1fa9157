package bus

import (
	"log/slog"
	"sync"
	"time"
)

// troubleEvery is the least time between two log lines of one source.
const troubleEvery = 5 * time.Second

// trouble keeps the last error for health, and logs at most one line every few
// seconds with the count of those it kept back: a bus that is down gives
// thousands.
type trouble struct {
	log  *slog.Logger
	what string

	mu     sync.Mutex
	text   string
	at     time.Time
	logged time.Time
	kept   int
}

func newTrouble(log *slog.Logger, what string) *trouble {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &trouble{log: log, what: what}
}

func (t *trouble) report(err error) {
	text := scrub(err.Error())
	now := time.Now()
	t.mu.Lock()
	t.text, t.at = text, now
	if now.Sub(t.logged) < troubleEvery {
		t.kept++
		t.mu.Unlock()
		return
	}
	kept := t.kept
	t.logged, t.kept = now, 0
	t.mu.Unlock()
	t.log.Warn(t.what+": "+text, "suppressed", kept)
}

func (t *trouble) last() (string, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text, t.at
}
