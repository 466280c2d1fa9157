package coverage

import (
	"fmt"
	"time"
)

// Stream is what the bus says of a stream.
type Stream struct {
	Name     string
	MaxAge   time.Duration // 0: no bound
	MaxBytes int64         // 0 or below: no bound
	MaxMsgs  int64         // 0 or below: no bound
	Messages uint64
	Bytes    uint64
	First    time.Time // of the oldest message; zero: there is none
	Last     time.Time // of the newest
}

// Retention is how far back a stream reaches, against how far an investigation
// looks back.
type Retention struct {
	Stream   string     `json:"stream"`
	Wanted   int64      `json:"wanted"`            // seconds
	Keeps    int64      `json:"keeps"`             // seconds that its settings allow, at the rate of now; 0: no bound
	By       string     `json:"by"`                // which setting bounds it: max_age, max_bytes, max_msgs; "": none does
	Oldest   *time.Time `json:"oldest"`            // null: it holds nothing
	Messages uint64     `json:"messages"`          //
	Short    bool       `json:"short"`             // it does not reach as far back as is wanted
	Text     string     `json:"text"`              // what that means
	Command  string     `json:"command,omitempty"` // what to run
}

// Retained judges a stream by the period that an investigation looks back over.
func (s Stream) Retained(wanted time.Duration, now time.Time) Retention {
	r := Retention{Stream: s.Name, Wanted: int64(wanted / time.Second), Messages: s.Messages}
	if !s.First.IsZero() {
		oldest := s.First.UTC()
		r.Oldest = &oldest
	}
	keeps := time.Duration(0)
	bound := func(by string, d time.Duration) {
		if d > 0 && (keeps == 0 || d < keeps) {
			keeps, r.By = d, by
		}
	}
	bound("max_age", s.MaxAge)
	if span := s.Last.Sub(s.First); span > 0 && s.Messages > 1 {
		if s.MaxBytes > 0 && s.Bytes > 0 {
			bound("max_bytes", scale(span, float64(s.MaxBytes)/float64(s.Bytes)))
		}
		if s.MaxMsgs > 0 {
			bound("max_msgs", scale(span, float64(s.MaxMsgs)/float64(s.Messages)))
		}
	}
	r.Keeps = int64(keeps / time.Second)
	r.Short = keeps > 0 && keeps < wanted
	switch {
	case !r.Short:
		r.Text = fmt.Sprintf("%s keeps %s", s.Name, days(keeps))
	case r.By == "max_age":
		r.Text = fmt.Sprintf("%s keeps %s, an investigation looks back %s: what is older is gone when somebody asks", s.Name, days(keeps), days(wanted))
		r.Command = fmt.Sprintf("nats stream edit %s --max-age=%dh", s.Name, int((wanted+time.Hour-1)/time.Hour))
	default:
		r.Text = fmt.Sprintf("at the rate of now %s is full after %s (%s), an investigation looks back %s", s.Name, days(keeps), r.By, days(wanted))
		r.Command = fmt.Sprintf("nats stream edit %s --max-bytes=-1 --max-msgs=-1", s.Name)
	}
	return r
}

func scale(d time.Duration, by float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	if by > float64(most)/float64(d) {
		return most
	}
	return time.Duration(float64(d) * by)
}

// days is a period for people.
func days(d time.Duration) string {
	switch {
	case d <= 0:
		return "everything"
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}
