package event

// withoutRawControls copies JSON text with every raw control character inside
// a string replaced by a letter, so that the structure can be judged as if the
// sensor had escaped it; offsets stay the same. changed is false, and the copy
// is text itself, where there was none. What stands outside of strings is left
// for the judge to refuse.
//
// The facts are then read from the original text (value.text), which replaces
// such characters and reports them: a package's author chooses version strings,
// and a quarantine that he can choose is a way round.
func withoutRawControls(text []byte) (patched []byte, changed bool) {
	patched = text
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		end := stringEnd(text, i)
		for j := i + 1; j < end; j++ {
			if text[j] < ' ' {
				if !changed {
					patched, changed = append([]byte(nil), text...), true
				}
				patched[j] = 'x'
				// An escaped control character ("\" and a raw line end) is no
				// escape at all: both bytes become letters.
				if text[j-1] == '\\' && oddBackslashes(text, i, j) {
					patched[j-1] = 'x'
				}
			}
		}
		i = end
	}
	return patched, changed
}

// oddBackslashes reports whether the run of backslashes that ends before j,
// inside the string opened at open, is odd: the last one escapes text[j].
func oddBackslashes(text []byte, open, j int) bool {
	n := 0
	for j--; j > open && text[j] == '\\'; j-- {
		n++
	}
	return n%2 == 1
}
