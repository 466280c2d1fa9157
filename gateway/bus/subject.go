package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// maxToken is the longest token, in bytes, that HostToken gives.
const maxToken = 64

// Marks that no escape contains: an escape is "%" and two of [0-9a-f].
const (
	hashMark  = "%h" // then hashDigits hexadecimal digits end a shortened token
	emptyMark = "%_" // the empty name
)

// hashDigits is how many hexadecimal digits of a SHA-256 a shortened token
// keeps: 128 bits.
const hashDigits = 32

// HostToken makes one subject token of a host name: ASCII letters in lower
// case, [a-z0-9_-] as they are, every other byte as "%" and two hexadecimal
// digits. What would be longer than 64 bytes is cut and ends in "%h" and a
// hash of the whole. Two names that differ by more than ASCII case have
// different tokens (a shortened one but for SHA-256). The result is never
// empty and holds no ".", "*", ">" or white space, whatever the name.
func HostToken(host string) string {
	const digits = "0123456789abcdef"
	plain := host != "" && len(host) <= maxToken
	for i := 0; plain && i < len(host); i++ {
		plain = plainByte(host[i])
	}
	if plain {
		return host // by far the most frequent: no allocation
	}
	if host == "" {
		return emptyMark
	}
	b := make([]byte, 0, maxToken)
	cut := 0 // the last escape boundary that leaves room for the hash
	for i := range len(host) {
		c := lower(host[i])
		if plainByte(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
		if len(b) <= maxToken-len(hashMark)-hashDigits {
			cut = len(b)
		}
		if len(b) > maxToken {
			break
		}
	}
	if len(b) <= maxToken {
		return string(b)
	}
	sum := sha256.Sum256(lowerBytes(host))
	return string(b[:cut]) + hashMark + hex.EncodeToString(sum[:hashDigits/2])
}

func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

func lowerBytes(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return b
}

// Shortened tells whether a host that HostFromSubject gave may be a token whose
// end is a hash, and so not the host's name.
func Shortened(host string) bool { return strings.Contains(host, hashMark) }

// SubjectKind says who may have published to a subject of EVENTS.
type SubjectKind string

// The kinds of subject in EVENTS.
const (
	SubjectHost      SubjectKind = "host"      // events.host.<host>: a shipper that speaks for one host
	SubjectCollector SubjectKind = "collector" // events.collector.<name>: may carry many hosts
)

// ErrSubject is the error for a subject that names neither a host nor a
// collector.
var ErrSubject = errors.New("not events.host.<host> or events.collector.<name>")

// HostFromSubject reads what a subject of EVENTS says of its publisher: the
// host's name, or the collector's, with escapes undone and ASCII letters in
// lower case. A host's dots may be left as they are (events.host.ws01.corp.example).
//
// A shortened token cannot be undone; it is given as it stands. So a record's
// host h belongs to the subject when host == h or host == HostToken(h).
func HostFromSubject(subject string) (host string, kind SubjectKind, err error) {
	rest, ok := strings.CutPrefix(subject, subjectEventsHost)
	kind = SubjectHost
	if !ok {
		rest, ok = strings.CutPrefix(subject, subjectEventsCollector)
		kind = SubjectCollector
	}
	if !ok {
		return "", "", fmt.Errorf("subject %q: %w", printable(subject, 256), ErrSubject)
	}
	host, err = untoken(rest)
	if err != nil {
		return "", "", fmt.Errorf("subject %q: %w", printable(subject, 256), err)
	}
	return host, kind, nil
}

// untoken undoes HostToken.
func untoken(token string) (string, error) {
	switch {
	case token == "":
		return "", fmt.Errorf("the name is empty: %w", ErrSubject)
	case token == emptyMark:
		return "", nil
	case shortened(token):
		return token, nil
	}
	b := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c != '%' {
			b = append(b, lower(c))
			continue
		}
		if i+2 >= len(token) {
			return "", fmt.Errorf("the escape at byte %d is cut short: %w", i, ErrSubject)
		}
		var one [1]byte
		if _, err := hex.Decode(one[:], []byte(token[i+1:i+3])); err != nil {
			return "", fmt.Errorf("%q is no escape: %w", token[i:i+3], ErrSubject)
		}
		b = append(b, lower(one[0]))
		i += 2
	}
	name := string(b)
	if shortened(name) {
		// It would pass for the shortened token of another host.
		return "", fmt.Errorf("the name has the form of a shortened token: %w", ErrSubject)
	}
	return name, nil
}

// shortened reports whether token ends as HostToken ends what it cut.
func shortened(token string) bool {
	at := len(token) - hashDigits - len(hashMark)
	if at < 0 || token[at:at+len(hashMark)] != hashMark {
		return false
	}
	_, err := hex.DecodeString(token[at+len(hashMark):])
	return err == nil
}

// EventSubject is where a shipper publishes the events of a host.
func EventSubject(host string) string { return subjectEventsHost + HostToken(host) }

// CollectorSubject is where a collector publishes the events of many hosts.
func CollectorSubject(name string) string { return subjectEventsCollector + HostToken(name) }

// DecisionSubject is where the Decisions on a host's events go.
func DecisionSubject(host string) string { return subjectDecisions + HostToken(host) }

// VerdictSubject is where a host's findings of one disposition go.
func VerdictSubject(disposition, host string) string {
	return subjectVerdicts + HostToken(disposition) + "." + HostToken(host)
}

// RollupSubject is where the rollup of a group of findings goes.
func RollupSubject(group string) string { return subjectVerdicts + "rollup." + GroupToken(group) }

// GroupToken makes one subject token of a rollup's group, as HostToken does of
// a host: groups that differ only in ASCII case are one.
func GroupToken(group string) string { return HostToken(group) }

// ObserveSubject is where they go instead while the gateway only observes.
func ObserveSubject(disposition, host string) string {
	return subjectVerdicts + "observe." + HostToken(disposition) + "." + HostToken(host)
}

// SelftestSubject is where what a self-test's events lead to goes instead.
func SelftestSubject(disposition string) string {
	return subjectVerdicts + "selftest." + HostToken(disposition) + "." + HostToken(SelftestHost)
}

// SelftestVerdicts takes all of them.
const SelftestVerdicts = subjectVerdicts + "selftest.>"

// SelftestDecisions is where the Decisions on a self-test's events go: apart from
// those on other events of its host, by whose last one a start knows where it is.
func SelftestDecisions() string { return subjectDecisions + "selftest." + HostToken(SelftestHost) }

// AuditSubject is where audit events of one sort go.
func AuditSubject(event string) string { return subjectAudit + HostToken(event) }

// AuditSubjectAbout is where audit events of one sort about one thing go, for
// instance a ticket: so the last one about it is found by its subject.
func AuditSubjectAbout(event, about string) string {
	return AuditSubject(event) + "." + HostToken(about)
}

// LastAudit gives the id of the last audit event of a subject; "" where there is none.
func LastAudit(ctx context.Context, c *Conn, subject string) (msgID string, err error) {
	m, err := c.lookup(ctx, StreamAudit, messageQuery{Last: subject})
	switch {
	case errors.Is(err, ErrGone):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("reading the last message to %s: %w", subject, err)
	}
	return m.Header.Get(jetstream.MsgIDHeader), nil
}

// QuarantineSubject is where messages quarantined for a reason go.
func QuarantineSubject(reason string) string { return subjectQuarantine + HostToken(reason) }
