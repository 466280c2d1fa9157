package finding

import (
	"testing"

	"msigate/gateway/install"
)

// MsiInstaller records, which anybody can write, must not take what was found
// out of the finding of the one whose client the sensor saw.
func TestARecordTakesNothingFromTheOneClientThatWasSeen(t *testing.T) {
	seen := install.Session{ID: "seen", OpenedBy: install.OpenedByClient}
	told := install.Session{ID: "told", OpenedBy: install.OpenedByMsiInstaller}
	other := install.Session{ID: "other", OpenedBy: install.OpenedByClient}
	among := func(s install.Session, candidates ...install.Session) *install.Session {
		s.Candidates = candidates
		return &s
	}
	for _, c := range []struct {
		name    string
		session *install.Session
		want    string
	}{
		{"no session", nil, ""},
		{"a record's own, nobody else's", &told, "told"},
		{"singled out by records beside the client that was seen", among(told, seen, told), "seen"},
		{"one of both, nobody knows which", among(install.Session{}, told, seen), "seen"},
		{"singled out by records among two clients that were seen", among(seen, seen, other), "seen"},
		{"told by records beside two clients that were seen", among(told, seen, other, told), "told"},
		{"one of two clients that were seen", among(install.Session{}, seen, other), ""},
	} {
		if got := sessionID(&install.Context{Session: c.session}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
