package msi

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// packed is a file that a test puts into a cabinet.
type packedFile struct {
	name    string
	content []byte
}

// cab makes a cabinet of one folder, [MS-CAB].
func cab(t testing.TB, compression uint16, files ...packedFile) []byte {
	t.Helper()
	le := binary.LittleEndian
	var directory, data, plain []byte
	for _, f := range files {
		directory = le.AppendUint32(directory, uint32(len(f.content)))
		directory = le.AppendUint32(directory, uint32(len(plain)))
		directory = append(directory, make([]byte, 8)...)
		directory = append(directory, f.name+"\x00"...)
		plain = append(plain, f.content...)
	}
	blocks, window := 0, []byte(nil)
	for rest := plain; len(rest) > 0; blocks++ {
		block := rest[:min(len(rest), maxBlock)]
		rest = rest[len(block):]
		packed := block
		if compression == compressMSZIP {
			var b bytes.Buffer
			b.WriteString("CK")
			w, err := flate.NewWriterDict(&b, flate.BestSpeed, window)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(block)
			w.Close()
			packed, window = b.Bytes(), block
		}
		data = le.AppendUint32(data, 0)
		data = le.AppendUint16(data, uint16(len(packed)))
		data = le.AppendUint16(data, uint16(len(block)))
		data = append(data, packed...)
	}
	filesAt := uint32(36 + 8)
	head := []byte("MSCF\x00\x00\x00\x00")
	for _, v := range []uint32{filesAt + uint32(len(directory)+len(data)), 0, filesAt, 0} {
		head = le.AppendUint32(head, v)
	}
	head = append(head, 3, 1)
	for _, v := range []uint16{1, uint16(len(files)), 0, 0, 0} {
		head = le.AppendUint16(head, v)
	}
	head = le.AppendUint32(head, filesAt+uint32(len(directory)))
	head = le.AppendUint16(head, uint16(blocks))
	head = le.AppendUint16(head, compression)
	return append(append(head, directory...), data...)
}

func hashAll(content []byte, budget int64) (map[string]hashes, []string, error) {
	c, err := parseCabinet(content)
	if err != nil {
		return nil, nil, err
	}
	return hashFiles(bytes.NewReader(content), c, func(name string) bool { return !strings.HasPrefix(name, "skip") }, &budget)
}

func TestFilesOfACabinetHaveTheHashesOfTheirContent(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	large := make([]byte, 3*maxBlock+17) // over four blocks, each referring to the one before
	random.Read(large[:maxBlock])
	copy(large[maxBlock:], large[:maxBlock])
	copy(large[2*maxBlock:], large)
	files := []packedFile{{"a", []byte("first")}, {"skip", large}, {"b", large}, {"empty", nil}, {"c", []byte("last")}}
	want := map[string]hashes{"a": sums([]byte("first")), "b": sums(large), "empty": sums(nil), "c": sums([]byte("last"))}
	for name, compression := range map[string]uint16{"stored": compressNone, "MSZIP": compressMSZIP} {
		t.Run(name, func(t *testing.T) {
			got, left, err := hashAll(cab(t, compression, files...), maxUnpacked)
			if err != nil || len(left) > 0 || !maps.Equal(got, want) {
				t.Errorf("got %v, %v, %v; want %v", got, left, err, want)
			}
		})
	}
}

func TestACabinetThatIsNotReadNamesItsFiles(t *testing.T) {
	const lzx = 3
	found, left, err := hashAll(cab(t, lzx, packedFile{"a", []byte("x")}, packedFile{"skip", nil}), maxUnpacked)
	if err != nil || len(found) > 0 || fmt.Sprint(left) != "[a]" {
		t.Errorf("got %v, %v, %v", found, left, err)
	}
}

func TestCabinetsThatLieAreRefused(t *testing.T) {
	le := binary.LittleEndian
	const firstFile, firstBlock = 44, 44 + 18 + 18
	for name, test := range map[string]struct {
		lie  func([]byte)
		want string
	}{
		"no cabinet":            {func(b []byte) { b[0] = 'X' }, "no cabinet"},
		"files outside":         {func(b []byte) { le.PutUint32(b[16:], 0xfffffff0) }, "ends within its files"},
		"a folder that is not":  {func(b []byte) { b[firstFile+8] = 7 }, "in a folder that is not there"},
		"data outside":          {func(b []byte) { le.PutUint32(b[36:], 1<<30) }, "it ends before its data"},
		"data before its start": {func(b []byte) { b[firstFile+18+4] = 0 }, "overlap"},
		"files of one name":     {func(b []byte) { b[firstFile+18+16] = 'a' }, "two files"},
		"a file beyond data":    {func(b []byte) { le.PutUint32(b[firstFile+18:], 1<<30) }, "goes beyond its data"},
		"a block of 64 KB":      {func(b []byte) { le.PutUint16(b[firstBlock+6:], 0xffff) }, "a block unpacks to 65535 bytes"},
		"a block of no MSZIP":   {func(b []byte) { b[firstBlock+8] = 0 }, "a block is no MSZIP"},
		"a block too short":     {func(b []byte) { le.PutUint16(b[firstBlock+6:], 2000) }, "a block unpacks to"},
		"more folders than fit": {func(b []byte) { le.PutUint16(b[26:], 0xffff) }, "ends within its folders"},
	} {
		t.Run(name, func(t *testing.T) {
			content := cab(t, compressMSZIP, packedFile{"a", []byte("first")}, packedFile{"b", []byte("second")})
			test.lie(content)
			if _, _, err := hashAll(content, maxUnpacked); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q", err, test.want)
			}
		})
	}
}

func TestACabinetThatUnpacksToTooMuchIsRefused(t *testing.T) {
	bomb := cab(t, compressMSZIP, packedFile{"a", make([]byte, 4<<20)})
	if len(bomb) > 64<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if _, _, err := hashAll(bomb, 1<<20); err == nil || !strings.Contains(err.Error(), "unpack to more than") {
		t.Errorf("got %v, want the bound", err)
	}
}

func FuzzCabinet(f *testing.F) {
	f.Add(cab(f, compressMSZIP, packedFile{"a", []byte("first")}, packedFile{"b", make([]byte, 40_000)}))
	f.Add(cab(f, compressNone, packedFile{"a", []byte("first")}))
	f.Fuzz(func(t *testing.T, content []byte) {
		found, _, err := hashAll(content, 1<<20)
		if err == nil && len(found)*16 > len(content) {
			t.Fatalf("%d files of %d bytes", len(found), len(content))
		}
	})
}
