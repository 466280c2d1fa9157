package governance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"msigate/gateway/event"
)

// Bounds of a change window.
const (
	LongestChange     = 14 * 24 * time.Hour // from its begin to its end, all repetitions included
	maxChangePackages = 64
	maxChangeRecord   = 16 << 10 // bytes of a whole record
	maxOccurrences    = 64       // of a window that repeats
)

// Change says when which package may be installed on which hosts. It is what its
// opener signs.
type Change struct {
	Ticket    string    `json:"ticket"`     // e.g. CHG-1042; compared without regard to ASCII case
	HostGroup string    `json:"host_group"` // one group of msigate-hosts, never all
	Packages  []string  `json:"packages"`   // each a full path, URL, file name, ProductCode or SHA-256
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`           // at most 14 days after From
	RRule     string    `json:"rrule,omitempty"` // RFC 5545: when it opens again between From and Until
	Lasts     string    `json:"lasts,omitempty"` // with RRule: how long it is open each time, e.g. 4h
	Reason    string    `json:"reason,omitempty"`
	OpenedAt  time.Time `json:"opened_at"` // by the opener's clock; what counts is the server's stamp
}

// What is wrong with a change record. Every refusal of one is one of these, or
// one of the errors on keys.
var (
	ErrChangeForm  = errors.New("the change record cannot be read")
	ErrChangeField = errors.New("a field of the change record is not acceptable")
	ErrAllHosts    = errors.New("a change window is for one host group, never for all hosts")
	ErrTooLong     = errors.New("a change window lasts 14 days at most")
	ErrSelfSigned  = errors.New("who opened a change must not approve it")
	ErrOtherTicket = errors.New("the record is of another ticket than the key it is stored under")
)

var (
	ticketForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/#-]{0,62}$`)
	groupForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	guidForm   = regexp.MustCompile(`^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$`)
	sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)
	fileForm   = regexp.MustCompile(`^[^\\/:*?"<>|\x00-\x1f]+\.(msi|msp|mst|msix|exe)$`)
)

// everybody are names under which a group would pass for all hosts.
var everybody = []string{"all", "any", "every", "everyone", "everything", "all-hosts", "allhosts", "all_hosts", "*"}

// Normalise lower-cases what is compared as the policy sees it.
func (c *Change) Normalise() {
	c.HostGroup = event.LowerASCII(strings.TrimSpace(c.HostGroup))
	c.Ticket = strings.TrimSpace(c.Ticket)
	for i, p := range c.Packages {
		c.Packages[i] = event.LowerASCII(strings.TrimSpace(p))
	}
}

// Check holds a change to what every window must be. It is asked where one is
// written and again where one is read. The error joins all that is wrong.
func (c *Change) Check() error {
	var wrong []error
	fault := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%w: %s", ErrChangeField, fmt.Sprintf(format, args...)))
	}
	if !ticketForm.MatchString(c.Ticket) {
		fault("ticket %s: a ticket has 1 to 63 of A-Z, 0-9, . _ / # - and begins with a letter or digit", quote(c.Ticket))
	}
	if err := CheckGroup(c.HostGroup); err != nil {
		wrong = append(wrong, err)
	}
	switch n := len(c.Packages); {
	case n == 0:
		fault("packages is empty: name each package by its path, URL, file name, ProductCode or SHA-256")
	case n > maxChangePackages:
		fault("packages has %d, more than %d: open several tickets", n, maxChangePackages)
	}
	for _, p := range c.Packages {
		if why := packageName(p); why != "" {
			fault("package %s %s; acceptable: a full path, a URL, a file name such as orrery.msi, a {ProductCode} or a SHA-256, in lower case", quote(p), why)
		}
	}
	switch {
	case c.From.IsZero() || c.Until.IsZero():
		fault("from and until are both needed")
	case !c.From.Before(c.Until):
		fault("it ends (%s) before it begins (%s)", c.Until.Format(time.RFC3339), c.From.Format(time.RFC3339))
	case c.Until.Sub(c.From) > LongestChange:
		wrong = append(wrong, fmt.Errorf("%w: from %s until %s are %s", ErrTooLong, c.From.Format(time.RFC3339), c.Until.Format(time.RFC3339), c.Until.Sub(c.From)))
	default:
		if _, err := c.Spans(); err != nil {
			wrong = append(wrong, err)
		}
	}
	if c.OpenedAt.IsZero() {
		fault("opened_at is missing")
	}
	if len(c.Reason) > 512 {
		fault("reason has %d bytes, more than 512", len(c.Reason))
	}
	return errors.Join(wrong...)
}

// CheckGroup refuses a host group that names all hosts, or is none.
func CheckGroup(group string) error {
	if slices.Contains(everybody, event.LowerASCII(group)) {
		return fmt.Errorf("%w: host group %s", ErrAllHosts, quote(group))
	}
	if !groupForm.MatchString(group) {
		return fmt.Errorf("%w: host group %s: a group has 1 to 63 of a-z, 0-9, . _ - and begins with a letter or digit", ErrChangeField, quote(group))
	}
	return nil
}

// packageName says what keeps a text from naming one package.
func packageName(text string) (why string) {
	switch {
	case text != event.LowerASCII(text):
		return "is not in lower case"
	case len(text) > 1024:
		return "has more than 1,024 bytes"
	case strings.ContainsAny(text, "*?"):
		return "has a wildcard"
	case guidForm.MatchString(text), sha256Form.MatchString(text), fileForm.MatchString(text):
		return ""
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"):
		_, why = canonicalURL(text)
		return why
	}
	if _, why = canonicalImage(strings.ReplaceAll(text, "/", `\`)); why != "" {
		return why
	}
	if strings.Contains(text, "/") {
		return `has "/" in a path: events carry \`
	}
	return ""
}

// decodeStrict refuses fields that it does not know, twice the same, and what follows.
func decodeStrict(raw []byte, into any) error {
	if len(raw) > maxChangeRecord {
		return fmt.Errorf("%w: it has %d bytes, more than %d", ErrChangeForm, len(raw), maxChangeRecord)
	}
	// Duplicate names, bad UTF-8 and what follows the value are errors of the library's.
	if err := json.Unmarshal(raw, into, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%w: %w", ErrChangeForm, err)
	}
	return nil
}

// write is a statement as it is signed: one form for one content.
func write(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChangeForm, err)
	}
	return data, nil
}
