package gateway

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"msigate/gateway/bus"
	"msigate/gateway/event"
)

// sender is whom the subject names: the host, or the collector. Offline it is "".
func (m *Message) sender() string { return cmp.Or(m.Host, m.Reporter) }

// hostShortened tells that Host is not the host's name but a hash of it.
func (m *Message) hostShortened() bool { return bus.Shortened(m.Host) }

// sort names every record's host without its DNS suffix, gives those that
// speak for another host than their subject's the fault wrong_host, and makes
// one of those that have the same fault.
func (m *Message) sort(records []event.Record, suffixes []string) []event.Record {
	for i := range records {
		e := records[i].Event
		if records[i].Fault != nil || e == nil {
			continue
		}
		whole := e.Host
		e.Host = event.TrimDNSSuffix(whole, suffixes)
		if m.Host != "" && !m.speaksFor(e.Host) && !m.speaksFor(whole) {
			records[i].Fault = &event.Fault{
				Reason: event.ReasonWrongHost,
				Detail: "the record is of host " + e.Host + ", its subject speaks for " + m.Host,
			}
		}
	}
	return mergeFaults(records)
}

// mergeFaults makes one record of all that have a fault for the same reason: the
// first, whose detail names the others. A quarantined record is kept as its
// whole message, so thousands of bad records in one would multiply it.
func mergeFaults(records []event.Record) []event.Record {
	first := map[event.Reason]int{} // position in kept
	others := map[event.Reason][]int{}
	kept := records[:0]
	for _, r := range records {
		if r.Fault == nil {
			kept = append(kept, r)
			continue
		}
		at, again := first[r.Fault.Reason]
		if !again {
			first[r.Fault.Reason] = len(kept)
			kept = append(kept, r)
			continue
		}
		kept[at].Event = nil // which of them is in scope is asked of the message as a whole
		others[r.Fault.Reason] = append(others[r.Fault.Reason], r.Index)
	}
	for reason, indexes := range others {
		r := &kept[first[reason]]
		r.Fault = &event.Fault{Reason: reason, Detail: r.Fault.Detail + "; likewise " + listRecords(indexes)}
	}
	return kept
}

// listRecords names records by their index, the first ten of many.
func listRecords(indexes []int) string {
	const shown = 10
	var b strings.Builder
	b.WriteString("record ")
	for i, index := range indexes[:min(len(indexes), shown)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(index))
	}
	if more := len(indexes) - shown; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// speaksFor tells whether the message's subject allows it to speak for host.
// The token of a very long name is a hash that cannot be undone: it is
// compared as it stands.
func (m *Message) speaksFor(host string) bool {
	return m.Host == host || m.Host == bus.HostToken(host)
}
