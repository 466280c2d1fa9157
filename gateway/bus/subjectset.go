package bus

import "strings"

// covers reports whether every subject that matches b matches a.
func covers(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i, t := range as {
		if t == ">" {
			return len(bs) > i
		}
		if i >= len(bs) || bs[i] == ">" {
			return false
		}
		if t != "*" && t != bs[i] {
			return false
		}
	}
	return len(as) == len(bs)
}

// uncovered gives those of want that no single subject of have covers.
func uncovered(want, have []string) []string {
	var lacking []string
next:
	for _, w := range want {
		for _, h := range have {
			if covers(h, w) {
				continue next
			}
		}
		lacking = append(lacking, w)
	}
	return lacking
}

// covering gives have and more, less what more covers: the server refuses a
// stream whose subjects overlap.
func covering(have, more []string) []string {
	out := uncovered(have, more)
	return append(out, more...)
}
