package event

// LowerASCII folds A–Z to a–z and leaves every other byte alone, so that a
// non-ASCII look-alike (the Kelvin sign, a dotted I) never folds into an ASCII
// letter. It returns s itself, without allocating, where nothing changes.
func LowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return lowerFrom(s, i)
		}
	}
	return s
}

// lowerFrom folds s, whose first upper-case letter is at i.
func lowerFrom(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		b[i] = lowerByte(b[i])
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// EqualFoldASCII reports whether a and b are equal when A–Z and a–z are taken
// as the same letters; other bytes must be the same.
func EqualFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

// hasPrefixFold is strings.HasPrefix under ASCII case folding.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && EqualFoldASCII(s[:len(prefix)], prefix)
}
