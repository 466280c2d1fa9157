package coverage

import (
	"strings"
	"time"

	"msigate/gateway/event"
)

// Sysmon's records about itself.
const (
	sysmonState         = 4
	sysmonConfiguration = 16
	sysmonError         = 255
)

func text(s string) string { return strings.Clone(cut(s)) }

// sensor is what Sysmon said of itself last.
type sensor struct {
	State           string `json:"state,omitzero"` // Started or Stopped
	StateAt         int64  `json:"state_at,omitzero"`
	Configuration   string `json:"configuration,omitzero"` // of the last change, as Sysmon names it
	ConfigurationAt int64  `json:"configuration_at,omitzero"`
	Changes         uint64 `json:"changes,omitzero"`
	Error           string `json:"error,omitzero"` // of the last error
	ErrorAt         int64  `json:"error_at,omitzero"`
	Errors          uint64 `json:"errors,omitzero"`
}

func (s *sensor) saw(e *event.Event, seconds int64) {
	switch e.EventID {
	case sysmonState:
		if seconds >= s.StateAt {
			s.State, s.StateAt = text(e.Sensor.State), seconds
		}
	case sysmonConfiguration:
		s.Changes++
		if seconds >= s.ConfigurationAt {
			s.Configuration, s.ConfigurationAt = text(e.Sensor.Configuration), seconds
		}
	case sysmonError:
		s.Errors++
		if seconds >= s.ErrorAt {
			s.Error, s.ErrorAt = text(strings.TrimSpace(e.Sensor.Error+" "+e.Sensor.Description)), seconds
		}
	}
}

// lag is how long after an event the bus stamped its message, by the clocks of
// both, over today and the day before it that had any. A clock that is right
// gives a small least lag, however late the host ships now and then.
type lag struct {
	Day    int64    `json:"day"`
	Now    lagOfDay `json:"now"`
	Before lagOfDay `json:"before,omitzero"`
}

// lagOfDay is in seconds; below 0 the host's clock is ahead.
type lagOfDay struct {
	Records uint64 `json:"n"`
	Least   int64  `json:"min"`
	Most    int64  `json:"max"`
	Late    uint64 `json:"late,omitzero"` // records more than maxSkew away
}

// maxSkew is what a Decision calls skewed too.
const maxSkew = 10 * time.Minute

func (l *lag) saw(stamp, own time.Time) {
	if day := stamp.Unix() / 86400; day > l.Day {
		if l.Now.Records > 0 {
			l.Before = l.Now
		}
		l.Day, l.Now = day, lagOfDay{}
	}
	d := stamp.Sub(own)
	seconds := int64(d.Round(time.Second) / time.Second)
	n := &l.Now
	if n.Records == 0 || seconds < n.Least {
		n.Least = seconds
	}
	if n.Records == 0 || seconds > n.Most {
		n.Most = seconds
	}
	n.Records++
	if d > maxSkew || d < -maxSkew {
		n.Late++
	}
}

// both days together.
func (l *lag) both() lagOfDay {
	a, b := l.Now, l.Before
	switch {
	case a.Records == 0:
		return b
	case b.Records == 0:
		return a
	}
	return lagOfDay{Records: a.Records + b.Records, Least: min(a.Least, b.Least), Most: max(a.Most, b.Most), Late: a.Late + b.Late}
}

// channel compares how many records a channel numbered with how many arrived.
type channel struct {
	Name    string `json:"c"`
	Low     uint64 `json:"lo,omitzero"` // lowest and highest EventRecordID of this window
	High    uint64 `json:"hi,omitzero"`
	Arrived uint64 `json:"n,omitzero"`  // in this window
	Reached uint64 `json:"nh,omitzero"` // Arrived when High came: what is only counted has no number
	// Of the window before this one.
	NumberedBefore uint64 `json:"nb,omitzero"`
	ArrivedBefore  uint64 `json:"ab,omitzero"`
	Restarts       uint64 `json:"re,omitzero"` // numbers that began anew, or leapt
	LastID         uint64 `json:"li,omitzero"`
	LastTime       int64  `json:"lt,omitzero"` // by the host's clock
	Back           int64  `json:"bk,omitzero"` // most seconds that the clock went back between two records in their order
	Backs          uint64 `json:"bn,omitzero"`
}

const (
	numberedWindow = 100_000   // records of a window
	numberedLeap   = 1_000_000 // more than that is not a gap but another log
	numberedLate   = 10_000    // so far back a record may come late
	clockBack      = 60        // seconds: records of one moment may be written in another order
)

// channel gives the place of a channel; -1 where there is no room or it has no name.
func (h *host) channel(name string) int {
	if name == "" {
		return -1
	}
	for i := range h.Channels {
		if h.Channels[i].Name == name {
			return i
		}
	}
	if len(h.Channels) == maxChannels {
		return -1
	}
	h.Channels = append(h.Channels, channel{Name: name})
	return len(h.Channels) - 1
}

// numbered takes in a record's number; it was counted as arrived before.
func (c *channel) numbered(e *event.Event) {
	id := e.RecordID
	if id == 0 {
		return
	}
	switch {
	case c.High == 0:
		c.begin(id)
	case id+numberedLate < c.Low || id > c.High+numberedLeap:
		c.Restarts++
		c.LastID, c.LastTime = 0, 0
		c.begin(id)
	default:
		c.Low = min(c.Low, id)
		if id >= c.High {
			c.High, c.Reached = id, c.Arrived
		}
		if span := c.High - c.Low + 1; span > numberedWindow {
			c.NumberedBefore, c.ArrivedBefore = span, min(c.Reached, span)
			c.begin(id)
		}
	}
	if e.Time.IsZero() {
		return
	}
	at := e.Time.Unix()
	if c.LastID != 0 && id > c.LastID {
		if back := c.LastTime - at; back > clockBack {
			c.Backs++
			c.Back = max(c.Back, back)
		}
	}
	if id > c.LastID {
		c.LastID, c.LastTime = id, at
	}
}

// begin begins a window.
func (c *channel) begin(id uint64) { c.Low, c.High, c.Arrived, c.Reached = id, id, 1, 1 }

// total gives how many records the channel numbered and how many of them
// arrived; 0 where it has no numbers.
func (c *channel) total() (numbered, arrived uint64) {
	if c.High != 0 {
		numbered = c.High - c.Low + 1
		arrived = min(c.Reached, numbered)
	}
	return numbered + c.NumberedBefore, arrived + c.ArrivedBefore
}
