package finding

import "slices"

// Trim takes something away so that the state is smaller when it is written
// down; false where nothing is left to take. Evidence goes first, that of the
// largest findings: what is taken stays counted, and the finding never gets
// milder for it. Then go lists of Decisions, then whole findings, which leave
// tombstones, then these: each time about an eighth of what there is.
func (s *HostState) Trim() bool {
	return s.trimEvidence() || s.trimDecisions() || s.trimFindings() || s.trimTombstones()
}

// trimEvidence leaves each finding its worst event.
func (s *HostState) trimEvidence() bool {
	total := 0
	sizes := make([]int, len(s.Findings))
	for i := range s.Findings {
		for _, e := range s.Findings[i].Events {
			sizes[i] += e.size()
		}
		total += sizes[i]
	}
	taken := 0
	for taken <= total/8 {
		largest := -1
		for i := range sizes {
			if len(s.Findings[i].Events) > 1 && (largest < 0 || sizes[i] > sizes[largest]) {
				largest = i
			}
		}
		if largest < 0 {
			break
		}
		one := &s.Findings[largest]
		at := dropNext(one.Events)
		size := one.Events[at].size()
		one.countDropped(one.Events[at])
		one.Events = slices.Delete(one.Events, at, at+1)
		sizes[largest] -= size
		taken += size
	}
	return taken > 0
}

// size is about how many bytes an event takes in writing.
func (s *Standing) size() int {
	n := len(s.Evidence) + len(s.Actor) + len(s.Why) + len(s.What) + 512
	for i := range s.Signals {
		for fact, value := range s.Signals[i].Evidence {
			n += len(fact) + len(value) + 8
		}
	}
	return n
}

// leastDecisions is how many Decisions trimDecisions leaves in a list.
const leastDecisions = 4

func (s *HostState) trimDecisions() bool {
	trimmed := false
	for i := range s.Findings {
		one := &s.Findings[i]
		if n := len(one.Decisions); n > leastDecisions {
			one.Decisions = slices.Clone(one.Decisions[max((n+7)/8, n-MaxDecisionRefs/2):])
			trimmed = true
		}
	}
	return trimmed
}

func (s *HostState) trimFindings() bool {
	n := len(s.Findings)
	if n == 0 {
		return false
	}
	left := n - (n+7)/8
	buried := make([]Tombstone, 0, n-left+len(s.Tombstones))
	for i := range s.Findings[left:] {
		one := finding{FindingState: s.Findings[left+i]}
		buried = append(buried, *one.tombstone(false))
	}
	s.Findings, s.Tombstones = s.Findings[:left:left], append(buried, s.Tombstones...)
	s.Evicted += uint64(n - left)
	return true
}

func (s *HostState) trimTombstones() bool {
	n := len(s.Tombstones)
	if n == 0 {
		return false
	}
	left := n - (n+7)/8
	s.Tombstones = s.Tombstones[:left:left]
	s.Evicted += uint64(n - left)
	return true
}
