package bus

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHostTokenEscapesWhatIsNotPlain(t *testing.T) {
	long := strings.Repeat("a", 65)
	for _, c := range []struct{ host, want string }{
		{"ws01", "ws01"},
		{"WS01", "ws01"},
		{"ws01.corp.example", "ws01%2ecorp%2eexample"},
		{"a_b-c", "a_b-c"},
		{"", "%_"},
		{"*", "%2a"},
		{">", "%3e"},
		{"a b\r\n", "a%20b%0d%0a"},
		{"%2e", "%252e"},
		{"wörk", "w%c3%b6rk"},
		{strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{long, strings.Repeat("a", 30) + "%h635361c48bb9eab14198e76ea8ab7f1a"},
		{strings.Repeat(".", 22), strings.Repeat("%2e", 10) + "%h" + hashOf(strings.Repeat(".", 22))},
	} {
		if got := HostToken(c.host); got != c.want {
			t.Errorf("HostToken(%q) = %q, want %q", c.host, got, c.want)
		}
	}
}

func hashOf(s string) string {
	token := HostToken(s)
	return token[len(token)-hashDigits:]
}

func TestHostFromSubjectReadsHostAndCollector(t *testing.T) {
	hashed := HostToken(strings.Repeat("x", 100))
	for _, c := range []struct {
		subject, host string
		kind          SubjectKind
	}{
		{"events.host.ws01", "ws01", SubjectHost},
		{"events.host.WS01", "ws01", SubjectHost},
		{"events.host.ws01.corp.example", "ws01.corp.example", SubjectHost},
		{"events.host.ws01%2Ecorp%2eexample", "ws01.corp.example", SubjectHost},
		{"events.host.%57s01", "ws01", SubjectHost},
		{"events.host." + hashed, hashed, SubjectHost},
		{"events.collector.wef", "wef", SubjectCollector},
	} {
		host, kind, err := HostFromSubject(c.subject)
		if err != nil || host != c.host || kind != c.kind {
			t.Errorf("HostFromSubject(%q) = %q, %q, %v; want %q, %q", c.subject, host, kind, err, c.host, c.kind)
		}
	}
}

func TestHostFromSubjectRefusesWhatNamesNoHost(t *testing.T) {
	impostor := "a%25h" + strings.Repeat("0", hashDigits) // undone it would pass for a shortened token
	for _, subject := range []string{
		"", "events", "events.host", "events.host.", "events.other.ws01", "decisions.ws01",
		"events.host.ws%2", "events.host.ws%zz", "events.host." + impostor,
	} {
		if host, _, err := HostFromSubject(subject); err == nil {
			t.Errorf("HostFromSubject(%q) = %q, want an error", subject, host)
		}
	}
}

func TestHostTokenIsInjectiveAndOneToken(t *testing.T) {
	names := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9%._ *>h-]{0,12}`),
		rapid.String(),
		rapid.StringN(0, 200, 300),
		rapid.StringMatching(`(a|%h|%2e|\.){0,70}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		ta, tb := HostToken(a), HostToken(b)
		if same := string(lowerBytes(a)) == string(lowerBytes(b)); same != (ta == tb) {
			t.Fatalf("names %q and %q have tokens %q and %q", a, b, ta, tb)
		}
		if ta == "" || len(ta) > maxToken || strings.Trim(ta, "abcdefghijklmnopqrstuvwxyz0123456789_-%") != "" {
			t.Fatalf("token %q of %q is not one safe token", ta, a)
		}
		if shortened(ta) || shortened(string(lowerBytes(a))) {
			return
		}
		host, _, err := HostFromSubject(EventSubject(a))
		if err != nil || host != string(lowerBytes(a)) {
			t.Fatalf("token %q of %q is undone as %q, %v", ta, a, host, err)
		}
	})
}

func FuzzHostFromSubject(f *testing.F) {
	for _, s := range []string{"events.host.ws01", "events.host.%2e", "events.collector.a.b", "events.host.%h" + strings.Repeat("0", 32), "events.host.%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		host, kind, err := HostFromSubject(subject)
		if err != nil {
			return
		}
		if kind != SubjectHost && kind != SubjectCollector {
			t.Fatalf("kind %q", kind)
		}
		if token := HostToken(host); !shortened(host) {
			again, _, err := HostFromSubject(subjectEventsHost + token)
			if !shortened(token) && (err != nil || again != host) {
				t.Fatalf("%q gives %q, whose token %q gives %q, %v", subject, host, token, again, err)
			}
		}
	})
}

func TestSubjectsOfOutputsKeepEveryNameInItsToken(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{DecisionSubject("WS01.corp.example"), "decisions.ws01%2ecorp%2eexample"},
		{VerdictSubject("alert", "a.>"), "verdicts.alert.a%2e%3e"},
		{ObserveSubject("review", "ws01"), "verdicts.observe.review.ws01"},
		{QuarantineSubject("duplicate_key"), "quarantine.duplicate_key"},
		{AuditSubject("policy.activated"), "audit.policy%2eactivated"},
		{CollectorSubject("wef 1"), "events.collector.wef%201"},
	} {
		if c.got != c.want {
			t.Errorf("subject %q, want %q", c.got, c.want)
		}
	}
}

func TestCoversFollowsNATSWildcards(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"events.>", "events.host.>", true},
		{"events.host.>", "events.host.>", true},
		{"events.host.*", "events.host.>", false},
		{"events.host.>", "events.host.*", true},
		{"events.*.a", "events.host.a", true},
		{"events.>", "events", false},
		{"events", "events", true},
		{"events.host", "events.host.a", false},
	} {
		if got := covers(c.a, c.b); got != c.want {
			t.Errorf("covers(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestShortenedTellsAHashFromAName(t *testing.T) {
	long := strings.Repeat("very-long-name.", 8)
	for host, want := range map[string]bool{"ws01.corp.example": false, "": false, long: true} {
		got, _, err := HostFromSubject(EventSubject(host))
		if host != "" && err != nil {
			t.Fatal(err)
		}
		if Shortened(got) != want {
			t.Errorf("Shortened(%q) is %t", got, !want)
		}
	}
}
