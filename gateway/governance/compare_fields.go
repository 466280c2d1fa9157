package governance

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// says are the fields that people read and no decision rests on.
var says = []string{"title", "owner", "reason", "ticket"}

// restricting are the lists of an installer entry that must fit where they are
// there: one that appears narrows, and one that goes widens. command_lines is
// not among them, since with it an interpreter can be approved.
var restricting = []string{"host_groups", "users"}

// alteration judges an entry that stands in both bundles, field by field.
func alteration(kind string, was, now object, denied bool) (Effect, []string) {
	effect := Says
	var detail []string
	for _, field := range union(was, now) {
		if reflect.DeepEqual(was[field], now[field]) {
			continue
		}
		one, lines := Says, []string{field + " is worded otherwise"}
		switch {
		case slices.Contains(says, field):
		case field == "created" || field == "expires":
			one, lines = lifeEffect(kind, field, was[field], now[field])
		case kind == "deny":
			one, lines = denialEffect(field, was[field], now[field])
		case field == "narrow":
			one, lines = narrowEffect(asObject(was[field]), asObject(now[field]))
		case slices.Contains(restricting, field):
			one, lines = restrictingEffect(field, was[field], now[field])
		case field == "properties":
			one, lines = propertiesEffect(asObject(was[field]), asObject(now[field]))
		default:
			one, lines = alternativesEffect(field, was[field], now[field])
		}
		if denied && one == Narrows {
			one = Widens // a denial knows the tool or source by these facts
		}
		effect = wider(effect, one)
		detail = append(detail, lines...)
	}
	return effect, detail
}

func wider(a, b Effect) Effect {
	for _, effect := range []Effect{Widens, Narrows} {
		if a == effect || b == effect {
			return effect
		}
	}
	return Says
}

func union(a, b object) []string {
	all := maps.Clone(a)
	if all == nil {
		all = object{}
	}
	maps.Copy(all, b)
	return sortedKeys(all)
}

// lifeEffect: an approval that counts earlier or longer widens, and a denial that
// counts later or shorter.
func lifeEffect(kind, field string, was, now any) (Effect, []string) {
	before, okBefore := was.(json.Number)
	after, okAfter := now.(json.Number)
	if !okBefore || !okAfter {
		return Widens, []string{field + " is of another form"}
	}
	earlier := integer(after) < integer(before)
	longer := earlier == (field == "created")
	effect := Narrows
	if longer != (kind == "deny") {
		effect = Widens
	}
	return effect, []string{fmt.Sprintf("%s %s, was %s", field, day(after), day(before))}
}

func day(ns json.Number) string {
	return time.Unix(0, integer(ns)).UTC().Format(time.DateOnly)
}

// asksNothing are the lists of which an entry without them approves less: what is
// installed with a transform, say, is not approved unless the entry lists it.
var asksNothing = []string{"transforms", "patches", "change_window"}

// alternativesEffect: of a list one value is enough, so a further one widens and
// one less narrows. A list that goes as a whole widens, unless it asks nothing:
// what it asked for is asked no more.
func alternativesEffect(field string, was, now any) (Effect, []string) {
	return listEffect(field, was, now, func(more, _ []string, after object) bool {
		return len(more) > 0 || len(after) == 0 && !slices.Contains(asksNothing, field)
	})
}

// denialEffect: any one value that is gone is denied no more.
func denialEffect(field string, was, now any) (Effect, []string) {
	return listEffect(field, was, now, func(_, less []string, _ object) bool { return len(less) > 0 })
}

// listEffect judges a list by the values that it has more and less than before.
func listEffect(field string, was, now any, widens func(more, less []string, after object) bool) (Effect, []string) {
	before, okBefore := was.(object)
	after, okAfter := now.(object)
	if was != nil && !okBefore || now != nil && !okAfter {
		return Widens, []string{field + " is altered"}
	}
	more, less := lacking(before, after), lacking(after, before)
	effect := Narrows
	if widens(more, less, after) {
		effect = Widens
	}
	return effect, []string{listed(field, more, less)}
}

// restrictingEffect: a list that must fit where it is there at all.
func restrictingEffect(field string, was, now any) (Effect, []string) {
	before, after := asObject(was), asObject(now)
	more, less := lacking(before, after), lacking(after, before)
	effect := Narrows
	if len(after) == 0 || len(before) > 0 && len(more) > 0 {
		effect = Widens
	}
	return effect, []string{listed(field, more, less)}
}

func narrowEffect(was, now object) (Effect, []string) {
	effect := Says
	var detail []string
	for _, field := range union(was, now) {
		if reflect.DeepEqual(was[field], now[field]) {
			continue
		}
		var one Effect
		var lines []string
		switch _, isRange := versionFields[field]; {
		case isRange:
			one, lines = rangeEffect(asObject(was[field]), asObject(now[field])), []string{"narrow." + field + " is another range"}
		case field == "images":
			// A program that an entry names by its path needs no strong fact of its
			// own where it is doubtful whose it is, so that naming it can approve more.
			one, lines = alternativesEffect("narrow.images", was[field], now[field])
		default:
			one, lines = restrictingEffect("narrow."+field, was[field], now[field])
		}
		effect = wider(effect, one)
		detail = append(detail, lines...)
	}
	return effect, detail
}

// rangeEffect: an end that goes, or moves outward, widens.
func rangeEffect(was, now object) Effect {
	for _, end := range []string{"min", "max"} {
		before, had := numbers(was[end])
		after, has := numbers(now[end])
		switch order := slices.Compare(after, before); {
		case !had:
		case !has, end == "min" && order < 0, end == "max" && order > 0:
			return Widens
		}
	}
	return Narrows
}

func numbers(value any) ([]int64, bool) {
	list, ok := value.([]any)
	all := make([]int64, len(list))
	for i, n := range list {
		all[i] = integer(n)
	}
	return all, ok
}

// propertiesEffect: a property that is not listed voids the approval, so one more,
// or one more value, widens.
func propertiesEffect(was, now object) (Effect, []string) {
	effect := Narrows
	var detail []string
	for _, name := range union(was, now) {
		before, after := asObject(was[name]), asObject(now[name])
		if reflect.DeepEqual(before, after) && (was[name] == nil) == (now[name] == nil) {
			continue
		}
		more, less := lacking(before, after), lacking(after, before)
		if len(more) > 0 || was[name] == nil {
			effect = Widens
		}
		detail = append(detail, listed("properties."+name, more, less))
	}
	return effect, detail
}

// lacking are the members of b that a has not.
func lacking(a, b object) []string {
	var all []string
	for _, member := range sortedKeys(b) {
		if _, there := a[member]; !there {
			all = append(all, member)
		}
	}
	return all
}

// maxListed keeps a line readable.
const maxListed = 5

func listed(field string, more, less []string) string {
	var parts []string
	for sign, members := range map[string][]string{"+": more, "-": less} {
		for i, member := range members {
			if i == maxListed {
				parts = append(parts, fmt.Sprintf("%s%d more", sign, len(members)-i))
				break
			}
			parts = append(parts, sign+plain(member))
		}
	}
	slices.SortStableFunc(parts, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
	return field + " " + strings.Join(parts, " ")
}
