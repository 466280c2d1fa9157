package gateway

import (
	"slices"
	"sync"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// changeIndex holds the change windows that count, by host group and day: what
// an evaluation asks for is a lookup, however many windows there are.
type changeIndex struct {
	mu    sync.RWMutex
	spans map[string][]policy.Change   // by key of the bucket: what put added
	days  map[groupDay][]policy.Change // each window on every day it touches, and the days around it
}

// groupDay is a host group on one day, counted since 1970.
type groupDay struct {
	group string
	day   int64
}

const day = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

func newChangeIndex() *changeIndex {
	return &changeIndex{spans: map[string][]policy.Change{}, days: map[groupDay][]policy.Change{}}
}

// put has the spans of a record count in place of those it had.
func (x *changeIndex) put(key string, spans []policy.Change) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop(key)
	if len(spans) == 0 {
		return
	}
	x.spans[key] = spans
	for _, c := range spans {
		for _, at := range daysOf(c) {
			x.days[at] = append(x.days[at], c)
		}
	}
}

// remove has a record count no more.
func (x *changeIndex) remove(key string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop(key)
}

func (x *changeIndex) drop(key string) {
	for _, c := range x.spans[key] {
		for _, at := range daysOf(c) {
			// Readers hold the slice that was there: it is replaced, never altered.
			var others []policy.Change
			for _, other := range x.days[at] {
				if other.Ticket != c.Ticket {
					others = append(others, other)
				}
			}
			if x.days[at] = others; len(others) == 0 {
				delete(x.days, at)
			}
		}
	}
	delete(x.spans, key)
}

// daysOf are the days on which a window is looked for. A day around it is one of
// them, so that what came too early or too late finds the window that it missed.
func daysOf(c policy.Change) []groupDay {
	var days []groupDay
	for at := dayOf(c.Begin) - 1; at <= dayOf(c.End)+1; at++ {
		days = append(days, groupDay{c.HostGroup, at})
	}
	return days
}

// lookup gives the windows for the groups around a time, at most
// policy.MaxChanges: those first that are open and name a package of the event,
// then those that are open, then the others.
func (x *changeIndex) lookup(groups []string, at time.Time, c *install.Context) []policy.Change {
	if len(groups) == 0 {
		return nil
	}
	x.mu.RLock()
	var found []policy.Change
	for _, group := range groups {
		found = append(found, x.days[groupDay{group, dayOf(at)}]...)
	}
	x.mu.RUnlock()
	if len(found) <= policy.MaxChanges {
		return found
	}
	names := packagesOf(c)
	rank := func(w policy.Change) int {
		switch open := !at.Before(w.Begin) && at.Before(w.End); {
		case open && slices.ContainsFunc(w.Packages, func(name string) bool { return slices.Contains(names, name) }):
			return 0
		case open:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(found, func(a, b policy.Change) int { return rank(a) - rank(b) })
	return found[:policy.MaxChanges]
}

// size is how many records count.
func (x *changeIndex) size() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.spans)
}
