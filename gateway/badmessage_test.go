package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

// list is a message of several records.
func list(records ...[]byte) []byte {
	return slices.Concat([]byte("["), bytes.Join(records, []byte(",")), []byte("]"))
}

// attacks are n records that each are an alert.
func attacks(host string, from, n int) [][]byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = attack(host, from+i)
	}
	return records
}

// withField is an attack with one more field in its event data, as it stands
// in the JSON text.
func withField(host string, n int, field string) []byte {
	return bytes.Replace(attack(host, n), []byte(`"event_data":{`), []byte(`"event_data":{`+field+`,`), 1)
}

// truncated is all but the end of a message.
func truncated(text []byte) []byte { return text[:len(text)-5] }

// padded is text with JSON white space up to a size.
func padded(text []byte, size int) []byte {
	return append(text, bytes.Repeat([]byte(" "), size-len(text))...)
}

// toUTF16 is text as PowerShell and wevtutil write it.
func toUTF16(text []byte) []byte {
	encoded := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return encoded
}

// repeated is what each of several records became.
func repeated(word string, from, to int) string {
	words := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		words = append(words, fmt.Sprintf("%s/%d", word, i))
	}
	return strings.Join(words, " ")
}

// Every message of the table is shipped between two ordinary attacks of the
// same host, which must be decided whatever stands between them.
func TestBadMessagesLoseNothing(t *testing.T) {
	s := newSite(t)
	s.config.Hosts.Collectors = []string{"wef"}
	s.config.Hosts.DNSSuffixes = []string{"corp.example"}
	r := s.run()
	limit := s.conn.MaxPayload()
	host := "ws01"
	twice := `"Image":"C:\\Windows\\System32\\notepad.exe"` // besides the one that is there
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	long := strings.Repeat("very-long-name-", 8) + ".corp.example"

	tests := []struct {
		name    string
		subject string // "": of the host
		data    []byte
		want    string // of the message, see whatBecameOf
		detail  string // in the quarantine's header
	}{
		{name: "one record", data: attack(host, 10), want: "alert/0"},
		{name: "a list of one", data: list(attack(host, 20)), want: "alert/0"},
		{name: "two records", data: list(attacks(host, 30, 2)...), want: "alert/0 alert/1"},
		{name: "two lines", data: bytes.Join(attacks(host, 40, 2), []byte("\n")), want: "alert/0 alert/1"},
		{name: "500 records", data: list(attacks(host, 1000, 500)...), want: repeated("alert", 0, 500)},
		{name: "no record", data: list(), want: ""},
		{
			name:   "500 records, a bad one in the middle",
			data:   list(slices.Concat(attacks(host, 2000, 250), [][]byte{withField(host, 2250, twice)}, attacks(host, 2251, 249))...),
			want:   "quarantine.duplicate_key/250 " + repeated("alert", 0, 250) + " review/250 " + repeated("alert", 251, 500),
			detail: `name "/winlog/event_data/Image" is there twice`,
		},
		{
			name:   "two bad records of a message are kept once",
			data:   list(attack(host, 50), withField(host, 51, twice), attack(host, 52), withField(host, 53, twice)),
			want:   "quarantine.duplicate_key/1 alert/0 review/1 alert/2",
			detail: "; likewise record 3",
		},
		{
			name:   "2,000 bad records of a message are kept once",
			data:   list(slices.Repeat([][]byte{[]byte(`{"Image":"msiexec.exe"}`)}, 2000)...),
			want:   "quarantine.shape/0 review/0",
			detail: "; likewise record 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1989 more",
		},
		{name: "truncated", data: truncated(attack(host, 60)), want: "quarantine.syntax/-1 review/0", detail: "cut short"},
		{name: "truncated, nothing to do with an installer", data: truncated(ordinary(host, 64)), want: "quarantine.syntax/-1", detail: "cut short"},
		{name: "no text at all", data: []byte("no event"), want: "quarantine.syntax/-1"},
		{name: "bytes that hide what they say", data: []byte{0, 1, 2, 0xFF}, want: "quarantine.syntax/-1 review/0"},
		{name: "empty", data: []byte{}, want: ""},
		{name: "nested 20,000 deep", data: withField(host, 70, `"Nest":`+deep), want: "quarantine.depth/-1 review/0"},
		{name: "only nested 20,000 deep", data: []byte(deep), want: "quarantine.depth/0"},
		{name: "duplicate key", data: withField(host, 80, twice), want: "quarantine.duplicate_key/0 review/0", detail: `"/winlog/event_data/Image"`},
		{name: "duplicate key behind an escape", data: withField(host, 84, `"Im\u0061ge":"C:\\Windows\\System32\\notepad.exe"`), want: "quarantine.duplicate_key/0 review/0"},
		{name: "no known shape", data: []byte(`{"message":"msiexec.exe started"}`), want: "quarantine.shape/0 review/0"},
		{name: "NUL and U+0001, escaped", data: withField(host, 90, `"Signature":"a\u0000b\u0001c"`), want: "alert/0"},
		{name: "NUL and U+0001, as they are", data: withField(host, 100, "\"Signature\":\"a\x00b\x01c\""), want: "alert/0"},
		{name: "lone surrogate", data: withField(host, 110, `"Signature":"a\ud800b"`), want: "alert/0"},
		{name: "bad UTF-8", data: withField(host, 120, "\"Signature\":\"a\xffb\""), want: "alert/0"},
		{name: "UTF-16", data: toUTF16(attack(host, 130)), want: "alert/0"},
		{name: "at max_payload", data: padded(attack(host, 140), limit), want: "alert/0"},
		{name: "a command line of nearly max_payload", data: withLine(host, 150, limit-4096), want: "alert/0"},
		{name: "host with its DNS suffix", data: attack("WS01.corp.example", 160), want: "alert/0"},
		{
			name: "another host's", data: attack("ws02", 170), want: "quarantine.wrong_host/0 review/0",
			detail: "the record is of host ws02, its subject speaks for ws01",
		},
		{name: "another host's, nothing to do with an installer", data: ordinary("ws02", 176), want: "quarantine.wrong_host/0"},
		{
			name: "a list of three hosts", data: list(attack(host, 180), attack("ws02", 181), attack("ws03", 182)),
			want: "quarantine.wrong_host/1 alert/0 review/1", detail: "; likewise record 2",
		},
		{
			name: "of a collector, several hosts", subject: "events.collector.wef",
			data: list(attack("ws11", 190), attack("ws12.corp.example", 191), attack("ws13", 192)), want: "alert/0 alert/1 alert/2",
		},
		{
			name: "of a collector, a bad one in the middle", subject: "events.collector.wef",
			data: list(attack("ws11", 200), withField("ws12", 201, twice), attack("ws13", 202)),
			want: "quarantine.duplicate_key/1 alert/0 alert/2 review/1",
		},
		{name: "of a collector, truncated", subject: "events.collector.wef", data: truncated(attack("ws11", 210)), want: "quarantine.syntax/-1 review/0"},
		{
			name: "of a collector nobody named", subject: "events.collector.elsewhere", data: attack("ws11", 220),
			want: "quarantine.unknown_collector/-1 review/0", detail: "collector elsewhere is not named in the configuration",
		},
		{
			name: "a subject without a host", subject: "events.host.%_", data: attack("ws11", 230),
			want: "quarantine.subject/-1 review/0", detail: "the subject names no host",
		},
		{
			name: "a subject with a bad escape", subject: "events.host.ws%zz", data: attack("ws11", 240),
			want: "quarantine.subject/-1 review/0", detail: "is no escape",
		},
		{name: "a host too long for a token", subject: bus.EventSubject(long), data: attack(long, 250), want: "alert/0"},
		{
			name: "a host too long for a token, another's record", subject: bus.EventSubject(long), data: attack("ws01", 260),
			want: "quarantine.wrong_host/0 review/0",
		},
	}
	sent := make([]uint64, len(tests))
	for i, test := range tests {
		s.ship(host, attack(host, 10_000+2*i))
		subject := test.subject
		if subject == "" {
			subject = bus.EventSubject(host)
		}
		sent[i] = s.shipTo(subject, test.data)
		s.ship(host, attack(host, 10_001+2*i))
	}
	s.settled(r)

	got := s.whatBecameOf()
	quarantined := map[string]*bus.Message{}
	for _, m := range s.read(bus.StreamQuarantine) {
		quarantined[m.Header.Get(bus.HeaderSequence)] = m
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !sameWords(got[sent[i]], test.want) {
				t.Errorf("became %q, want %q", got[sent[i]], test.want)
			}
			if before, after := got[sent[i]-1], got[sent[i]+1]; before != "alert/0" || after != "alert/0" {
				t.Errorf("its neighbours became %q and %q", before, after)
			}
			if !strings.HasPrefix(test.want, "quarantine.") {
				return
			}
			kept := quarantined[fmt.Sprint(sent[i])]
			if kept == nil {
				t.Fatal("is not in quarantine")
			}
			if detail := kept.Header.Get(bus.HeaderDetail); detail == "" || !strings.Contains(detail, test.detail) {
				t.Errorf("the quarantine says %q, not %q", detail, test.detail)
			}
			if !bytes.Equal(kept.Data, test.data) {
				t.Errorf("the quarantine holds %d bytes that are not the message's %d", len(kept.Data), len(test.data))
			}
		})
	}
}

