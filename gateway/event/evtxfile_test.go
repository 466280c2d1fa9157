package event

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// sampleEvtx has a process start, a transaction and a record of no use.
func sampleEvtx() []byte {
	w := newEvtxWriter(7001)
	w.record("Microsoft-Windows-Sysmon", "1", [][2]string{
		{"UtcTime", "2026-03-02 09:14:05.127"},
		{"ProcessGuid", installerGUID},
		{"ProcessId", "5320"},
		{"Image", msiexec},
		{"Description", ""},
		{"FileVersion", "5.0\x01"},
		{"CommandLine", `msiexec.exe /i "C:\Users\alice\Downloads\reader.msi" /qn`},
	})
	w.record("MsiInstaller", "1040", [][2]string{{"", `C:\Users\alice\Downloads\reader.msi`}, {"", "5320"}})
	w.record("Microsoft-Windows-Sysmon", "", nil)
	return w.file()
}

// readEvtx collects what ReadEvtx yields.
func readEvtx(file []byte) (records []Record, errs []string) {
	for record, err := range ReadEvtx(bytes.NewReader(file)) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		records = append(records, record)
	}
	return records, errs
}

func TestReadEvtxGivesTheSameFacts(t *testing.T) {
	records, errs := readEvtx(sampleEvtx())
	if len(errs) > 0 || len(records) != 3 {
		t.Fatalf("%d records, %v", len(records), errs)
	}
	start := records[0].Event
	if start.Shape != ShapeEvtx || start.Kind != KindProcessStart || start.RecordID != 7001 || start.Host != "ws01.corp.example" || !start.Time.Equal(clock(5127)) {
		t.Errorf("%+v", start)
	}
	if p := start.Process; p.GUID != installerGUID || p.PID != 5320 || p.Image != msiexec || p.FileVersion != "5.0\uFFFD" || !strings.HasSuffix(p.CommandLine, "/qn") {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(start.Mangled, []string{"process.file_version"}) || !slices.Contains(start.Missing, "process.description") {
		t.Errorf("mangled %v, missing %v", start.Mangled, start.Missing)
	}
	if i := records[1].Event.Installer; i != (Installer{Package: `C:\Users\alice\Downloads\reader.msi`, ClientPID: 5320}) || records[1].Event.RecordID != 7002 {
		t.Errorf("%+v", records[1].Event)
	}
	fault := records[2].Fault
	if fault == nil || fault.Reason != ReasonField || !strings.HasPrefix(fault.Detail, "record 7003: ") || records[2].Index != 2 {
		t.Errorf("%+v", records[2])
	}
}

func TestReadEvtxSaysWhatIsWrongWithAFile(t *testing.T) {
	whole := sampleEvtx()
	change := func(at int, b ...byte) []byte {
		file := bytes.Clone(whole)
		copy(file[at:], b)
		return file
	}
	const chunk = 4096
	secondRecord := bytes.Index(whole[chunk+evtxChunkHeader+4:], []byte("**\x00\x00")) + chunk + evtxChunkHeader + 4
	tests := []struct {
		name    string
		file    []byte
		records int
		want    string // the only error; "" for none
	}{
		{"whole", whole, 3, ""},
		{"empty", nil, 0, "read .evtx file: the file is empty; export the log again, e.g. with wevtutil epl"},
		{"something else", []byte("{\"a\":1}\n"), 0, `read .evtx file: not a Windows event log: it does not begin with "ElfFile"`},
		{"header cut short", whole[:60], 0, "read .evtx file: the file is cut short after 60 bytes"},
		{"header block cut short", whole[:600], 0, "read .evtx file: the file is cut short inside its header"},
		{"no chunk yet", whole[:chunk], 0, ""},
		{"another version", change(38, 9), 0, "read .evtx file: version 9.1 of the format is not known; 3.0 to 3.2 are"},
		{"header block of no length", change(40, 0, 0), 0, "read .evtx file: damaged header: its block is 0 bytes long"},
		{"chunk cut short", whole[:chunk+1000], 0, "read .evtx file: chunk 1: cut short after 1000 of 65536 bytes"},
		{"chunk overwritten", change(chunk, 'x'), 0, `read .evtx file: chunk 1: damaged: it does not begin with "ElfChnk"`},
		{"chunk reserved", append(whole[:chunk:chunk], make([]byte, evtxChunkSize)...), 0, ""},
		{"record numbers backwards", change(chunk+8, 0xFF), 0, "read .evtx file: chunk 1: damaged: its header says records 7167 to 7003"},
		{"record numbers absurd", change(chunk+20, 0xFF), 0, "read .evtx file: chunk 1: damaged: its header says records 7001 to 1095216667483"},
		{"second record overwritten", change(secondRecord, 'x'), 1, "read .evtx file: chunk 1: damaged: only 1 of its 3 records can be read"},
		{"record of no size", change(chunk+evtxChunkHeader+4, 0, 0, 0, 0), 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			records, errs := readEvtx(test.file)
			if len(records) != test.records {
				t.Errorf("%d records, want %d", len(records), test.records)
			}
			switch {
			case test.name == "record of no size":
				if len(errs) != 1 || !strings.HasPrefix(errs[0], "read .evtx file: chunk 1: damaged") {
					t.Errorf("errors %q", errs)
				}
			case test.want == "" && len(errs) > 0, test.want != "" && !slices.Equal(errs, []string{test.want}):
				t.Errorf("errors %q, want %q", errs, test.want)
			}
		})
	}
}

