package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/event"
)

// inFolder writes files below a new folder and gives its path.
func inFolder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, data := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attackXML is the n-th attack of a host as Windows renders it.
func attackXML(host string, n int) string {
	return fmt.Sprintf(`<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>
<Provider Name="Microsoft-Windows-Sysmon"/><EventID>1</EventID><TimeCreated SystemTime="2026-11-20T08:00:00.000Z"/>
<EventRecordID>%d</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>%s</Computer></System><EventData>
<Data Name="UtcTime">2026-11-20 08:00:00.000</Data><Data Name="ProcessGuid">%s</Data><Data Name="ProcessId">4100</Data>
<Data Name="Image">%s</Data><Data Name="CommandLine">powershell.exe -File C:\Windows\Setup.ps1</Data>
<Data Name="ParentProcessGuid">%s</Data><Data Name="ParentProcessId">4096</Data><Data Name="ParentImage">%s</Data>
<Data Name="ParentCommandLine">%s -Embedding 6D1A0B54C9E24F3A8F7716B2C05D9E41 E Global\MSI0000</Data>
</EventData></Event>`, 6000+n, host, testGUID(n), powershell, testGUID(1_000_000+n), msiexec, msiexec)
}

// evaluated runs an Evaluation and says of each decision
// "<file>:<line>.<record> <disposition>", and of what cannot be decoded
// "<file>:<line>.<record> <reason>", each in order. Files are named below folder.
func evaluated(t testing.TB, folder string, paths []string, stdin io.Reader) (decisions, undecodable []string, err error) {
	t.Helper()
	below := func(source string) string {
		if name, err := filepath.Rel(folder, source); err == nil && folder != "" {
			return filepath.ToSlash(name)
		}
		return source
	}
	e := NewEvaluation(builtIn(t), WorkerOptions{})
	err = e.Run(patient(t), paths, stdin, func(d Evaluated) error {
		if d.Decision == nil {
			return nil // a finding that settled
		}
		decision := d.Decision.Decision()
		decisions = append(decisions, fmt.Sprintf("%s:%d.%d %s", below(d.Source), d.Line, decision.Trigger.Record, decision.Answer.Disposition))
		return nil
	}, nil)
	for _, u := range e.Summary.Undecodable {
		undecodable = append(undecodable, fmt.Sprintf("%s:%d.%d %s", below(u.Source), u.Line, u.Record, u.Fault.Reason))
	}
	return decisions, undecodable, err
}

// emptyEvtx is a log that Windows has written nothing to.
func emptyEvtx() []byte {
	header := make([]byte, 4096)
	copy(header, "ElfFile\x00")
	binary.LittleEndian.PutUint64(header[24:], 1)    // next record
	binary.LittleEndian.PutUint32(header[32:], 128)  // size of the header
	binary.LittleEndian.PutUint16(header[36:], 1)    // version 3.1
	binary.LittleEndian.PutUint16(header[38:], 3)    //
	binary.LittleEndian.PutUint16(header[40:], 4096) // size of its block
	binary.LittleEndian.PutUint32(header[124:], crc32.ChecksumIEEE(header[:120]))
	return header
}