// withLine is an attack with a command line of n bytes.
func withLine(host string, n, size int) []byte {
	return bytes.Replace(attack(host, n), []byte("powershell.exe -NoProfile "), []byte("powershell.exe -NoProfile "+strings.Repeat("a", size)+" "), 1)
}

// sameWords compares what stands in both, whatever the order: records of
// different hosts are decided side by side.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestMangledCharactersAreNamedInTheDecision(t *testing.T) {
	s := newSite(t)
	r := s.run()
	line := `"CommandLine":"powershell.exe -NoProfile \u0001\u0000\ud800"`
	seq := s.ship("ws01", bytes.Replace(attack("ws01", 1), []byte(`"CommandLine":"powershell.exe -NoProfile `), []byte(line[:len(line)-1]), 1))
	s.settled(r)
	logs := s.decisions()[seq]
	if len(logs) != 1 || !slices.Equal(logs[0].Custom.Mangled, []string{"process.command_line"}) || logs[0].Result.Disposition != "alert" {
		t.Errorf("%+v", logs)
	}
}

func TestUndecodableMessageAtMaxPayloadIsRecordedByHash(t *testing.T) {
	s := newSite(t)
	r := s.run()
	data := padded(truncated(attack("ws01", 1)), s.conn.MaxPayload())
	seq := s.ship("ws01", data)
	s.settled(r)
	if got, want := s.whatBecameOf()[seq], "quarantine.syntax/-1 review/0"; got != want {
		t.Errorf("became %q, want %q", got, want)
	}
	kept := s.read(bus.StreamQuarantine)
	if len(kept) != 1 || kept[0].Header.Get(bus.HeaderReduced) != "true" {
		t.Fatalf("quarantine holds %d messages", len(kept))
	}
	var record bus.QuarantineRecord
	if err := json.Unmarshal(kept[0].Data, &record); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if record.Stream != bus.StreamEvents || record.Sequence != seq || record.Size != len(data) || record.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", record)
	}
}

