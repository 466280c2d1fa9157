package coverage

import (
	"fmt"
	"strconv"
	"strings"

	"msigate/gateway/event"
)

// Signal is what the METADATA of a signal of the policy says of what it needs.
//
// An item is a kind of record (process_start), one of its event ids
// (install:1040), or a fact (process.command_line); parent is the parent's
// GUID or its PID.
type Signal struct {
	ID            string
	Title         string
	Disposition   string // at worst
	Severity      string // at worst
	Needs         [][]string
	WeakerWithout []string
}

// The sight of a signal on a host.
const (
	Sees      = "sees"
	HalfBlind = "half_blind"
	Blind     = "blind"
)

// Shares of a kind's records in which a fact is absent.
const (
	absentAt = 0.98 // from here on the fact counts as absent,
	partlyAt = 0.05 // from here on as absent in part
)

// Sight is what one signal can see on one host.
type Sight struct {
	Signal  string    `json:"signal"`
	Title   string    `json:"title"`
	Sight   string    `json:"sight"` // blind or half_blind
	Lacking []Lacking `json:"lacking"`
}

// Lacking is what a signal would need and the host does not send: none of Items,
// or in Share of the records, 0 to 1, where it is a fact that is there now and then.
type Lacking struct {
	Items []string `json:"items"`
	Share float64  `json:"share"`

	weaker bool // the signal sees less without it, and is not blind
}

func (l Lacking) String() string {
	what := strings.Join(l.Items, " or ")
	if l.Share < absentAt {
		return fmt.Sprintf("%s in %s", what, percent(l.Share))
	}
	return what
}

// percent never rounds a part to none or to all.
func percent(share float64) string {
	switch n := 100 * share; {
	case n <= 0:
		return "0 %"
	case n < 1:
		return "below 1 %"
	case n > 99 && n < 100:
		return "above 99 %"
	default:
		return strconv.Itoa(int(n+0.5)) + " %"
	}
}

// carriers are the event ids that carry a fact, where not all of its kind do.
var carriers = map[string][]int{
	"event.install.package":    {1040, 1042},
	"event.install.client_pid": {1040, 1042},
	"event.registry.value":     {13},
	"event.registry.new_name":  {14},
}

// parts are facts of which any will do.
var parts = map[string][]string{"parent": {"parent.guid", "parent.pid"}}

// absence is in which share of what arrives an item is absent: 1 where nothing
// arrives that could carry it. Of several sources the best counts, for one that
// tells is enough: but not one that is rare beside another.
func (h *host) absence(item string, since int64) float64 {
	if !strings.Contains(item, ".") && parts[item] == nil {
		kind, id, _ := strings.Cut(item, ":")
		for i := range h.Kinds {
			k := &h.Kinds[i]
			if string(k.Kind) == kind && k.Last >= since && (id == "" || strconv.Itoa(k.EventID) == id) {
				return 0
			}
		}
		return 1
	}
	facts := parts[item]
	if facts == nil {
		facts = []string{item}
	}
	most, least := uint64(0), 1.0
	for i := range h.Kinds {
		if k := &h.Kinds[i]; k.carries(facts[0]) && k.Last >= since && k.Decoded > 0 {
			most = max(most, k.Count)
		}
	}
	for i := range h.Kinds {
		k := &h.Kinds[i]
		if !k.carries(facts[0]) || k.Last < since || k.Decoded == 0 || k.Count < most/10 {
			continue
		}
		for _, fact := range facts {
			least = min(least, k.share(fact))
		}
	}
	return least
}

// carries reports whether a record of the kind can carry a fact.
func (k *kindCount) carries(fact string) bool {
	if _, known := factIndex[k.Kind][fact]; !known {
		return false
	}
	ids := carriers[fact]
	for _, id := range ids {
		if k.EventID == id {
			return true
		}
	}
	return len(ids) == 0
}

// known reports whether an item names something that can be known.
func known(item string) bool {
	if parts[item] != nil {
		return true
	}
	kind, _, _ := strings.Cut(item, ":")
	for _, one := range event.Kinds() {
		if _, fact := factIndex[one][item]; fact || string(one) == kind {
			return true
		}
	}
	return false
}

// Check refuses a signal whose needs name what no record has.
func (s *Signal) Check() error {
	for _, group := range append([][]string{s.WeakerWithout}, s.Needs...) {
		for _, item := range group {
			if !known(item) {
				return fmt.Errorf("signal %s: needs: %q is neither a kind of record nor a fact of one", s.ID, item)
			}
		}
	}
	return nil
}

// sight judges a signal by what arrived of the host since a time.
func (h *host) sight(s *Signal, since int64) Sight {
	v := Sight{Signal: s.ID, Title: s.Title, Sight: Sees}
	for _, group := range s.Needs {
		least := 1.0
		for _, item := range group {
			least = min(least, h.absence(item, since))
		}
		if least < partlyAt {
			continue
		}
		if len(v.Lacking) == 0 || h.anyCarried(group, since) {
			v.Lacking = append(v.Lacking, Lacking{Items: group, Share: least})
		}
		if least >= absentAt {
			v.Sight = Blind
		} else if v.Sight == Sees {
			v.Sight = HalfBlind
		}
	}
	for _, item := range s.WeakerWithout {
		share := h.absence(item, since)
		if share < partlyAt || v.names(item) || len(v.Lacking) > 0 && !h.anyCarried([]string{item}, since) {
			continue
		}
		v.Lacking = append(v.Lacking, Lacking{Items: []string{item}, Share: share, weaker: true})
		if v.Sight == Sees {
			v.Sight = HalfBlind
		}
	}
	return v
}

// anyCarried reports that what is lacking is worth a word of its own beside the
// kind that would carry it: a kind, or a fact of one that arrives.
func (h *host) anyCarried(items []string, since int64) bool {
	for _, item := range items {
		facts := parts[item]
		if facts == nil {
			if !strings.Contains(item, ".") {
				return true
			}
			facts = []string{item}
		}
		for i := range h.Kinds {
			if k := &h.Kinds[i]; k.Last >= since && k.carries(facts[0]) {
				return true
			}
		}
	}
	return false
}

func (v *Sight) names(item string) bool {
	for _, l := range v.Lacking {
		if len(l.Items) == 1 && l.Items[0] == item {
			return true
		}
	}
	return false
}

// Percent is the share for people: a part is never told as none or as all.
func (f Fact) Percent() string { return percent(f.Share) }
