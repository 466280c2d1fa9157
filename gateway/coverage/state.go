package coverage

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"msigate/gateway/event"
)

// The least times between two writings of one host.
const (
	saveSoon  = 30 * time.Second // something new was seen
	saveLater = 10 * time.Minute // counts alone have changed
)

// Written is a host as it is written down; Data nil: it is not known any more.
type Written struct {
	Host string
	Data []byte // JSON
}

// Unsaved gives up to most hosts that are to be written down, and takes them for
// written; last asks for all that have changed, however lately they were written.
// The error is of hosts that cannot be written, of which the others know nothing:
// they are tried again when something of them has changed.
func (r *Recorder) Unsaved(now time.Time, most int, last bool) ([]Written, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Written
	var failed []error
	for len(r.gone) > 0 && len(all) < most {
		name := r.gone[len(r.gone)-1]
		r.gone = r.gone[:len(r.gone)-1]
		if r.hosts[name] == nil {
			all = append(all, Written{Host: name})
		}
	}
	for _, h := range r.hosts {
		if len(all) >= most {
			break
		}
		since := now.Unix() - h.saved
		if !h.changed || !last && since < int64(saveSoon/time.Second) || !last && !h.urgent && since < int64(saveLater/time.Second) {
			continue
		}
		h.changed, h.urgent, h.saved = false, false, now.Unix()
		data, err := json.Marshal(h)
		if err != nil {
			failed = append(failed, fmt.Errorf("write what is known of the coverage of %s: %w", h.Name, err))
			continue
		}
		h.stored = true
		all = append(all, Written{Host: h.Name, Data: data})
	}
	return all, errors.Join(failed...)
}

// Lost says that what Unsaved gave of a host was not stored, or not removed: it is
// given again.
func (r *Recorder) Lost(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.hosts[name]
	if h == nil {
		r.gone = append(r.gone, name)
		return
	}
	h.changed, h.urgent, h.saved = true, true, 0
}

// Import takes over what was written of a host.
func (r *Recorder) Import(data []byte, now time.Time) (string, error) {
	h := &host{}
	if err := json.Unmarshal(data, h); err != nil {
		return "", err
	}
	if err := h.check(); err != nil {
		return h.Name, err
	}
	h.saved, h.stored = now.Unix(), true
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range h.Kinds {
		k := &h.Kinds[i]
		k.RecordKind = r.keys.shared(*k.RecordKind)
		if k.channel = int32(h.channel(k.Channel)); len(k.Lacks) != len(factNames[k.Kind]) {
			k.Decoded, k.Lacks = 0, nil // another version's facts
		}
	}
	for i := range h.Channels {
		// What passed while nobody looked is no gap.
		c := &h.Channels[i]
		if c.High != 0 {
			c.NumberedBefore, c.ArrivedBefore = c.total()
			c.Low, c.High, c.Arrived, c.Reached = 0, 0, 0, 0
		}
	}
	if r.hosts[h.Name] == nil && len(r.hosts) >= r.most {
		r.evict()
	}
	r.hosts[h.Name] = h
	return h.Name, nil
}

// check refuses what cannot have been written.
func (h *host) check() error {
	switch {
	case h.Name == "":
		return errors.New("it names no host")
	case h.Name != text255(h.Name):
		return errors.New("it names a host as none is kept")
	case len(h.Kinds) > maxKinds || len(h.Channels) > maxChannels:
		return errors.New("it holds more than is ever kept of a host")
	case h.Last < h.First:
		return errors.New("it ends before it begins")
	}
	for i := range h.Channels {
		if numbered, arrived := h.Channels[i].total(); arrived > numbered {
			return errors.New("more records arrived than were numbered")
		}
	}
	for i := range h.Kinds {
		switch k := &h.Kinds[i]; {
		case k.RecordKind == nil:
			return errors.New("a count is of no kind")
		case !slices.Contains(event.Kinds(), k.Kind):
			return fmt.Errorf("kind %q is none", k.Kind)
		}
	}
	return nil
}

// NameIn is the host that a written entry is of.
func NameIn(data []byte) (string, error) {
	var named struct {
		Name string `json:"host"`
	}
	if err := json.Unmarshal(data, &named); err != nil {
		return "", err
	}
	if named.Name == "" {
		return "", errors.New("it names no host")
	}
	return named.Name, nil
}
