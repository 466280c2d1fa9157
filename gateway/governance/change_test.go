package governance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
)

var changeNow = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

func signingKey(t testing.TB) *SigningKey {
	t.Helper()
	key, err := NewSigningKey("", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func bound(keys ...*SigningKey) Keys {
	all := Keys{}
	for _, key := range keys {
		all[key.ID] = key.Key
	}
	return all
}

// window is a change that is acceptable.
func window() Change {
	return Change{
		Ticket: "CHG-1042", HostGroup: "finance-laptops", Packages: []string{"orrery.msi"},
		From: changeNow.Add(time.Hour), Until: changeNow.Add(5 * time.Hour), OpenedAt: changeNow,
	}
}

func opened(t testing.TB, c Change, key *SigningKey) ChangeRecord {
	t.Helper()
	r, err := OpenChange(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// forged signs what OpenChange would refuse.
func forged(t testing.TB, c any, key *SigningKey) ChangeRecord {
	t.Helper()
	payload, err := write(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signStatement(typeChangeOpen, payload, key)
	if err != nil {
		t.Fatal(err)
	}
	return ChangeRecord{Open: signed}
}

func TestAChangeCountsOnceAnotherApprovedItAndUntilItIsClosed(t *testing.T) {
	opener, approver := signingKey(t), signingKey(t)
	keys := bound(opener, approver)
	r := opened(t, window(), opener)
	w, err := r.Verify(keys, changeNow)
	if err != nil || w.Approver != "" || w.Opener != opener.ID {
		t.Fatalf("opened: %+v, %v", w, err)
	}
	r, err = r.Approved(approver, keys, changeNow.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.Write()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = ReadChange(raw); err != nil {
		t.Fatal(err)
	}
	w, err = r.Verify(keys, changeNow)
	if err != nil || w.Approver != approver.ID || len(w.Spans) != 1 || !w.Spans[0].End.Equal(w.Until) || !w.Of("chg-1042") || w.Of("chg-1043") {
		t.Fatalf("approved: %+v, %v", w, err)
	}
	if !r.Ends().Equal(w.Until) {
		t.Errorf("it ends %s by its own words, want %s", r.Ends(), w.Until)
	}
	closed := w.From.Add(time.Hour)
	if r, err = r.Closed(opener, keys, closed); err != nil {
		t.Fatal(err)
	}
	w, err = r.Verify(keys, changeNow)
	if err != nil || w.ClosedBy != opener.ID || len(w.Spans) != 1 || !w.Spans[0].End.Equal(closed) {
		t.Fatalf("closed: %+v, %v", w, err)
	}
}

// Each is refused on reading, whoever wrote it: see docs/changes.md.
func TestAttacksOnAChangeRecordAreRefused(t *testing.T) {
	opener, approver, stranger := signingKey(t), signingKey(t), signingKey(t)
	keys := bound(opener, approver)
	good, err := opened(t, window(), opener).Approved(approver, keys, changeNow)
	if err != nil {
		t.Fatal(err)
	}
	other := window()
	other.Ticket = "CHG-7"
	foreign, err := opened(t, other, opener).Approved(approver, keys, changeNow)
	if err != nil {
		t.Fatal(err)
	}
	with := func(alter func(*Change)) ChangeRecord {
		c := window()
		alter(&c)
		return forged(t, c, opener)
	}
	statement := func(key *SigningKey, typ, open, ticket string) string {
		payload, err := write(about{Ticket: ticket, Open: open, At: changeNow})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signStatement(typ, payload, key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	expired := bound(opener, approver)
	key := expired[approver.ID]
	key.Expires = changeNow
	expired[approver.ID] = key
	tests := []struct {
		name   string
		record ChangeRecord
		keys   Keys
		want   error
	}{
		{"for all hosts", with(func(c *Change) { c.HostGroup = "all" }), keys, ErrAllHosts},
		{"for all hosts, in capitals", with(func(c *Change) { c.HostGroup = "ALL" }), keys, ErrAllHosts},
		{"for everyone", with(func(c *Change) { c.HostGroup = "everyone" }), keys, ErrAllHosts},
		{"for a pattern of hosts", with(func(c *Change) { c.HostGroup = "fin*" }), keys, ErrChangeField},
		{"for no group", with(func(c *Change) { c.HostGroup = "" }), keys, ErrChangeField},
		{"for ever", with(func(c *Change) { c.Until = c.From.AddDate(10, 0, 0) }), keys, ErrTooLong},
		{"a second over 14 days", with(func(c *Change) { c.Until = c.From.Add(LongestChange + time.Second) }), keys, ErrTooLong},
		{"for ever, by a rule", with(func(c *Change) { c.RRule, c.Lasts = "FREQ=HOURLY", "1h" }), keys, ErrChangeField},
		{"any package", with(func(c *Change) { c.Packages = []string{"*.msi"} }), keys, ErrChangeField},
		{"no package", with(func(c *Change) { c.Packages = nil }), keys, ErrChangeField},
		{"self-approved", ChangeRecord{Open: good.Open, Approve: statement(opener, typeChangeApprove, good.ID(), "CHG-1042")}, keys, ErrSelfSigned},
		{"approved by a key that is not bound to changes", ChangeRecord{Open: good.Open, Approve: statement(stranger, typeChangeApprove, good.ID(), "CHG-1042")}, keys, ErrKey},
		{"opened by a key that is not bound to changes", opened(t, window(), stranger), keys, ErrKey},
		{"a key that has expired", good, expired, ErrKey},
		{"a key that was removed", good, bound(opener), ErrKey},
		{"the approval of another ticket", ChangeRecord{Open: good.Open, Approve: foreign.Approve}, keys, ErrAltered},
		{"an approval that names another ticket", ChangeRecord{Open: good.Open, Approve: statement(approver, typeChangeApprove, good.ID(), "CHG-7")}, keys, ErrOtherTicket},
		{"a closing in place of an approval", ChangeRecord{Open: good.Open, Approve: statement(approver, typeChangeClose, good.ID(), "CHG-1042")}, keys, ErrStatement},
		{"an approval in place of an opening", ChangeRecord{Open: good.Approve}, keys, ErrStatement},
		{"altered after signing", ChangeRecord{Open: altered(t, good.Open, "finance-laptops", "servers"), Approve: good.Approve}, keys, ErrAltered},
		{"its approval altered", ChangeRecord{Open: good.Open, Approve: altered(t, good.Approve, "CHG-1042", "CHG-1043")}, keys, ErrAltered},
		{"signature left out", ChangeRecord{Open: good.Open[:strings.LastIndexByte(good.Open, '.')+1], Approve: good.Approve}, keys, ErrAltered},
		{"algorithm none", ChangeRecord{Open: changeByNone(t, opener.ID)}, keys, ErrAlgorithm},
		{"HMAC with the public key", ChangeRecord{Open: changeByHMAC(t, opener)}, keys, ErrAlgorithm},
		{"a field that nobody knows", forged(t, map[string]any{"ticket": "CHG-1042", "hosts": "all"}, opener), keys, ErrChangeForm},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, err := test.record.Verify(test.keys, changeNow)
			if !errors.Is(err, test.want) || w != nil {
				t.Errorf("gave %+v, %v; want %v", w, err, test.want)
			}
		})
	}
	for name, raw := range map[string]string{
		"unsigned":             `{"ticket":"CHG-1042"}`,
		"without an opening":   `{"approve":"x"}`,
		"empty":                ``,
		"with two openings":    `{"open":"` + good.Open + `","open":"` + foreign.Open + `"}`,
		"too large":            `{"open":"` + strings.Repeat("a", maxChangeRecord) + `"}`,
		"with a tail":          `{"open":"` + good.Open + `"}{}`,
		"an array":             `[]`,
		"with bad UTF-8":       "{\"open\":\"\xff\"}",
		"of an unknown member": `{"open":"` + good.Open + `","expires":"never"}`,
	} {
		if _, err := ReadChange([]byte(raw)); !errors.Is(err, ErrChangeForm) && !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// altered replaces a text in the payload and leaves the signature.
func altered(t testing.TB, compact, from, to string) string {
	t.Helper()
	parts := strings.Split(compact, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !strings.Contains(string(payload), from) {
		t.Fatalf("%s is not in %s, %v", from, payload, err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(string(payload), from, to)))
	return strings.Join(parts, ".")
}

func changeByNone(t testing.TB, id string) string {
	t.Helper()
	payload, err := json.Marshal(window())
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(fmt.Sprintf(`{"alg":"none","kid":%q,"typ":%q}`, id, typeChangeOpen))) + "." + encode(payload) + "."
}

func changeByHMAC(t testing.TB, key *SigningKey) string {
	t.Helper()
	payload, err := json.Marshal(window())
	if err != nil {
		t.Fatal(err)
	}
	header := jws.NewHeaders()
	for name, value := range map[string]string{jws.KeyIDKey: key.ID, jws.TypeKey: typeChangeOpen} {
		if err := header.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.HS256(), []byte(key.ID), jws.WithProtectedHeaders(header)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

func TestOpeningRefusesWhatAReaderWould(t *testing.T) {
	key := signingKey(t)
	c := window()
	c.HostGroup, c.Until, c.Packages = "all", c.From.AddDate(0, 1, 0), []string{"*"}
	_, err := OpenChange(c, key)
	for _, want := range []error{ErrAllHosts, ErrTooLong, ErrChangeField} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not in %v", want, err)
		}
	}
	r := opened(t, window(), key)
	if _, err := r.Approved(key, bound(key), changeNow); !errors.Is(err, ErrSelfSigned) {
		t.Errorf("approving one's own: %v", err)
	}
}

func TestPackagesAreNamedOneByOne(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for _, name := range []string{"orrery.msi", `c:\windows\ccmcache\1\orrery.msi`, `\\dist.corp.example\pkg\orrery.msi`, "https://dist.corp.example/pkg/orrery.msi", "{01234567-89ab-cdef-0123-456789abcdef}", hash} {
		if why := packageName(name); why != "" {
			t.Errorf("%s %s", name, why)
		}
	}
	for _, name := range []string{"", "orrery", ".msi", "*.msi", "orrery?.msi", `c:\*`, `c:\windows\..\temp\x.msi`, "{all}", hash[:40], "Orrery.MSI", "c:/stage/x.msi"} {
		if packageName(name) == "" {
			t.Errorf("%q passes for a package", name)
		}
	}
}

func TestARuleOpensAWindowAgainInsideItsFourteenDays(t *testing.T) {
	zone := time.FixedZone("", 3600)
	c := window()
	c.From, c.Until = time.Date(2026, 11, 27, 22, 0, 0, 0, zone), time.Date(2026, 12, 4, 23, 0, 0, 0, zone)
	c.RRule, c.Lasts = "FREQ=WEEKLY;BYDAY=FR,SU;BYHOUR=22", "4h"
	spans, err := c.Spans()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range spans {
		got = append(got, s.Begin.UTC().Format("02T15:04")+"-"+s.End.UTC().Format("02T15:04"))
	}
	if want := "27T21:00-28T01:00 29T21:00-30T01:00 04T21:00-04T22:00"; strings.Join(got, " ") != want {
		t.Errorf("open %s, want %s", strings.Join(got, " "), want)
	}
	for name, alter := range map[string]func(*Change){
		"hourly":                     func(c *Change) { c.RRule = "FREQ=HOURLY;INTERVAL=2;BYHOUR=1" }, // the library would never come back
		"secondly":                   func(c *Change) { c.RRule = "FREQ=SECONDLY" },
		"yearly":                     func(c *Change) { c.RRule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" },
		"a day of a daily rule":      func(c *Change) { c.RRule = "FREQ=DAILY;INTERVAL=7;BYDAY=MO" },
		"too often":                  func(c *Change) { c.RRule = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12" },
		"never":                      func(c *Change) { c.RRule, c.From = "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU", c.From.AddDate(0, 0, 5) },
		"an hour that is none":       func(c *Change) { c.RRule = "FREQ=DAILY;BYHOUR=25" },
		"a start of its own":         func(c *Change) { c.RRule = "DTSTART:20200101T000000Z\nRRULE:FREQ=DAILY" },
		"an end of its own":          func(c *Change) { c.RRule = "FREQ=DAILY;UNTIL=20990101T000000Z" },
		"no duration":                func(c *Change) { c.Lasts = "" },
		"a duration of days":         func(c *Change) { c.Lasts = "48h" },
		"a duration without a rule":  func(c *Change) { c.RRule = "" },
		"a negative duration":        func(c *Change) { c.Lasts = "-4h" },
		"no frequency":               func(c *Change) { c.RRule = "BYHOUR=2" },
		"what is no rule":            func(c *Change) { c.RRule = "whenever" },
		"an ordinal before the day":  func(c *Change) { c.RRule = "FREQ=WEEKLY;BYDAY=-1FR" },
		"the same with another name": func(c *Change) { c.RRule = "RRULE:FREQ=DAILY" },
	} {
		altered := c
		alter(&altered)
		if spans, err := altered.Spans(); !errors.Is(err, ErrChangeField) {
			t.Errorf("%s: %v, %v", name, spans, err)
		}
	}
}

func FuzzReadChange(f *testing.F) {
	key := signingKey(f)
	raw, err := opened(f, window(), key).Write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, "FREQ=DAILY;BYHOUR=1", "1h")
	f.Add([]byte(`{"open":"a.b.c"}`), "FREQ=WEEKLY;BYDAY=MO", "1m")
	f.Fuzz(func(t *testing.T, raw []byte, rule, lasts string) {
		if r, err := ReadChange(raw); err == nil {
			r.Ends()
			_, _ = r.Verify(bound(key), changeNow)
		}
		c := window()
		c.Until = c.From.Add(LongestChange)
		c.RRule, c.Lasts = rule, lasts
		spans, err := c.Spans()
		for _, s := range spans {
			if err == nil && (s.Begin.Before(c.From) || s.End.After(c.Until) || !s.Begin.Before(s.End)) {
				t.Errorf("%s lasts %s: open %s outside the window", rule, lasts, s)
			}
		}
	})
}

func TestCSVNamesEachLineThatIsWrong(t *testing.T) {
	good := "ticket,host_group,packages,from,until,rrule,lasts,reason\n" +
		"CHG-1,Finance,Orrery.msi; {01234567-89AB-CDEF-0123-456789ABCDEF},2026-11-28T22:00:00Z,2026-11-29T02:00:00Z,,,\"patch, monthly\"\n"
	changes, err := ReadChangesCSV(strings.NewReader(good), changeNow)
	if err != nil || len(changes) != 1 || changes[0].HostGroup != "finance" || len(changes[0].Packages) != 2 || changes[0].Reason != "patch, monthly" {
		t.Fatalf("%+v, %v", changes, err)
	}
	for text, want := range map[string]string{
		"": "the file is empty",
		"ticket,host_group,packages,from,until\n":                                   "no row",
		"ticket,packages,from,until\n":                                              "column host_group is missing",
		"ticket,host_group,packages,from,until,hots\n":                              `no column "hots"`,
		"ticket,ticket,host_group,packages,from,until\n":                            "column ticket is there twice",
		good + "chg-1,finance,x.msi,2026-11-28T22:00:00Z,2026-11-29T02:00:00Z,,,\n": "line 3: ticket chg-1 is there twice",
		good + "CHG-2,all,x.msi,2026-11-28T22:00:00Z,2026-11-29T02:00:00Z,,,\n":     "line 3: a change window is for one host group",
		good + "CHG-2,lab,x.msi,tomorrow,2026-11-29T02:00:00Z,,,\n":                 `line 3: from "tomorrow": this is no time`,
		good + "CHG-2,lab\n": "record on line 3: wrong number of fields",
	} {
		if _, err := ReadChangesCSV(strings.NewReader(text), changeNow); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %s", text, err, want)
		}
	}
	hosts, err := ReadHostsCSV(strings.NewReader("\ufeffHost,Groups\nWS02,lab\nws01.corp.example,Finance;lab\nws01.corp.example,canary;lab\n"), "cmdb", changeNow)
	if err != nil || len(hosts) != 2 || hosts[0].Host != "ws01.corp.example" || strings.Join(hosts[0].Groups, ",") != "canary,finance,lab" {
		t.Fatalf("%+v, %v", hosts, err)
	}
	raw, err := hosts[0].Write()
	if err != nil {
		t.Fatal(err)
	}
	if h, err := ReadHost(raw); err != nil || h.Source != "cmdb" || !h.Imported.Equal(changeNow) {
		t.Errorf("%+v, %v", h, err)
	}
	for text, want := range map[string]string{
		"host,groups\nws01,all\n":    "line 2: host \"ws01\": a change window is for one host group, never for all hosts",
		"host,groups\nws 01,lab\n":   "one computer's name",
		"host,groups\nws01,\n":       "is in 0 groups",
		"host,groups\n*,lab\n":       "one computer's name",
		"host,groups\nws01,a b\n":    "a group has 1 to 63",
		"host,groups,owner\nw,l,o\n": `no column "owner"`,
	} {
		if _, err := ReadHostsCSV(strings.NewReader(text), "cmdb", changeNow); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %s", text, err, want)
		}
	}
}