func TestWrongHostOpensAReviewOnTheSubjectsHost(t *testing.T) {
	s := newSite(t)
	r := s.run()
	seq := s.ship("ws01", attack("ws02", 1))
	s.settled(r)
	all := s.verdicts()
	if len(all) != 1 {
		t.Fatalf("%d verdicts", len(all))
	}
	v := all[0]
	if v.Subject != "verdicts.review.ws01" || v.Finding.Device.Hostname != "ws01" || v.Finding.Severity != "High" {
		t.Errorf("%s on %s at %s", v.Subject, v.Finding.Device.Hostname, v.Finding.Severity)
	}
	if v.Header.Get(bus.HeaderSequence) != fmt.Sprint(seq) || v.Header.Get(HeaderActivity) != finding.Create.String() {
		t.Errorf("headers %v", v.Header)
	}
	if gate := v.Finding.Unmapped.Msigate; len(gate.Faults) != 1 || !strings.Contains(gate.Faults[0], "wrong_host") {
		t.Errorf("the finding says %q", gate.Faults)
	}
}

// A host whose name is too long for a subject token is known by a hash: its
// trees must be followed all the same.
func TestTreesOfALongHostAreFollowed(t *testing.T) {
	s := newSite(t)
	r := s.run()
	long := strings.Repeat("very-long-name-", 8)
	s.ship(long, attack(long, 1))
	child := s.ship(long, started(long, 2, `C:\Windows\System32\whoami.exe`, "whoami /all", powershell, "powershell.exe", 1).json())
	s.settled(r)
	if got := s.whatBecameOf()[child]; got == "" {
		t.Error("a grandchild of the installer is not decided")
	}
}