func TestReadEvtxGoesOnAfterADamagedChunk(t *testing.T) {
	good := sampleEvtx()
	file := append(bytes.Clone(good), good[4096:]...)
	copy(file[4096:], "xx")
	records, errs := readEvtx(file)
	if len(records) != 3 || len(errs) != 1 || !strings.Contains(errs[0], "chunk 1: damaged") {
		t.Errorf("%d records, %q", len(records), errs)
	}
}

func TestReadEvtxCatchesAPanicOfTheLibrary(t *testing.T) {
	// A template whose argument says it is a list of 16-bit numbers, one byte
	// long.
	w := newEvtxWriter(7001)
	w.raw(func() {
		w.u8(0x0C, 0x01)
		w.u32(1) // template id
		w.u32(0)
		w.u32(0)
		w.u8(make([]byte, 16)...)
		w.u32(1) // length of the template's body
		w.u8(0)  // the body
		w.u32(1) // one argument
		w.u16(1)
		w.u16(0x86)
		w.u8(7)
	})
	file := append(w.file(), sampleEvtx()[4096:]...)
	records, errs := readEvtx(file)
	if len(errs) != 1 || !strings.HasPrefix(errs[0], "read .evtx file: chunk 1: damaged: runtime error: ") {
		t.Errorf("errors %q", errs)
	}
	if len(records) != 3 {
		t.Errorf("%d records of the chunk behind, want 3", len(records))
	}
}

func TestReadEvtxNamesTheChunkWhateverByteIsDamaged(t *testing.T) {
	whole := sampleEvtx()
	for at := range 1500 {
		file := bytes.Clone(whole)
		file[4096+evtxChunkHeader+24+at] ^= byte(1 << (at % 8))
		_, errs := readEvtx(file)
		for _, err := range errs {
			if !strings.HasPrefix(err, "read .evtx file: chunk 1: ") {
				t.Errorf("byte %d: %s", at, err)
			}
		}
	}
}

func TestReadEvtxGivesReadErrorsBack(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, read := range []int{10, 4096, 70_000 - 4096} {
		for _, err := range ReadEvtx(io.MultiReader(bytes.NewReader(sampleEvtx()[:read]), iotest.ErrReader(broken))) {
			if err != nil && !errors.Is(err, broken) {
				t.Errorf("after %d bytes: %v", read, err)
			}
		}
	}
}

func TestReadEvtxStopsWhenAsked(t *testing.T) {
	for record := range ReadEvtx(bytes.NewReader(sampleEvtx())) {
		if record.Index > 0 {
			t.Fatal("went on")
		}
		break
	}
}

func FuzzEvtx(f *testing.F) {
	f.Add(sampleEvtx()[:4096+4096])
	f.Add(sampleEvtx()[:4096])
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 4096 && len(file) < 4096+evtxChunkSize {
			file = append(file[:len(file):len(file)], make([]byte, 4096+evtxChunkSize-len(file))...)
		}
		for record, err := range ReadEvtx(bytes.NewReader(file)) {
			if err == nil {
				checkRecord(t, record)
			}
		}
	})
}
