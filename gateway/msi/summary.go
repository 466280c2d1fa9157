package msi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Summary is the summary information stream, as its author wrote it.
// https://learn.microsoft.com/windows/win32/msi/summary-list-of-all-summary-information-properties
type Summary struct {
	Title        string    `json:"title,omitempty"`
	Subject      string    `json:"subject,omitempty"`
	Author       string    `json:"author,omitempty"`
	Comments     string    `json:"comments,omitempty"`
	Template     string    `json:"template,omitempty"`    // platform and languages; of a patch its target product codes
	Revision     string    `json:"revision,omitempty"`    // of a package its package code; of a patch its patch code and those it replaces
	Application  string    `json:"application,omitempty"` // what the package was made with
	Created      time.Time `json:"created,omitzero"`
	Schema       int       `json:"schema,omitempty"`       // the least version of Windows Installer, times 100
	WordCount    int       `json:"word_count,omitempty"`   // bit 3: it can be installed without elevation
	Unprivileged bool      `json:"unprivileged,omitempty"` // that bit
}

const summaryStream = "\x05SummaryInformation"

// Types of a property's value, [MS-OLEPS] 2.15.
const (
	typeInt16    = 2
	typeInt32    = 3
	typeLPSTR    = 30
	typeFILETIME = 64
)

// readSummary reads the first property set of the stream, [MS-OLEPS] 2.21.
func readSummary(c *container) (*Summary, error) {
	e := c.streams[summaryStream]
	if e == nil {
		return nil, nil
	}
	b, err := e.content(maxSummary)
	if err != nil {
		return nil, err
	}
	s, err := parseSummary(b)
	if err != nil {
		return nil, fmt.Errorf("read the summary information: %w", err)
	}
	return s, nil
}

func parseSummary(b []byte) (*Summary, error) {
	if len(b) < 48 || binary.LittleEndian.Uint16(b) != 0xfffe {
		return nil, errors.New("it is no property set")
	}
	at := uint64(binary.LittleEndian.Uint32(b[44:]))
	if at+8 > uint64(len(b)) {
		return nil, errors.New("its property set lies behind its end")
	}
	set := b[at:]
	count := uint64(binary.LittleEndian.Uint32(set[4:]))
	if count > 256 || 8+8*count > uint64(len(set)) {
		return nil, fmt.Errorf("it has %d properties, more than there is room for", count)
	}
	value := func(id uint32) (kind uint32, v []byte) {
		for i := range count {
			pair := set[8+8*i:]
			if binary.LittleEndian.Uint32(pair) != id {
				continue
			}
			if at := uint64(binary.LittleEndian.Uint32(pair[4:])); at+8 <= uint64(len(set)) {
				return binary.LittleEndian.Uint32(set[at:]), set[at+4:]
			}
		}
		return 0, nil
	}
	number := func(id uint32) int {
		switch kind, v := value(id); kind {
		case typeInt16:
			return int(int16(binary.LittleEndian.Uint16(v)))
		case typeInt32:
			return int(int32(binary.LittleEndian.Uint32(v)))
		default:
			return 0
		}
	}
	charset := charset(int(uint16(number(1))))
	text := func(id uint32) string {
		kind, v := value(id)
		if kind != typeLPSTR {
			return ""
		}
		length := uint64(binary.LittleEndian.Uint32(v))
		if 4+length > uint64(len(v)) {
			return ""
		}
		raw, _, _ := strings.Cut(string(v[4:4+length]), "\x00")
		return decodeText([]byte(raw), charset)
	}
	s := &Summary{
		Title: text(2), Subject: text(3), Author: text(4), Comments: text(6), Template: text(7), Revision: text(9),
		Application: text(18), Schema: number(14), WordCount: number(15),
	}
	s.Unprivileged = s.WordCount&8 != 0
	if kind, v := value(12); kind == typeFILETIME && len(v) >= 8 {
		// 100 nanoseconds since 1601; what Go's clock cannot hold is no time.
		if ticks := binary.LittleEndian.Uint64(v); ticks > 116444736000000000 && ticks < 1<<60 {
			since := int64(ticks - 116444736000000000)
			s.Created = time.Unix(since/10_000_000, since%10_000_000*100).UTC()
		}
	}
	return s, nil
}
