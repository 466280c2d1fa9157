package gateway

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// timer is something that is due on a host: a fact that a Decision waits for
// and that has not come, or a finding that may have settled.
type timer struct {
	Due     time.Time        `json:"due"`
	At      install.Position `json:"at,omitzero"`       // the event that waits
	Fact    string           `json:"fact,omitempty"`    // for what
	Finding string           `json:"finding,omitempty"` // uid of the finding that may have settled
}

// compareTimers orders timers as they fire.
func compareTimers(a, b timer) int {
	return cmp.Or(
		a.Due.Compare(b.Due),
		strings.Compare(a.At.Stream, b.At.Stream),
		cmp.Compare(a.At.Sequence, b.At.Sequence),
		cmp.Compare(a.At.Record, b.At.Record),
		strings.Compare(a.Fact, b.Fact),
		strings.Compare(a.Finding, b.Finding),
	)
}

// timers are those of a worker's hosts.
type timers struct {
	byHost map[string][]timer // as they fire
	next   hostQueue          // at least one entry for each host at its next timer's time, and outdated ones
}

func newTimers() timers { return timers{byHost: map[string][]timer{}} }

// pend sets what the event at a position waits for, in the place of what it
// waited for before. What is due already is not waited for.
func (t *timers) pend(host string, at install.Position, pending []policy.Pending, now time.Time) {
	list := t.byHost[host]
	if len(list) == 0 && len(pending) == 0 {
		return
	}
	list = slices.DeleteFunc(list, func(one timer) bool { return one.Fact != "" && one.At == at })
	for _, p := range pending {
		if p.Due.After(now) {
			list = insertTimer(list, timer{Due: p.Due.UTC(), At: at, Fact: p.Fact})
		}
	}
	t.set(host, list)
}

// settle sets when it is to be looked whether a finding has settled.
func (t *timers) settle(host, uid string, due time.Time) {
	list := t.withoutFinding(host, uid)
	t.set(host, insertTimer(list, timer{Due: due.UTC(), Finding: uid}))
}

// closed takes a finding's timer away.
func (t *timers) closed(host, uid string) { t.set(host, t.withoutFinding(host, uid)) }

func (t *timers) withoutFinding(host, uid string) []timer {
	return slices.DeleteFunc(t.byHost[host], func(one timer) bool { return one.Finding == uid })
}

func insertTimer(list []timer, one timer) []timer {
	at, _ := slices.BinarySearchFunc(list, one, compareTimers)
	return slices.Insert(list, at, one)
}

// Bounds of the timers that are read: more than a host can have, and times that
// a stamp can tell.
const (
	maxTimers    = 1 << 16
	maxTimerText = 512
)

var earliestDue, latestDue = time.Unix(0, 0), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)

// readTimers looks at the timers of a host that were written down.
func readTimers(written []timer) ([]timer, error) {
	if len(written) > maxTimers {
		return nil, fmt.Errorf("there are %d, at most %d are kept", len(written), maxTimers)
	}
	list := slices.Clone(written)
	for i := range list {
		one := &list[i]
		switch {
		case one.Due.Before(earliestDue), one.Due.After(latestDue):
			return nil, fmt.Errorf("timer %d is due at no time that can be", i)
		case (one.Fact == "") == (one.Finding == ""), len(one.Fact) > maxTimerText, len(one.Finding) > maxTimerText, len(one.At.Stream) > maxTimerText:
			return nil, fmt.Errorf("timer %d waits neither for a fact nor for a finding, or for both", i)
		case one.At.Record < 0:
			return nil, fmt.Errorf("timer %d is of a record with a negative index", i)
		}
		one.Due = one.Due.UTC()
	}
	if !slices.IsSortedFunc(list, compareTimers) {
		return nil, errors.New("they are not in order")
	}
	return list, nil
}

// set takes a host's timers, in order.
func (t *timers) set(host string, list []timer) {
	if len(list) == 0 {
		delete(t.byHost, host)
		return
	}
	t.byHost[host] = list
	heap.Push(&t.next, hostDue{list[0].Due, host})
	if len(t.next) > 4*len(t.byHost)+64 { // mostly outdated
		t.next = t.next[:0]
		for name, list := range t.byHost {
			t.next = append(t.next, hostDue{list[0].Due, name})
		}
		heap.Init(&t.next)
	}
}

// take takes out the first timer that is due by the clock.
func (t *timers) take(clock time.Time) (host string, one timer, ok bool) {
	for len(t.next) > 0 && !t.next[0].due.After(clock) {
		first := heap.Pop(&t.next).(hostDue)
		list := t.byHost[first.host]
		if len(list) == 0 || !list[0].Due.Equal(first.due) {
			continue // outdated
		}
		one = list[0]
		t.set(first.host, slices.Delete(list, 0, 1))
		return first.host, one, true
	}
	return "", timer{}, false
}

// takeOf takes out the first timer of a host that is due by the clock.
func (t *timers) takeOf(host string, clock time.Time) (timer, bool) {
	list := t.byHost[host]
	if len(list) == 0 || list[0].Due.After(clock) {
		return timer{}, false
	}
	one := list[0]
	t.set(host, slices.Delete(list, 0, 1))
	return one, true
}

// waiting counts the facts that are waited for, and the findings that have not
// settled.
func (t *timers) waiting() (facts, findings int) {
	for _, list := range t.byHost {
		for i := range list {
			if list[i].Finding != "" {
				findings++
			} else {
				facts++
			}
		}
	}
	return facts, findings
}

// earliest is when the next one is due; zero where there is none.
func (t *timers) earliest() time.Time {
	for len(t.next) > 0 {
		first := t.next[0]
		if list := t.byHost[first.host]; len(list) > 0 && list[0].Due.Equal(first.due) {
			return first.due
		}
		heap.Pop(&t.next)
	}
	return time.Time{}
}

// hostDue says when a host's next timer is due.
type hostDue struct {
	due  time.Time
	host string
}

// hostQueue is a heap of them; those of one time by name, so that they fire in
// the same order always.
type hostQueue []hostDue

func (q hostQueue) Len() int { return len(q) }
func (q hostQueue) Less(i, j int) bool {
	return cmp.Or(q[i].due.Compare(q[j].due), strings.Compare(q[i].host, q[j].host)) < 0
}
func (q hostQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *hostQueue) Push(x any)   { *q = append(*q, x.(hostDue)) }
func (q *hostQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
