package governance

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Span is a time for which a window is open: from Begin until before End.
type Span struct{ Begin, End time.Time }

// ruleForm are the parts of a recurrence rule (RFC 5545, section 3.3.10) that a
// window of 14 days can need. The others are refused: some of their combinations
// never meet, and the library then looks for one until the year 9999, or for ever.
var ruleForm = regexp.MustCompile(`^(FREQ=(DAILY|WEEKLY)|INTERVAL=[1-9][0-9]?|COUNT=[1-9][0-9]?|BYDAY=(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*|BYHOUR=[0-9]{1,2}(,[0-9]{1,2})*|BYMINUTE=[0-9]{1,2}(,[0-9]{1,2})*)$`)

// Spans gives when the window is open, in order. Without a rule that is from
// From until Until. With one it is each occurrence for as long as it Lasts, the
// last one cut at Until. Hours are those of From's own offset from UTC.
func (c *Change) Spans() ([]Span, error) {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrChangeField, fmt.Sprintf(format, args...))
	}
	if c.RRule == "" {
		if c.Lasts != "" {
			return nil, fault("lasts is there without rrule: from and until say how long a window is open that opens once")
		}
		return []Span{{c.From, c.Until}}, nil
	}
	lasts, err := time.ParseDuration(c.Lasts)
	switch {
	case err != nil:
		return nil, fault("lasts %s: with rrule it says how long the window is open each time, e.g. 4h", quote(c.Lasts))
	case lasts < time.Minute || lasts > 24*time.Hour:
		return nil, fault("lasts %s: it is 1m to 24h", c.Lasts)
	}
	weekly := strings.Contains(c.RRule, "FREQ=WEEKLY")
	for part := range strings.SplitSeq(c.RRule, ";") {
		if !ruleForm.MatchString(part) || strings.HasPrefix(part, "BYDAY=") && !weekly {
			return nil, fault("rrule %s: %s is not taken; acceptable: FREQ=DAILY or WEEKLY, INTERVAL, COUNT, BYHOUR, BYMINUTE, and BYDAY with WEEKLY", quote(c.RRule), quote(part))
		}
	}
	option, err := rrule.StrToROption(c.RRule)
	if err != nil {
		return nil, fault("rrule %s: %v", quote(c.RRule), err)
	}
	option.Dtstart, option.Until = c.From.Truncate(time.Second), c.Until
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, fault("rrule %s: %v", quote(c.RRule), err)
	}
	var spans []Span
	for next, more := rule.Iterator(), true; more; {
		var at time.Time
		if at, more = next(); !more || !at.Before(c.Until) {
			break
		}
		if len(spans) == maxOccurrences {
			return nil, fault("rrule %s: it opens more than %d times until %s", quote(c.RRule), maxOccurrences, c.Until.Format(time.RFC3339))
		}
		if at.Before(c.From) {
			continue
		}
		end := at.Add(lasts)
		if end.After(c.Until) {
			end = c.Until
		}
		spans = append(spans, Span{at, end})
	}
	if len(spans) == 0 {
		return nil, fault("rrule %s: it never opens between %s and %s", quote(c.RRule), c.From.Format(time.RFC3339), c.Until.Format(time.RFC3339))
	}
	return spans, nil
}
