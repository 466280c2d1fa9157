package finding

import (
	"slices"
	"strings"
	"time"
)

// Open lists the findings of a host, and what is kept of those that settled,
// by UID.
func (f *Findings) Open(host string) []Open {
	var all []Open
	for _, one := range f.live.of(host) {
		all = append(all, Open{UID: one.UID, Session: one.Session, Disposition: one.Queue, LastDecision: one.LastDecision})
	}
	for _, t := range f.buried.of(host) {
		all = append(all, Open{UID: t.UID, Session: t.Session, Disposition: t.Queue, LastDecision: t.LastDecision, Settled: t.Settled})
	}
	slices.SortFunc(all, func(a, b Open) int { return strings.Compare(a.UID, b.UID) })
	return all
}

// Settle takes a finding's life for over: its session ended long enough ago
// that nothing more will change. An approved one is closed, for nobody works on
// it. An alert or review is told once more, as it is in the end, and stays
// open: closing it is for whoever works on it. Of each a tombstone is kept.
//
// now is when it is told. A finding that is unknown, stands nowhere or has
// settled gives nothing.
func (f *Findings) Settle(host, uid string, now time.Time) []Update {
	one, ok := f.live.get(uid)
	if ok && one.host != host {
		return nil
	}
	if !ok {
		t, ok := f.buried.get(uid)
		if !ok || t.Settled {
			return nil
		}
		one = f.bring(uid, host)
		one.rise(t)
		f.buried.remove(uid)
	}
	f.live.remove(uid)
	if one.Adopted != nil { // nothing here said otherwise
		one.Floor = worse(one.Floor, *one.Adopted)
	}
	one.Modified = millis(now)
	updates := one.tell(occasion{settled: true}, f, nil)
	f.bury(one, true)
	return updates
}
