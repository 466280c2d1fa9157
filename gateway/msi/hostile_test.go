package msi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

var fixtures = []string{"actions.msi", "attack.msi", "agent.msi", "agent-ex.msi"}

// within runs what a hostile file costs and holds it to a time and to memory.
func within(t *testing.T, content []byte, size int64) (*Report, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	report, err := Inspect(bytes.NewReader(content), size)
	runtime.ReadMemStats(&after)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 512<<20 {
		t.Errorf("it allocated %d MB", allocated>>20)
	}
	return report, err
}

func TestATruncatedPackageIsAnErrorAndNoPanic(t *testing.T) {
	for _, name := range fixtures {
		content := fixture(t, name)
		for end := 0; end < len(content)-512; end += 61 {
			if _, err := Inspect(bytes.NewReader(content[:end]), int64(end)); err == nil {
				t.Fatalf("%s cut to %d of %d bytes is read", name, end, len(content))
			}
		}
	}
}

func TestChangedBytesNeverPanic(t *testing.T) {
	for _, name := range fixtures {
		content := fixture(t, name)
		for at := 0; at < len(content); at += 61 { // the fuzz targets do the rest
			for _, value := range []byte{0xff, content[at] ^ 0x80} {
				was := content[at]
				content[at] = value
				// An error or a report; that it returns is what is asserted, and
				// that a report is of the whole file.
				report, err := Inspect(bytes.NewReader(content), int64(len(content)))
				if (report == nil) == (err == nil) {
					t.Fatalf("%s, byte %d is %#x: report %v, error %v", name, at, value, report, err)
				}
				content[at] = was
			}
		}
	}
}

