package governance

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
)

// packed is a .tar.gz of the headers and contents given.
func packed(t testing.TB, entries ...tarEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	tw := tar.NewWriter(gz)
	for _, e := range entries {
		if e.Typeflag == 0 {
			e.Typeflag = tar.TypeReg
		}
		e.Size = int64(len(e.content))
		e.Mode = 0o600
		if err := tw.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type tarEntry struct {
	tar.Header
	content string
}

func packedFile(name, content string) tarEntry {
	return tarEntry{Header: tar.Header{Name: name}, content: content}
}

const policyRego = "package an0940\n\ndecision := {}\n"

func TestArchiveIsRefusedBeforeAnythingIsParsed(t *testing.T) {
	good := packed(t, packedFile("/an0940/a.rego", policyRego))
	many := make([]tarEntry, 30)
	for i := range many {
		many[i] = packedFile(strings.Repeat("a", i+1), "")
	}
	forged := forgedSize(t, packed(t, packedFile("/data.json", `{"lib": {}}`)))
	tests := []struct {
		name    string
		archive []byte
		want    string
	}{
		{"too many entries", packed(t, many...), "holds more than the 20 files allowed"},
		{"unpacks to too much", packed(t, packedFile("/data.json", `{"lib":"`+strings.Repeat("a", 100_000)+`"}`)), "unpacks to more than allowed: 65536 bytes"},
		{"many files that together are too much", packed(t, packedFile("a", strings.Repeat("a", 40_000)), packedFile("b", strings.Repeat("b", 40_000))), "unpacks to more than allowed"},
		{"size in the header is forged", forged, "unpacks to more than allowed"},
		{"packed too large", append(bytes.Clone(good), make([]byte, 70_000)...), ""},
		{"folder climbed out of", packed(t, packedFile("../../etc/data.json", "{}")), `the name "../../etc/data.json" leads outside`},
		{"folder climbed out of within", packed(t, packedFile("lib/../../data.json", "{}")), "leads outside"},
		{"backslashes", packed(t, packedFile(`lib\..\..\data.json`, "{}")), "leads outside"},
		{"drive", packed(t, packedFile("C:/data.json", "{}")), "leads outside"},
		{"name twice", packed(t, packedFile("/data.json", "{}"), packedFile("data.json", `{"lib":{}}`)), `"data.json" is there twice`},
		{"symbolic link", packed(t, tarEntry{Header: tar.Header{Name: "data.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}}), "neither a file nor a folder"},
		{"half a download", good[:len(good)/2], "unexpected EOF"},
		{"all but the checksum", good[:len(good)-8], "unexpected EOF"},
		{"checksum of another", append(bytes.Clone(good[:len(good)-8]), 1, 2, 3, 4, 5, 6, 7, 8), "invalid checksum"},
		{"a web page", []byte("<html>Sign in</html>"), "not a gzip archive"},
		{"nothing", nil, "not a gzip archive"},
		{"no files", packed(t), "holds neither Rego nor data"},
	}
	limits := Limits{Packed: 60_000, Unpacked: 65_536, Files: 20}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readArchive(bytes.NewReader(test.archive), NamePolicy, limits)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	if _, err := readArchive(bytes.NewReader(good), NamePolicy, limits); err != nil {
		t.Errorf("the good one is refused: %v", err)
	}
	if _, err := readArchive(bytes.NewReader(good), NamePolicy, Limits{Packed: 50, Unpacked: 65_536, Files: 20}); !errors.Is(err, errPacked) {
		t.Errorf("packed larger than allowed: error %v", err)
	}
}

// forgedSize makes the header of the first file claim 4 GB.
func forgedSize(t *testing.T, archive []byte) []byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(gz); err != nil {
		t.Fatal(err)
	}
	header := raw.Bytes()[:512]
	copy(header[124:136], "40000000000\x00")
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:156], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzReadArchive holds the reader of archives to never panic.
func FuzzReadArchive(f *testing.F) {
	f.Add(packed(f, packedFile("/an0940/a.rego", policyRego), packedFile("/.manifest", `{"revision":"1","roots":["an0940"]}`)), NamePolicy)
	f.Add(packed(f, packedFile("/data.json", `{"governance":{}}`)), NameGovernance)
	f.Add([]byte{0x1f, 0x8b}, "")
	f.Fuzz(func(t *testing.T, archive []byte, name string) {
		b, err := readArchive(bytes.NewReader(archive), name, Limits{Packed: 1 << 16, Unpacked: 1 << 20, Files: 100})
		if (b == nil) == (err == nil) {
			t.Errorf("bundle %v with error %v", b, err)
		}
	})
}
