package bus

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// absence finds out, for a publisher that gets no answer from a stream, whether
// the stream is absent: only the server can say so, while the connection
// stands. A server that starts again answers late, or not for all streams yet.
type absence struct {
	mu    sync.Mutex
	asked map[string]answer // stream → what was learnt last
}

type answer struct {
	at     time.Time
	absent bool // the server said so
	twice  bool // and had said so before
}

// askEvery is the least time between two questions about one stream: a thousand
// hosts may wait for it.
const askEvery = 500 * time.Millisecond

// unanswered explains why nothing answered a publish to a subject.
func (p *Publisher) unanswered(subject string) error {
	if s := p.conn.State(); !s.Connected {
		return errors.New("the connection to NATS is down; the gateway waits")
	}
	if p.absent(subject) {
		return fmt.Errorf("no stream takes this subject — %s", mendBySetup)
	}
	return errors.New("JetStream does not answer just now; the gateway waits")
}

// absent reports whether the server has said twice, one after the other, that
// no stream is there for a subject.
func (p *Publisher) absent(subject string) bool {
	name := streamOf(subject)
	p.absence.mu.Lock()
	defer p.absence.mu.Unlock() // who waits for the lock gets the answer, too
	last := p.absence.asked[name]
	if time.Since(last.at) < askEvery {
		return last.twice
	}
	ctx, cancel := p.conn.attempt(p.ctx)
	defer cancel()
	config, err := p.conn.streamConfig(ctx, name)
	now := answer{at: time.Now(), absent: err == nil && (config == nil || len(uncovered([]string{subject}, config.Subjects)) > 0)}
	now.twice = now.absent && last.absent
	p.absence.asked[name] = now
	return now.twice
}
