// Package eventtest tells a record of Windows' logs as each shipper writes it,
// so that a test can ask whether a happening reads the same whoever told it.
//
// It takes records in winlogbeat's plain form (the form of the project's
// stories) and gives messages in every wire shape that gateway/event decodes. It
// is for tests only, knows nothing of the decoders, and adds no fact that the
// record does not have; what a shipper's form has no place for is lost, as it is
// in life.
package eventtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The providers whose records the encoders know apart.
const (
	providerSysmon    = "Microsoft-Windows-Sysmon"
	providerSecurity  = "Microsoft-Windows-Security-Auditing"
	providerInstaller = "MsiInstaller"
)

// Record is one record before any shipper wrote it down.
type Record struct {
	Provider, Channel, Host string
	Message                 string // as Windows renders it, in English
	ID, Version             int
	RecordID                uint64
	At                      time.Time // when it happened: Sysmon's UtcTime, else the log's own time
	Names, Values           []string  // the facts in order; those of classic providers are param1, param2 …
	creations               *creations
}

// Get is the value of the fact with that name; "" where there is none.
func (r *Record) Get(name string) string {
	for i := range r.Names {
		if r.Names[i] == name {
			return r.Values[i]
		}
	}
	return ""
}

// IsClassic reports whether the facts have no names.
func (r *Record) IsClassic() bool { return len(r.Names) > 0 && r.Names[0] == "param1" }

// sysmonVersions are the versions that Sysmon 15 writes.
var sysmonVersions = map[int]int{1: 5, 2: 5, 3: 5, 4: 3, 5: 3, 6: 4, 7: 3, 10: 3, 11: 2, 12: 2, 13: 2, 14: 2, 15: 2, 16: 3, 17: 1, 22: 5, 23: 5, 26: 5, 29: 5, 255: 3}

// Read reads records of a log in winlogbeat's plain form, one a line. Where
// winlogbeat did not keep the rendered text, it is rendered anew.
func Read(t testing.TB, lines [][]byte) []Record {
	t.Helper()
	all := make([]Record, 0, len(lines))
	created := &creations{at: map[string][]time.Time{}}
	for _, line := range lines {
		r, err := read(line)
		if err != nil {
			t.Fatalf("read %.200s: %v", line, err)
		}
		r.creations = created
		created.note(&r)
		all = append(all, r)
	}
	return all
}

func read(line []byte) (Record, error) {
	var document struct {
		Timestamp time.Time `json:"@timestamp"`
		Message   string    `json:"message"`
		Log       struct {
			Channel  string          `json:"channel"`
			Provider string          `json:"provider_name"`
			Host     string          `json:"computer_name"`
			ID       json.RawMessage `json:"event_id"`
			RecordID json.RawMessage `json:"record_id"`
			Data     json.RawMessage `json:"event_data"`
		} `json:"winlog"`
	}
	if err := json.Unmarshal(line, &document); err != nil {
		return Record{}, err
	}
	log := &document.Log
	r := Record{Provider: log.Provider, Channel: log.Channel, Host: log.Host, Message: document.Message, At: document.Timestamp}
	id, err := strconv.Atoi(strings.Trim(string(log.ID), `"`))
	if err != nil {
		return Record{}, err
	}
	r.ID, r.Version = id, sysmonVersions[id]
	if r.Provider != providerSysmon {
		r.Version = map[int]int{4688: 2}[id]
	}
	r.RecordID, _ = strconv.ParseUint(strings.Trim(string(log.RecordID), `"`), 10, 64) // 0 where there is none
	if r.Names, r.Values, err = ordered(log.Data); err != nil {
		return Record{}, err
	}
	if at, err := time.Parse("2006-01-02 15:04:05", r.Get("UtcTime")); err == nil {
		r.At = at
	}
	if r.Message == "" {
		r.Message = render(&r)
	}
	return r, nil
}

// ordered reads an object's members in the order in which they stand; none where
// there is no object.
func ordered(text []byte) (names, values []string, err error) {
	if len(text) == 0 {
		return nil, nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		switch {
		case err != nil:
			return nil, nil, err
		case token == json.Delim('{'):
			continue
		case token == json.Delim('}'):
			return names, values, nil
		}
		value, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		names, values = append(names, fmt.Sprint(token)), append(values, fmt.Sprint(value))
	}
}

// creations knows when processes began: some sensors name a process by that.
type creations struct{ at map[string][]time.Time }

func (c *creations) note(r *Record) {
	if r.Provider == providerSysmon && r.ID == 1 {
		key := r.Host + "\x00" + r.Get("ProcessId")
		c.at[key] = append(c.at[key], r.At)
	}
}

// CreatedAt is when the process that had that id was created, as Defender writes
// it. Those whose start was not among the records were there in the morning.
func (r *Record) CreatedAt(pid string) string {
	at := time.Date(r.At.Year(), r.At.Month(), r.At.Day(), 5, 0, 0, 0, time.UTC)
	for _, began := range slices.Backward(r.creations.at[r.Host+"\x00"+pid]) {
		if !began.After(r.At) {
			at = began
			break
		}
	}
	return at.Format(sevenDigits)
}

// sevenDigits is a time as .NET writes it.
const sevenDigits = "2006-01-02T15:04:05.0000000Z"

// Digest is one hash of the record's list, in lower case; "" where there is none.
func (r *Record) Digest(name string) string {
	list := r.Get("Hashes")
	if list == "" {
		list = r.Get("Hash")
	}
	for part := range strings.SplitSeq(list, ",") {
		if digits, found := strings.CutPrefix(part, name+"="); found {
			return strings.ToLower(digits)
		}
	}
	return ""
}

type object = map[string]any

// written is JSON as shippers write it, without HTML's escapes.
func written(t testing.TB, v any) []byte {
	t.Helper()
	text, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// filled leaves out what is empty.
func filled(o object) object {
	for name, v := range o {
		switch v := v.(type) {
		case string:
			if v == "" || v == "-" {
				delete(o, name)
			}
		case object:
			if len(filled(v)) == 0 {
				delete(o, name)
			}
		case nil:
			delete(o, name)
		}
	}
	return o
}

// account cuts DOMAIN\name.
func account(s string) (domain, name string) {
	domain, name, _ = strings.Cut(s, `\`)
	return domain, name
}

// number is a decimal number as JSON has it; nil where it is none.
func number(s string) any {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return nil
	}
	return n
}

// base is the last element of a Windows path.
func base(path string) string { return path[strings.LastIndexByte(path, '\\')+1:] }
