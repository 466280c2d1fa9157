package telemetry

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

// w3c is the propagation on the bus: traceparent, tracestate and baggage.
var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// Carrier reads and writes W3C context in message headers. NATS keeps the case
// of a header as it was sent, so names are read in any case and written in
// lower case, as the W3C asks for.
type Carrier map[string][]string

// Get returns the header's value; of tracestate, whose list may be spread over
// several lines, all of them joined.
func (c Carrier) Get(name string) string {
	values := c.Values(name)
	switch {
	case len(values) == 0:
		return ""
	case name == "tracestate":
		return strings.Join(values, ",")
	default:
		return values[0]
	}
}

// Values returns every value of the header. Where it is there in several
// spellings, the lower-case one counts, else the first in byte order: which
// one is read must not depend on the order of a map.
func (c Carrier) Values(name string) []string {
	if values, ok := c[name]; ok {
		return values
	}
	found := ""
	for key := range c {
		if strings.EqualFold(key, name) && (found == "" || key < found) {
			found = key
		}
	}
	return c[found]
}

// Set replaces the header in whatever spelling by its lower-case one.
func (c Carrier) Set(name, value string) {
	for key := range c {
		if strings.EqualFold(key, name) {
			delete(c, key)
		}
	}
	c[strings.ToLower(name)] = []string{value}
}

// Keys returns the header names, sorted.
func (c Carrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
