package bus

import (
	"maps"
	"slices"
	"strings"
)

// Header is the header of a message: names to values, in the case they have on
// the wire. It fits OpenTelemetry's TextMapCarrier, so that a propagator can
// read from it and write to it.
type Header map[string][]string

// Get gives the first value of name, whatever its case: NATS keeps the
// publisher's, and publishers write Traceparent as well as traceparent. The
// exact spelling wins where several are there. Absent is "".
func (h Header) Get(name string) string {
	if v, ok := h[name]; ok && len(v) > 0 {
		return v[0]
	}
	for k, v := range h {
		if len(v) > 0 && strings.EqualFold(k, name) {
			return v[0]
		}
	}
	return ""
}

// Set gives name, spelt as it is, the one value.
func (h Header) Set(name, value string) { h[name] = []string{value} }

// Keys lists the names.
func (h Header) Keys() []string {
	keys := make([]string, 0, len(h))
	for k := range h {
		keys = append(keys, k)
	}
	return keys
}

// maxCopiedHeader bounds what is taken over from a shipper's header.
const maxCopiedHeader = 8 << 10

// reserved says whether a name speaks to the server (Nats-Msg-Id, Nats-Rollup,
// Nats-TTL, Nats-Expected-…) or for msigate: a shipper must not choose those
// of a message that msigate publishes.
func reserved(name string) bool {
	return hasPrefixFold(name, "nats-") || hasPrefixFold(name, "msigate-") || strings.EqualFold(name, "status")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// foreign copies from a shipper's header what may be repeated: names that are
// tokens and not reserved, as far as they fit the bound.
func foreign(h Header) Header {
	out := Header{}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(h)) { // sorted: the same on every delivery
		if reserved(name) || !headerToken(name) {
			continue
		}
		for _, v := range h[name] {
			if more := len(name) + len(v); size+more <= maxCopiedHeader {
				size += more
				out[name] = append(out[name], printable(v, maxCopiedHeader))
			}
		}
	}
	return out
}

// headerToken reports whether name can be a header name: printable ASCII
// without space or colon.
func headerToken(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return name != ""
}

// printable makes a header value of text that an attacker may have chosen:
// everything but printable ASCII becomes "?", at most limit bytes.
func printable(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	clean := func(c byte) bool { return c >= ' ' && c < 0x7f }
	i := 0
	for i < len(s) && clean(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		if !clean(b[i]) {
			b[i] = '?'
		}
	}
	return string(b)
}