func TestStructuresThatLieAreRefused(t *testing.T) {
	le := binary.LittleEndian
	for name, test := range map[string]struct {
		lie  func([]byte)
		want string
	}{
		"no compound file":               {func(b []byte) { b[0] = 0 }, "bad signature"},
		"sectors of 2 bytes":             {func(b []byte) { b[30] = 1 }, "illegal sector size"},
		"a directory that is a circle":   {func(b []byte) { circle(b, le.Uint32(b[48:])) }, "cycle"},
		"a directory outside":            {func(b []byte) { le.PutUint32(b[48:], 0x00ffffff) }, "read the compound file"},
		"four billion allocation tables": {func(b []byte) { le.PutUint32(b[72:], 0xffffffff); le.PutUint32(b[44:], 0xffffffff) }, "read the compound file"},
		"four billion mini tables":       {func(b []byte) { le.PutUint32(b[64:], 0xffffffff); le.PutUint32(b[44:], 0xffffffff) }, "read the compound file"},
		"a stream of four gigabytes": {func(b []byte) {
			at := bytes.Index(b, utf16le("\x05SummaryInformation"))
			le.PutUint32(b[at+120:], 0xffffffff)
		}, "more bytes than the file has"},
		"siblings in a circle": {func(b []byte) {
			at := bytes.Index(b, utf16le("\x05SummaryInformation"))
			le.PutUint32(b[at+68:], 0)
		}, "read the compound file"},
	} {
		t.Run(name, func(t *testing.T) {
			content := fixture(t, "agent.msi")
			test.lie(content)
			_, err := within(t, content, int64(len(content)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q", err, test.want)
			}
		})
	}
}

// circle has a sector of the first allocation table lead to itself.
func circle(b []byte, sector uint32) {
	table := binary.LittleEndian.Uint32(b[76:])
	binary.LittleEndian.PutUint32(b[(int(table)+1)*512+int(sector)*4:], sector)
}

// A file that says it is larger than it is: a share that ends early.
func TestAFileThatEndsEarlyIsAnError(t *testing.T) {
	content := fixture(t, "agent.msi")
	if _, err := within(t, content[:len(content)-600], int64(len(content))); err == nil {
		t.Error("it is read")
	}
	if _, err := Inspect(failing{}, 1<<20); err == nil {
		t.Error("a file that cannot be read is read")
	}
}

// A directory of half a gigabyte costs no more than its bound.
func TestAStructureBeyondItsBoundIsRefused(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Inspect(endless{}, 500<<20)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "larger than 16 MB") {
		t.Errorf("got %v, want the bound", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 128<<20 {
		t.Errorf("it allocated %d MB", allocated>>20)
	}
}

// endless is a compound file of sectors of 4 KB whose directory goes on from
// sector 200 to the last, and holds nothing.
type endless struct{}

func (endless) ReadAt(p []byte, offset int64) (int, error) {
	le := binary.LittleEndian
	header := make([]byte, 4096)
	copy(header, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(header[26:], 4)
	le.PutUint16(header[28:], 0xfffe)
	le.PutUint16(header[30:], 12)
	le.PutUint32(header[44:], 109)
	le.PutUint32(header[48:], 200)
	for i := range uint32(109) {
		le.PutUint32(header[76+4*i:], i) // the allocation table is sectors 0 to 108
	}
	for i := range p {
		at := offset + int64(i)
		sector := at/4096 - 1
		switch {
		case sector < 0:
			p[i] = header[at]
		case sector < 109: // each sector leads to the next
			next := uint32((at-4096)/4 + 1)
			p[i] = byte(next >> (8 * (at % 4)))
		default:
			p[i] = 0
		}
	}
	return len(p), nil
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// streams makes a database of its table streams.
func streams(tables map[string][]byte) streamOf {
	return func(name string) ([]byte, error) { return tables[name], nil }
}

// pooled makes _StringPool and _StringData of strings, with references of two bytes.
func pooled(high uint16, texts ...string) map[string][]byte {
	lengths := binary.LittleEndian.AppendUint16(nil, 1252)
	lengths = binary.LittleEndian.AppendUint16(lengths, high)
	var data []byte
	for _, text := range texts {
		if len(text) > 0xffff {
			lengths = binary.LittleEndian.AppendUint16(lengths, 0)
			lengths = binary.LittleEndian.AppendUint16(lengths, uint16(len(text)>>16))
		}
		lengths = binary.LittleEndian.AppendUint16(lengths, uint16(len(text)))
		lengths = binary.LittleEndian.AppendUint16(lengths, 1)
		data = append(data, text...)
	}
	return map[string][]byte{"_StringPool": lengths, "_StringData": data}
}

func words(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func TestCellsAreReadAsWindowsInstallerWritesThem(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	// Strings 1 to 6; a table T with a text key, a number of two bytes, one of four.
	tables := pooled(0, "T", "Key", "Short", "Long", "Gr\xfc\xdfe", long)
	tables["_Tables"] = words(1)
	tables["_Columns"] = words(
		1, 1, 1, // of table T, column by column
		0x8001, 0x8002, 0x8003,
		2, 3, 4,
		0x8000|0x2d48, 0x8000|0x1502, 0x8000|0x1104,
	)
	tables["T"] = append(words(5, 6, 0x8000|7, 0), append(binary.LittleEndian.AppendUint32(nil, 0x80000000-9), 0, 0, 0, 0)...)
	db, err := openDatabase(streams(tables))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = db.each("T", func(r row) error {
		key, err := r.text("Key")
		short, hasShort := r.number("Short")
		long, hasLong := r.number("Long")
		got = append(got, fmt.Sprint(len(key), key[:min(len(key), 7)], short, hasShort, long, hasLong))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprint(7, "Grüße", 7, true, -9, true), fmt.Sprint(70_000, "xxxxxxx", 0, false, 0, false)}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReferencesOfThreeBytesAreRead(t *testing.T) {
	tables := pooled(0x8000, "T", "Key", "value")
	tables["_Tables"] = []byte{1, 0, 0}
	tables["_Columns"] = []byte{1, 0, 0, 0x01, 0x80, 2, 0, 0, 0x48, 0xad}
	tables["T"] = []byte{3, 0, 0}
	db, err := openDatabase(streams(tables))
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := db.each("T", func(r row) (err error) { got, err = r.text("Key"); return err }); err != nil || got != "value" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTablesThatLieAreRefused(t *testing.T) {
	good := func() map[string][]byte {
		tables := pooled(0, "T", "Key", "value")
		tables["_Tables"] = words(1)
		tables["_Columns"] = words(1, 0x8001, 2, 0xad48)
		tables["T"] = words(3)
		return tables
	}
	for name, test := range map[string]struct {
		lie  func(map[string][]byte)
		want string
	}{
		"no pool":              {func(m map[string][]byte) { delete(m, "_StringPool") }, "there is no string pool (_StringPool)"},
		"a pool cut short":     {func(m map[string][]byte) { m["_StringPool"] = m["_StringPool"][:7] }, "no multiple of 4"},
		"a pool beyond data":   {func(m map[string][]byte) { m["_StringData"] = m["_StringData"][:3] }, "string 2 ends at byte 4, and _StringData has 3"},
		"half a long string":   {func(m map[string][]byte) { m["_StringPool"] = append(m["_StringPool"], 0, 0, 1, 0) }, "ends within the entry of a long string"},
		"a string that is not": {func(m map[string][]byte) { m["T"] = words(9) }, "read table T, row 1: column Key: it refers to string 9, and there are 3"},
		"half a row":           {func(m map[string][]byte) { m["T"] = []byte{3, 0, 3} }, "read table T: its stream has 3 bytes, and a row has 2"},
		"a column of no type":  {func(m map[string][]byte) { m["_Columns"] = words(1, 0x8001, 2, 0x8103) }, "read table T: column Key has the type 0x0103, which is none"},
		"a column twice":       {func(m map[string][]byte) { m["_Columns"] = words(1, 1, 0x8001, 0x8001, 2, 2, 0xad48, 0xad48) }, "its columns are not numbered"},
		"a table twice":        {func(m map[string][]byte) { m["_Tables"] = words(1, 1) }, `read table _Tables, row 2: there are two tables "T"`},
		"too many rows":        {func(m map[string][]byte) { m["T"] = make([]byte, 2*(maxRows+1)) }, "the table has 65537 rows, more than 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			tables := good()
			test.lie(tables)
			db, err := openDatabase(streams(tables))
			if err == nil {
				err = db.each("T", func(r row) error { _, err := r.text("Key"); return err })
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q", err, test.want)
			}
		})
	}
}

func TestOneLongStringToldOftenIsRefused(t *testing.T) {
	tables := pooled(0, "T", "Key", strings.Repeat("x", 1<<20))
	tables["_Tables"] = words(1)
	tables["_Columns"] = words(1, 0x8001, 2, 0xad48)
	tables["T"] = bytes.Repeat(words(3), 100)
	db, err := openDatabase(streams(tables))
	if err != nil {
		t.Fatal(err)
	}
	err = db.each("T", func(r row) error { _, err := r.text("Key"); return err })
	if err == nil || !strings.Contains(err.Error(), "row 64: column Key: the tables say more than 64 MB of text") && !strings.Contains(err.Error(), "row 65") {
		t.Errorf("got %v, want the bound of text", err)
	}
}

func FuzzPackage(f *testing.F) {
	for _, name := range fixtures {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		report, err := Inspect(bytes.NewReader(content), int64(len(content)))
		if (report == nil) == (err == nil) {
			t.Fatalf("report %v, error %v", report, err)
		}
		if err == nil {
			if text, err := report.Propose(Entry{}); (text == "") == (err == nil) {
				t.Fatalf("proposal %q, error %v", text, err)
			}
		}
	})
}

func FuzzTable(f *testing.F) {
	for _, name := range fixtures {
		content := fixture(f, name)
		c, err := openContainer(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			f.Fatal(err)
		}
		get := func(table string) []byte {
			stream, err := c.tableStream(table)
			if err != nil {
				f.Fatal(err)
			}
			return stream
		}
		f.Add(get("_StringPool"), get("_StringData"), get("_Tables"), get("_Columns"), get("CustomAction"))
	}
	f.Fuzz(func(t *testing.T, pool, data, tables, columns, actions []byte) {
		db, err := openDatabase(streams(map[string][]byte{
			"_StringPool": pool, "_StringData": data, "_Tables": tables, "_Columns": columns, "CustomAction": actions,
		}))
		if err != nil {
			return
		}
		report := &Report{}
		if err := report.readActions(db); err == nil && len(report.Actions) > len(actions) {
			t.Fatalf("%d actions of %d bytes", len(report.Actions), len(actions))
		}
	})
}
