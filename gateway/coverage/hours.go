package coverage

// hoursKept is how far back gaps are told: 32 days.
const hoursKept = 32 * 24

// hours says in which of the last hoursKept hours something arrived.
type hours struct {
	Last int64                  `json:"l"` // hour since 1970; 0: none
	Bits [hoursKept / 64]uint64 `json:"b"` // hour h is bit h % hoursKept
}

// heard notes an hour; one that is too long ago is left out.
func (h *hours) heard(hour int64) {
	if hour <= 0 || hour == h.Last {
		return
	}
	switch {
	case hour-h.Last >= hoursKept:
		clear(h.Bits[:])
		h.Last = hour
	case hour > h.Last:
		for at := h.Last + 1; at <= hour; at++ {
			h.Bits[at%hoursKept/64] &^= 1 << (at % 64)
		}
		h.Last = hour
	case h.Last-hour >= hoursKept:
		return
	}
	h.Bits[hour%hoursKept/64] |= 1 << (hour % 64)
}

func (h *hours) has(hour int64) bool {
	return hour > 0 && hour <= h.Last && h.Last-hour < hoursKept && h.Bits[hour%hoursKept/64]&(1<<(hour%64)) != 0
}

// silence is a time without anything between two hours in which something came.
type silence struct{ from, until int64 } // the first and the last silent hour

// silences are those of at least the given hours, from the first hour that is remembered on.
func (h *hours) silences(least int64) []silence {
	var all []silence
	begun := int64(0) // the last hour that was heard
	for at := max(1, h.Last-hoursKept+1); at <= h.Last; at++ {
		if !h.has(at) {
			continue
		}
		if begun != 0 && at-begun-1 >= least {
			all = append(all, silence{begun + 1, at - 1})
		}
		begun = at
	}
	return all
}