func TestFilesAreReadInEveryForm(t *testing.T) {
	one, two := attack("ws01", 1), attack("ws01", 2)
	var pretty bytes.Buffer
	pretty.Write(bytes.ReplaceAll(one, []byte(","), []byte(",\n  ")))
	lines := slices.Concat(one, []byte("\n"), two, []byte("\n"))
	xml := []byte("<Events>\n" + attackXML("ws01", 1) + "\n" + attackXML("ws01", 2) + "\n</Events>\n")
	broken := []byte("{\"winlog\":{\"a\":1,\"a\":2},\"msiexec.exe\":0}\n")
	long := append(bytes.Replace(two, []byte(`"RuleName":"-"`), []byte(`"RuleName":"`+strings.Repeat("r", 5<<20)+`"`), 1), '\n')
	tests := []struct {
		name        string // of the file
		about       string
		data        []byte
		decisions   []string // without the file's name
		undecodable []string
	}{
		{"pretty.json", "one record over many lines", pretty.Bytes(), []string{":1.0 alert"}, nil},
		{"array.json", "a list", slices.Concat([]byte("[\n"), one, []byte(",\n"), two, []byte("\n]\n")), []string{":1.0 alert", ":1.1 alert"}, nil},
		{"lines.json", "one record a line under another ending", lines, []string{":1.0 alert", ":2.0 alert"}, nil},
		{"lines.jsonl", "one record a line", lines, []string{":1.0 alert", ":2.0 alert"}, nil},
		{"gaps.jsonl", "empty lines and no end to the last", slices.Concat([]byte("\n\n"), one, []byte("\r\n  \r\n\r\n"), two), []string{":3.0 alert", ":6.0 alert"}, nil},
		{"list.ndjson", "a line that is a list", slices.Concat(one, []byte("\n["), one, []byte(","), two, []byte("]\n")), []string{":1.0 alert", ":2.0 alert", ":2.1 alert"}, nil},
		{"lists.jsonl", "every line a list", slices.Concat([]byte("["), one, []byte("]\n["), two, []byte("]\n")), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"lists.log", "every line a list, the first over many buffers", slices.Concat(list(slices.Repeat([][]byte{ordinary("ws01", 1)}, 200)...), []byte("\n["), two, []byte("]\n")), []string{":2.0 alert"}, nil},
		{"badlist.jsonl", "every line a list, and the first does not decode", slices.Concat([]byte("["), broken[:len(broken)-1], []byte(",]\n["), two, []byte("]\n")), []string{":1.0 review", ":1.1 review", ":2.0 alert"}, []string{":1.0 duplicate_key", ":1.1 syntax"}},
		{"events.xml", "several events", xml, []string{":1.0 alert", ":2.0 alert"}, nil},
		{"one.xml", "one event", []byte(attackXML("ws01", 1)), []string{":1.0 alert"}, nil},
		{"lines.jsonl.gz", "compressed", gzipped(t, lines), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"lines.log", "compressed and named otherwise", gzipped(t, lines), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"events.xml.gz", "compressed XML", gzipped(t, xml), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"utf16.jsonl", "UTF-16 lines", toUTF16(lines), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"utf16.json", "UTF-16, one record over many lines", toUTF16(pretty.Bytes()), []string{":1.0 alert"}, nil},
		{"utf16.xml", "UTF-16 XML", toUTF16(xml), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"bom.jsonl", "UTF-8 with its mark", slices.Concat([]byte("\xef\xbb\xbf"), lines), []string{":1.0 alert", ":2.0 alert"}, nil},
		{"empty.jsonl", "nothing", nil, nil, nil},
		{"spaces.json", "white space", []byte(" \n\n\t"), nil, nil},
		{"empty.evtx", "an .evtx that Windows has written nothing to", emptyEvtx(), nil, nil},
		{"none.evtx", "an .evtx of no bytes", nil, []string{":1.0 review"}, []string{":1.0 syntax"}},
		{"other.evtx", "an .evtx that is none", one, []string{":1.0 review"}, []string{":1.0 syntax"}},
		{"cut.evtx", "an .evtx cut short", []byte("ElfFile\x00\x01\x02"), []string{":1.0 review"}, []string{":1.0 syntax"}},
		{"broken.jsonl", "a bad line between good ones", slices.Concat(one, []byte("\n"), broken, two), []string{":1.0 alert", ":2.0 review", ":3.0 alert"}, []string{":2.0 duplicate_key"}},
		{"cut.jsonl", "the last line is cut short", slices.Concat(one, []byte("\n"), two[:len(two)-9]), []string{":1.0 alert", ":2.0 review"}, []string{":2.0 syntax"}},
		{"long.jsonl", "a line of 5 MB between others", slices.Concat(one, []byte("\n"), long, two), []string{":1.0 alert", ":2.0 review", ":3.0 alert"}, []string{":2.0 size"}},
		{"many.jsonl", "a line of 5 MB of many records", slices.Concat(one, []byte("\n"), list(slices.Repeat([][]byte{ordinary("ws01", 1)}, 12_000)...), []byte("\n"), two), []string{":1.0 alert", ":3.0 alert"}, nil},
		{"deep.jsonl", "a line nested 20,000 deep", slices.Concat(one, []byte("\n"), withField("ws01", 3, `"Nest":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), []byte("\n"), two), []string{":1.0 alert", ":2.0 review", ":3.0 alert"}, []string{":2.0 depth"}},
		{"cut.xml", "XML cut short", xml[:len(xml)-120], []string{":1.0 alert", ":2.0 review"}, []string{":2.0 syntax"}},
		{"only.xml", "one XML event cut short", []byte(attackXML("ws01", 1)[:900]), []string{":1.0 review"}, []string{":1.0 syntax"}},
		{"other.json", "no events", []byte(`{"hello":"world"}`), nil, []string{":1.0 shape"}},
	}
	for _, test := range tests {
		t.Run(test.about, func(t *testing.T) {
			folder := inFolder(t, map[string][]byte{test.name: test.data})
			decisions, undecodable, err := evaluated(t, folder, []string{filepath.Join(folder, test.name)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range decisions {
				decisions[i] = strings.TrimPrefix(decisions[i], test.name)
			}
			for i := range undecodable {
				undecodable[i] = strings.TrimPrefix(undecodable[i], test.name)
			}
			if !slices.Equal(decisions, test.decisions) || !slices.Equal(undecodable, test.undecodable) {
				t.Errorf("decided %q, want %q\nundecodable %q, want %q", decisions, test.decisions, undecodable, test.undecodable)
			}
		})
	}
}

func TestFoldersAreReadByNameAndStdinWhereItStands(t *testing.T) {
	record := func(n int) []byte { return append(attack("ws01", n), '\n') }
	folder := inFolder(t, map[string][]byte{
		"b.jsonl": record(1), "a/z.json": record(2), "a/y.XML.gz": gzipped(t, []byte(attackXML("ws01", 3))),
		"notes.txt": record(4), "c.jsonl.bak": record(5), "d.ndjson": record(6),
	})
	decisions, _, err := evaluated(t, folder, []string{folder, "-", filepath.Join(folder, "notes.txt")}, bytes.NewReader(record(7)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/y.XML.gz:1.0 alert", "a/z.json:1.0 alert", "b.jsonl:1.0 alert", "d.ndjson:1.0 alert", "-:1.0 alert", "notes.txt:1.0 alert"}
	if !slices.Equal(decisions, want) {
		t.Errorf("read %q, want %q", decisions, want)
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	whole := gzipped(t, bytes.Repeat(append(attack("ws01", 1), '\n'), 50))
	folder := inFolder(t, map[string][]byte{"notes.txt": []byte("x"), "cut.jsonl.gz": whole[:len(whole)/2], "sub/none.txt": nil})
	tests := []struct{ path, want string }{
		{"nowhere.jsonl", "nowhere.jsonl"},
		{"cut.jsonl.gz", "cut.jsonl.gz: unexpected EOF"},
		{"sub", "no file ending in .json, .jsonl, .ndjson, .xml, .evtx (or .gz of it) below "},
	}
	for _, test := range tests {
		_, _, err := evaluated(t, folder, []string{filepath.Join(folder, test.path)}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "read events") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.path, err)
		}
	}
	if _, _, err := evaluated(t, folder, []string{filepath.Join(folder, "nowhere")}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// endless gives bytes without a line's end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestLinesBeyondTheBoundAreSkippedNotKept(t *testing.T) {
	var got []string
	input := io.MultiReader(bytes.NewReader(append(attack("ws01", 1), '\n')), io.LimitReader(endless{}, MaxFileMessage+1), strings.NewReader("\n"+string(attack("ws01", 2))))
	err := ReadFiles(patient(t), []string{"-"}, input, func(m FileMessage) error {
		fault := ""
		if m.Fault != nil {
			fault = string(m.Fault.Reason)
		}
		got = append(got, fmt.Sprintf("%d:%s:%t", m.Line, fault, len(m.Data) < 1<<16))
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"1::true", "2:size:true", "3::true"}) {
		t.Errorf("%v: %q", err, got)
	}
}

// What could not even be read may have been an attack: it is a review.
func TestLineBeyondTheBoundIsAReview(t *testing.T) {
	line := io.MultiReader(strings.NewReader("["), io.LimitReader(endless{}, MaxFileMessage+1), strings.NewReader("\n"), bytes.NewReader(attack("ws01", 2)))
	decisions, undecodable, err := evaluated(t, "", []string{"-"}, line)
	if err != nil || !slices.Equal(decisions, []string{"-:1.0 review", "-:2.0 alert"}) || !slices.Equal(undecodable, []string{"-:1.0 size"}) {
		t.Errorf("%v: decided %q, undecodable %q", err, decisions, undecodable)
	}
}

func TestReadingEndsWithTheFirstErrorAndWithTheContext(t *testing.T) {
	input := func() io.Reader { return bytes.NewReader(bytes.Repeat([]byte("{}\n"), 10)) }
	enough := errors.New("enough")
	read := 0
	err := ReadFiles(patient(t), []string{"-"}, input(), func(FileMessage) error {
		if read++; read == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || read != 3 {
		t.Errorf("after %d messages: %v", read, err)
	}
	ctx, cancel := context.WithCancel(patient(t))
	read = 0
	err = ReadFiles(ctx, []string{"-"}, input(), func(FileMessage) error {
		if read++; read == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || read != 3 {
		t.Errorf("after %d messages: %v", read, err)
	}
}

func TestEvaluationCountsWhatBecameOfEveryMessage(t *testing.T) {
	file := "-"
	var input bytes.Buffer
	for n := range 8 { // one process start, which is remembered
		input.Write(append(ordinary("ws01", n), '\n'))
	}
	input.Write(append(attack("ws01", 100), '\n'))
	input.WriteString("{\n")
	e := NewEvaluation(builtIn(t), WorkerOptions{})
	read := 0
	if err := e.Run(patient(t), []string{file}, &input, func(Evaluated) error { return nil }, func() { read++ }); err != nil {
		t.Fatal(err)
	}
	s := e.Summary
	if s.Read != 10 || read != 10 || s.Out != 7 || s.Remembered != 1 || s.Context != 0 || s.Decided() != 1 || s.Decisions["alert"] != 1 || len(s.Undecodable) != 1 {
		t.Errorf("%+v, %d decided, told %d", s, s.Decided(), read)
	}
	if got := s.Undecodable[0].String(); !strings.HasPrefix(got, "-:10 (record 0): syntax: ") {
		t.Errorf("undecodable: %s", got)
	}
	if s.Undecodable[0].Fault.Reason != event.ReasonSyntax {
		t.Errorf("%v", s.Undecodable[0].Fault)
	}
}
