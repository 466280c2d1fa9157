package event

import (
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// jsonStart is a Sysmon 1 whose FileVersion is given as raw JSON string text.
func jsonStart(version string) string {
	return `{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"Microsoft-Windows-Sysmon","channel":"Microsoft-Windows-Sysmon/Operational","event_id":1,"computer_name":"ws01","record_id":1,"event_data":{"Image":"C:\\a.exe","FileVersion":"` + version + `","CommandLine":"a.exe"}}}`
}

// xmlStart is the same with FileVersion given as raw XML text.
func xmlStart(version string) string {
	return `<Event><System><Provider Name="Microsoft-Windows-Sysmon"/><EventID>1</EventID><TimeCreated SystemTime="2026-03-02T09:14:05Z"/><Computer>ws01</Computer></System><EventData><Data Name="Image">C:\a.exe</Data><Data Name="FileVersion">` + version + `</Data><Data Name="CommandLine">a.exe</Data></EventData></Event>`
}

func TestIllegalCharactersAreReplacedMarkedAndDecoded(t *testing.T) {
	tests := []struct {
		name, message, want string
		mangled             bool
	}{
		{"clean", jsonStart("1.0"), "1.0", false},
		{"raw NUL", jsonStart("1\x00.0"), "1\uFFFD.0", true},
		{"raw U+0001", jsonStart("1.0\x01"), "1.0\uFFFD", true},
		{"raw U+0001 behind a backslash", jsonStart("1\\\x01"), "1\uFFFD", true},
		{"escaped U+0001", jsonStart(`1.0\u0001`), "1.0\uFFFD", true},
		{"escaped NUL", jsonStart(`\u0000`), "\uFFFD", true},
		{"raw tab", jsonStart("1\t0"), "1\t0", false},
		{"escaped tab", jsonStart(`1\t0`), "1\t0", false},
		{"lone high surrogate", jsonStart(`1\ud800.0`), "1\uFFFD.0", true},
		{"lone low surrogate", jsonStart(`1\udc00.0`), "1\uFFFD.0", true},
		{"surrogates in the wrong order", jsonStart(`\udc00\ud800`), "\uFFFD\uFFFD", true},
		{"high surrogate before a letter's escape", jsonStart(`\ud800\u0041`), "\uFFFDA", true},
		{"surrogate pair", jsonStart(`\ud83d\ude00`), "😀", false},
		{"bad UTF-8", jsonStart("1\xff0"), "1\uFFFD0", true},
		{"UTF-8 cut short", jsonStart("1\xe2\x82"), "1\uFFFD\uFFFD", true},
		{"surrogate in UTF-8", jsonStart("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD", true},
		{"U+FFFE", jsonStart("\uFFFE"), "\uFFFD", true},
		{"a replacement character of its own", jsonStart("1\uFFFD0"), "1\uFFFD0", false},
		{"not ASCII", jsonStart("ü®"), "ü®", false},
		{"bad UTF-8 beside an escape", jsonStart("\\\\1\xff"), "\\1\uFFFD", true},

		{"XML clean", xmlStart("1.0"), "1.0", false},
		{"XML raw U+0001", xmlStart("1.0\x01"), "1.0\uFFFD", true},
		{"XML raw NUL", xmlStart("1\x00"), "1\uFFFD", true},
		{"XML reference to U+0001", xmlStart("1.0&#1;"), "1.0\uFFFD", true},
		{"XML hexadecimal reference to U+0001", xmlStart("1.0&#x01;"), "1.0\uFFFD", true},
		{"XML reference to a surrogate", xmlStart("&#xD800;"), "\uFFFD", true},
		{"XML reference beyond Unicode", xmlStart("&#x7FFFFFFF;"), "\uFFFD", true},
		{"XML bad UTF-8", xmlStart("1\xff0"), "1\uFFFD0", true},
		{"XML bad UTF-8 beside a reference", xmlStart("&amp;\xff"), "&\uFFFD", true},
		{"XML lone ampersand", xmlStart("a & b"), "a & b", true},
		{"XML unknown entity", xmlStart("&nbsp;x"), "&nbsp;x", true},
		{"XML entities", xmlStart("&lt;&gt;&amp;&quot;&apos;&#65;&#x42;"), `<>&"'AB`, false},
		{"XML CDATA", xmlStart("a<![CDATA[<b>&amp;]]>c"), "a<b>&amp;c", false},
		{"XML U+0001 in CDATA", xmlStart("<![CDATA[\x01]]>"), "\uFFFD", true},
		{"XML comment inside", xmlStart("a<!-- no -->b"), "ab", false},
		{"XML line ends", xmlStart("a\r\nb\rc"), "a\nb\nc", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := decodeOne(t, []byte(test.message))
			if e.Process.FileVersion != test.want {
				t.Errorf("file version %q, want %q", e.Process.FileVersion, test.want)
			}
			var want []string
			if test.mangled {
				want = []string{"process.file_version"}
			}
			if !reflect.DeepEqual(e.Mangled, want) {
				t.Errorf("mangled %v, want %v", e.Mangled, want)
			}
			if e.Process.Image != `C:\a.exe` || e.Process.CommandLine != "a.exe" {
				t.Errorf("the neighbours suffered: %+v", e.Process)
			}
		})
	}
}

func TestControlCharactersOutsideOfStringsAreAFault(t *testing.T) {
	for _, message := range []string{"{\x01\"a\":1}", "{\"a\":\x001}", strings.Replace(jsonStart("1"), "{", "{\x02", 1)} {
		if _, fault := Decode([]byte(message)); fault == nil || fault.Reason != ReasonSyntax {
			t.Errorf("Decode(%.30q): %v, want a syntax fault", message, fault)
		}
	}
}

func TestMangledNamesEachFactOnce(t *testing.T) {
	message := `{"winlog":{"provider_name":"Microsoft-Windows-Security-Auditing","event_id":4688,"computer_name":"ws\u000101","event_data":{"NewProcessName":"C:\\a\u0001.exe","SubjectUserName":"a\u0001","SubjectDomainName":"b\u0001"}}}`
	e := decodeOne(t, []byte(message))
	want := []string{"host.name", "parent.user", "process.image"}
	if !slices.Equal(e.Mangled, want) {
		t.Errorf("mangled %v, want %v", e.Mangled, want)
	}
}

func TestUTF16MessagesAreTranscoded(t *testing.T) {
	for _, message := range []string{jsonStart("ü😀"), xmlStart("ü😀"), "[" + jsonStart("ü😀") + "]"} {
		units := utf16.Encode([]rune(message))
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			var plain []byte
			for _, unit := range units {
				plain = order.AppendUint16(plain, unit)
			}
			marked := append(order.AppendUint16(nil, 0xFEFF), plain...)
			for name, text := range map[string][]byte{"with a mark": marked, "without": plain} {
				e := decodeOne(t, text)
				if e.Process.FileVersion != "ü😀" || e.Mangled != nil {
					t.Errorf("%v %s: %q, mangled %v", order, name, e.Process.FileVersion, e.Mangled)
				}
			}
		}
	}
}

func TestUTF16LoneSurrogatesAreMangled(t *testing.T) {
	before, after, _ := strings.Cut(jsonStart("%"), "%")
	units := append(utf16.Encode([]rune(before)), 0xD83D)
	units = append(units, utf16.Encode([]rune(after))...)
	text := []byte("\xFF\xFE")
	for _, unit := range units {
		text = binary.LittleEndian.AppendUint16(text, unit)
	}
	e := decodeOne(t, text)
	if e.Process.FileVersion != "\uFFFD" || !slices.Equal(e.Mangled, []string{"process.file_version"}) {
		t.Errorf("%q, mangled %v", e.Process.FileVersion, e.Mangled)
	}
	if _, fault := Decode(text[:len(text)-1]); fault == nil {
		t.Error("a text cut in the middle of a character has no fault")
	}
}
