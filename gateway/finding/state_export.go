package finding

import (
	"fmt"
	"maps"
	"slices"

	"msigate/gateway/install"
)

// Export gives what is known of a host; false where that is nothing.
func (f *Findings) Export(host string) (*HostState, bool) {
	s := &HostState{}
	for _, one := range f.live.of(host) {
		s.Findings = append(s.Findings, one.export())
	}
	for _, t := range f.buried.of(host) {
		s.Tombstones = append(s.Tombstones, *t)
	}
	return s, len(s.Findings) > 0 || len(s.Tombstones) > 0
}

func (f *finding) export() FindingState {
	s := f.FindingState
	s.Events = slices.Clone(f.Events)
	s.Dropped = slices.Clone(f.Dropped)
	s.Counts = maps.Clone(f.Counts)
	s.Decisions = make([]DecisionRef, len(f.refs))
	for i := range f.refs {
		s.Decisions[i] = f.refs[i].DecisionRef
	}
	return s
}

// Import takes over what Export gave for the host, in the place of what is
// known of it. Where it gives an error, which names what is wrong, nothing has
// changed. From then on, findings give the same documents as those that were
// exported would have given.
func (f *Findings) Import(host string, s *HostState) error {
	if s == nil {
		return fmt.Errorf("read the findings of %s: there is no state", Printable(cut(host, maxName)))
	}
	events := map[install.Position]*finding{}
	uids := map[string]bool{}
	findings := make([]*finding, len(s.Findings))
	for i := range s.Findings {
		one, err := readFinding(&s.Findings[i], host, events, uids)
		if err != nil {
			return fmt.Errorf("read the findings of %s: finding %d: %w", Printable(cut(host, maxName)), i, err)
		}
		findings[i] = one
	}
	for i := range s.Tombstones {
		if err := s.Tombstones[i].check(uids); err != nil {
			return fmt.Errorf("read the findings of %s: tombstone %d: %w", Printable(cut(host, maxName)), i, err)
		}
	}
	f.forget(host)
	if len(findings) > 0 {
		f.index[host] = events
	}
	for _, t := range slices.Backward(s.Tombstones) {
		f.buried.put(t.UID, host, &t)
	}
	for _, one := range slices.Backward(findings) {
		f.keep(one)
	}
	f.live.evicted += s.Evicted
	return nil
}

// forget drops all that is known of a host.
func (f *Findings) forget(host string) {
	for _, one := range f.live.of(host) {
		f.live.remove(one.UID)
	}
	for _, t := range f.buried.of(host) {
		f.buried.remove(t.UID)
	}
	delete(f.index, host)
}

// readFinding makes a finding of its state. events and uids are those of the
// host so far.
func readFinding(s *FindingState, host string, events map[install.Position]*finding, uids map[string]bool) (*finding, error) {
	if err := s.check(uids); err != nil {
		return nil, err
	}
	one := newFinding(s.UID, host, events)
	one.FindingState = *s
	one.Events = make([]*Standing, len(s.Events))
	one.Dropped, one.Counts, one.Decisions = slices.Clone(s.Dropped), maps.Clone(s.Counts), nil
	for i, from := range s.Events {
		event, err := readStanding(from, true)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
		if i > 0 && one.Events[i-1].order(event) >= 0 {
			return nil, fmt.Errorf("event %d: it is not in order", i)
		}
		if _, taken := events[event.At]; taken {
			return nil, fmt.Errorf("event %d: record %d.%d stands twice", i, event.At.Sequence, event.At.Record)
		}
		one.Events[i], events[event.At] = event, one
	}
	if s.Last != nil {
		last, err := readStanding(s.Last, false)
		if err != nil {
			return nil, fmt.Errorf("the last event: %w", err)
		}
		one.Last = last
	}
	return one, one.readRefs(s.Decisions)
}

// readRefs takes over the list of Decisions. A current one is that of an event
// that is kept, or of one that is counted.
func (f *finding) readRefs(list []DecisionRef) error {
	left := map[Grade]int{}
	for _, d := range f.Dropped {
		left[d.Grade] = d.Count
	}
	seen := map[install.Position]bool{}
	f.refs = make([]ref, len(list))
	for i, d := range list {
		f.refs[i] = ref{DecisionRef: d}
		f.refs[i].render()
		if !d.Current {
			continue
		}
		at := f.refs[i].at()
		holder, taken := f.index[at]
		if seen[at] || taken && holder != f {
			return fmt.Errorf("decision %d: record %d.%d stands twice", i, at.Sequence, at.Record)
		}
		seen[at] = true
		if taken {
			if k := slices.IndexFunc(f.Events, func(s *Standing) bool { return s.At == at }); k >= 0 && f.Events[k].Decision != d.ID {
				return fmt.Errorf("decision %d: it is current and not the one of its event", i)
			}
			continue
		}
		grade := Grade{d.Disposition, d.Severity}
		if left[grade]--; left[grade] < 0 {
			return fmt.Errorf("decision %d: it is current, and its event is neither kept nor counted", i)
		}
		f.index[at] = f
	}
	return nil
}
