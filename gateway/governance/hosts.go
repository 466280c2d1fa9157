package governance

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"msigate/gateway/event"
)

// ErrOtherHost: an entry stands under the key of another host.
var ErrOtherHost = errors.New("the entry is of another host than the key it is stored under")

// maxHostGroups bounds the groups of one host.
const maxHostGroups = 64

// Host says which groups a host is in, who said so and when. A host that nobody
// imported is in no group.
type Host struct {
	Host     string    `json:"host"`
	Groups   []string  `json:"groups"`
	Source   string    `json:"source"`   // of the import, e.g. cmdb
	Imported time.Time `json:"imported"` // by the importer's clock
}

// Check holds a host to what every entry must be.
func (h *Host) Check() error {
	switch {
	case h.Host == "" || len(h.Host) > 255 || strings.ContainsAny(h.Host, " \t\r\n*"):
		return fmt.Errorf("%w: host %s: it is one computer's name, with or without its DNS suffix", ErrChangeField, quote(h.Host))
	case len(h.Groups) == 0 || len(h.Groups) > maxHostGroups:
		return fmt.Errorf("%w: host %s is in %d groups: it is 1 to %d", ErrChangeField, quote(h.Host), len(h.Groups), maxHostGroups)
	case !groupForm.MatchString(h.Source):
		return fmt.Errorf("%w: source %s: it has 1 to 63 of a-z, 0-9, . _ -", ErrChangeField, quote(h.Source))
	case h.Imported.IsZero():
		return fmt.Errorf("%w: host %s has no time of import", ErrChangeField, quote(h.Host))
	}
	for _, group := range h.Groups {
		if err := CheckGroup(group); err != nil {
			return fmt.Errorf("host %s: %w", quote(h.Host), err)
		}
	}
	return nil
}

// Write is the entry as it is stored.
func (h *Host) Write() ([]byte, error) { return write(h) }

// ReadHost reads and checks a stored entry.
func ReadHost(raw []byte) (*Host, error) {
	var h Host
	if err := decodeStrict(raw, &h); err != nil {
		return nil, err
	}
	return &h, h.Check()
}

// ReadHostsCSV reads the columns host and groups (with ";" between several). A
// host that is there in several rows is in the groups of all of them. The result
// is sorted by host. An error names each line that is wrong.
func ReadHostsCSV(r io.Reader, source string, imported time.Time) ([]Host, error) {
	byName := map[string]*Host{}
	err := table(r, []string{"host", "groups"}, nil, func(row map[string]string) error {
		h := Host{Host: event.LowerASCII(row["host"]), Groups: list(event.LowerASCII(row["groups"])), Source: source, Imported: imported}
		if before := byName[h.Host]; before != nil {
			h.Groups = append(h.Groups, before.Groups...)
		}
		slices.Sort(h.Groups)
		h.Groups = slices.Compact(h.Groups)
		byName[h.Host] = &h
		return h.Check()
	})
	hosts := make([]Host, 0, len(byName))
	for _, h := range byName {
		hosts = append(hosts, *h)
	}
	slices.SortFunc(hosts, func(a, b Host) int { return strings.Compare(a.Host, b.Host) })
	return hosts, err
}
