package event

import (
	"strings"
	"time"
)

// parseUTC reads a time that is known to be UTC, such as Sysmon's UtcTime
// "2026-03-02 09:14:05.127".
func parseUTC(s string) (time.Time, bool) {
	t, _, ok := parseClock(strings.TrimSpace(s))
	return t, ok
}

// parseTime reads a time in ISO 8601 with or without a zone, or in seconds (or
// milliseconds, microseconds) since 1970. zoned is false where the text does
// not say which zone its clock is in; t is then as if it were UTC.
func parseTime(v value) (t time.Time, zoned, ok bool) {
	s := strings.TrimSpace(v.string())
	if s == "" {
		return time.Time{}, false, false
	}
	if t, zoned, ok = parseClock(s); ok {
		return t, zoned, true
	}
	if v.form == formNumber {
		t, ok = parseEpoch(s)
	}
	return t, true, ok
}

// parseClock reads 2026-03-02T09:14:05[.fraction][Z|±hh:mm|±hhmm], T or space.
func parseClock(s string) (t time.Time, zoned, ok bool) {
	const shortest = len("2006-01-02T15:04:05")
	if len(s) < shortest || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false, false
	}
	year, month, day := digits(s[0:4]), digits(s[5:7]), digits(s[8:10])
	hour, minute, second := digits(s[11:13]), digits(s[14:16]), digits(s[17:19])
	if year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return time.Time{}, false, false
	}
	rest, nanos := s[shortest:], 0
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		end, unit := 1, 100_000_000
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			nanos += int(rest[end]-'0') * unit
			unit /= 10
			end++
		}
		rest = rest[end:]
	}
	offset, zoned, ok := zoneOffset(strings.TrimSpace(rest))
	if !ok {
		return time.Time{}, false, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day && second != 60 {
		return time.Time{}, false, false // 31 February
	}
	return t.Add(-offset), zoned, true
}

// The years that fit a nanosecond clock, less one at each end for zones.
const (
	minYear = 1678
	maxYear = 2261
)

// zoneOffset reads what follows the clock: nothing, Z, or hours east of UTC.
func zoneOffset(s string) (offset time.Duration, zoned, ok bool) {
	switch {
	case s == "":
		return 0, false, true
	case s == "Z" || s == "z" || s == "UTC":
		return 0, true, true
	case s[0] != '+' && s[0] != '-':
		return 0, false, false
	}
	hhmm := strings.Replace(s[1:], ":", "", 1)
	if len(hhmm) == 2 {
		hhmm += "00"
	}
	if len(hhmm) != 4 || digits(hhmm) < 0 || digits(hhmm[:2]) > 15 || digits(hhmm[2:]) > 59 {
		return 0, false, false
	}
	offset = time.Duration(digits(hhmm[:2]))*time.Hour + time.Duration(digits(hhmm[2:]))*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true, true
}

// digits reads at most nine decimal digits; -1 where there is anything else.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// parseEpoch reads seconds since 1970 with a decimal fraction, digit by digit:
// a float64 would lose the microseconds. Larger numbers are milliseconds or
// microseconds.
func parseEpoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := parseDecimal(whole)
	if !ok || fraction != "" && digits(fraction[:min(len(fraction), 9)]) < 0 {
		return time.Time{}, false
	}
	const year2200 = 7_258_118_400
	switch {
	case n <= year2200:
		fraction = (fraction + "000000000")[:9]
		return time.Unix(int64(n), int64(digits(fraction))).UTC(), true
	case n <= year2200*1_000:
		return time.UnixMilli(int64(n)).UTC(), true
	case n <= year2200*1_000_000:
		return time.UnixMicro(int64(n)).UTC(), true
	}
	return time.Time{}, false
}
