package coverage_test

import (
	"slices"
	"strings"
	"testing"

	"msigate/gateway"
	"msigate/gateway/coverage"
	"msigate/gateway/event"
	"msigate/gateway/policy"
)

// lacksOf are what has to be taken away for an item to be absent: of a group,
// all of its items.
func lacksOf(t testing.TB, items []string) []lack {
	t.Helper()
	var all []lack
	for _, item := range items {
		i := slices.IndexFunc(lacks, func(l lack) bool { return l.name == item })
		if i < 0 {
			t.Fatalf("no way to take %s away is known here", item)
		}
		all = append(all, lacks[i])
	}
	return all
}

func without(messages []*gateway.Message, all []lack) []*gateway.Message {
	for _, l := range all {
		messages = l.from(messages)
	}
	return messages
}

// sights are what coverage says of every signal over the messages: on the host
// that sees most of all that they are of.
func sights(messages []*gateway.Message, signals []coverage.Signal) map[string]string {
	r := coverage.NewRecorder(0)
	for _, m := range messages {
		records, _ := event.Decode(m.Data)
		for _, record := range records {
			if record.Event != nil {
				record.Event.Host = "one" // a story tells of several hosts, a signal of what one sends
				r.Saw(record.Event, coverage.Position{})
			}
		}
	}
	all := map[string]string{}
	for _, s := range signals {
		all[s.ID] = coverage.Sees
	}
	report := coverage.Of(coverage.Options{Signals: signals}, r)
	if report.Nothing {
		for id := range all {
			all[id] = coverage.Blind
		}
	}
	for _, h := range report.Hosts {
		for _, s := range h.Signals {
			all[s.Signal] = s.Sight
		}
	}
	return all
}

// What METADATA says a signal needs is what it needs: without it no story and no
// canary fires the signal any more, and coverage calls it blind; as they stand,
// coverage does not. Without what it sees less without, some of them fire it no
// more or tell less, and coverage calls it half-blind at least. Nothing else that
// a sensor may not send silences it.
func TestStoriesShowWhereSignalsAreBlind(t *testing.T) {
	p, err := loadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	signals, err := gateway.CoverageSignals(nil)
	if err != nil {
		t.Fatal(err)
	}
	all, base := shortest(t, p)
	// Each is told without each item once; groups are put together below.
	lost := map[string][]map[string]policy.Disposition{}
	tell := func(key string, ls []lack) []map[string]policy.Disposition {
		if done, ok := lost[key]; ok {
			return done
		}
		now := make([]map[string]policy.Disposition, len(all))
		for i, one := range all {
			if left := without(one.messages, ls); len(base[i]) > 0 && !same(left, one.messages) {
				now[i] = held(t.Context(), p, left)
			} else {
				now[i] = base[i]
			}
		}
		lost[key] = now
		return now
	}
	fired := 0
	for _, s := range signals {
		if s.ID == "denied" {
			continue // it rests on governance data, which no story brings along
		}
		for i, one := range all {
			if base[i][s.ID] == "" {
				continue
			}
			fired++
			if is := sights(one.messages, signals)[s.ID]; is == coverage.Blind {
				t.Errorf("%s: %s holds, and coverage calls it blind", one.name, s.ID)
			}
		}
		for _, group := range s.Needs {
			now := tell(strings.Join(group, " "), lacksOf(t, group))
			for i, one := range all {
				if base[i][s.ID] == "" {
					continue
				}
				if now[i][s.ID] != "" {
					t.Errorf("%s without %v: %s is said to be blind and holds", one.name, group, s.ID)
				}
				if is := sights(without(one.messages, lacksOf(t, group)), signals)[s.ID]; is != coverage.Blind {
					t.Errorf("%s without %v: coverage says of %s that it %s", one.name, group, s.ID, is)
				}
			}
		}
		for _, item := range s.WeakerWithout {
			now := tell(item, lacksOf(t, []string{item}))
			less := false
			for i, one := range all {
				if base[i][s.ID] == "" {
					continue
				}
				less = less || now[i][s.ID] == "" || weaker(base[i][s.ID], now[i][s.ID])
				if is := sights(without(one.messages, lacksOf(t, []string{item})), signals)[s.ID]; is == coverage.Sees {
					t.Errorf("%s without %s: coverage says of %s that it %s", one.name, item, s.ID, is)
				}
			}
			if !less && !shownElsewhere[s.ID+" "+item] {
				t.Errorf("%s is said to see less without %s: no story and no canary shows it", s.ID, item)
			}
		}
		for _, l := range lacks {
			if declared(&s, l.name) {
				continue
			}
			now := tell(l.name, []lack{l})
			for i, one := range all {
				if one.canary && base[i][s.ID] != "" && now[i][s.ID] == "" {
					t.Errorf("%s without %s: %s holds no more, and its METADATA does not say so", one.name, l.name, s.ID)
				}
			}
		}
	}
	if fired < 80 {
		t.Errorf("signals held %d times: the stories were not read", fired)
	}
}

// shortest gives every canary, and of the stories the shortest that fires each
// signal, with the signals that hold in each: what all stories tell takes too
// long to tell again for every fact.
func shortest(t testing.TB, p *gateway.Policy) (all []told, base []map[string]policy.Disposition) {
	t.Helper()
	fired := map[string]bool{}
	every := everyTold(t, p)
	slices.SortStableFunc(every, func(a, b told) int { return len(a.messages) - len(b.messages) })
	for _, one := range every {
		holds := held(t.Context(), p, one.messages)
		wanted := one.canary
		for id := range holds {
			if !one.canary && !fired[id] {
				fired[id], wanted = true, true
			}
		}
		if wanted {
			all, base = append(all, one), append(base, holds)
		}
	}
	return all, base
}

// shownElsewhere is what no canary and no short story shows.
var shownElsewhere = map[string]bool{
	"persistence file_create":        true, // a file in a Startup folder: persistence_test.rego
	"rollback_tampering file_delete": true, // a rollback script deleted: rollback_tampering_test.rego
	"unexplained parent":             true, // what is below an installer is so by its parent: unexplained_test.rego
}

func weaker(before, now policy.Disposition) bool { return now != before && before.AtLeast(now) }

func same(a, b []*gateway.Message) bool { return slices.Equal(a, b) }

// declared reports whether METADATA names an item, or the kind that carries it.
func declared(s *coverage.Signal, item string) bool {
	kind, _, _ := strings.Cut(item, ":")
	for _, group := range append(slices.Clone(s.Needs), s.WeakerWithout) {
		for _, one := range group {
			if named, _, _ := strings.Cut(one, ":"); one == item || named == kind && !strings.Contains(item, ".") {
				return true
			}
		}
	}
	return false
}
