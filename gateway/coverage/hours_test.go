package coverage

import (
	"testing"

	"pgregory.net/rapid"
)

// The ring says of each hour that it remembers what a plain set says.
func TestHoursAreASetThatForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h hours
		heard := map[int64]bool{}
		last := int64(0)
		for _, hour := range rapid.SliceOfN(rapid.Int64Range(1, 3*hoursKept), 1, 60).Draw(t, "hours") {
			h.heard(hour)
			heard[hour] = true
			last = max(last, hour)
		}
		for hour := max(1, last-hoursKept+1); hour <= last; hour++ {
			if h.has(hour) && !heard[hour] {
				t.Fatalf("hour %d was not heard", hour)
			}
		}
		if !h.has(last) || h.Last != last {
			t.Fatalf("the last hour %d is not there", last)
		}
		for _, s := range h.silences(2) {
			if s.until-s.from+1 < 2 || !h.has(s.from-1) || !h.has(s.until+1) {
				t.Fatalf("%+v is no silence between two hours", s)
			}
			for hour := s.from; hour <= s.until; hour++ {
				if h.has(hour) {
					t.Fatalf("hour %d in %+v was heard", hour, s)
				}
			}
		}
	})
}

func TestHoursInOrderAreAllKept(t *testing.T) {
	var h hours
	for hour := int64(500_000); hour < 500_000+2*hoursKept; hour += 3 {
		h.heard(hour)
	}
	for hour := h.Last - hoursKept + 1; hour <= h.Last; hour++ {
		if h.has(hour) != ((hour-500_000)%3 == 0) {
			t.Fatalf("hour %d: %t", hour, h.has(hour))
		}
	}
}
