package msi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"
)

// contentOf names what a stream is by its first bytes, whatever it is called.
func contentOf(head []byte) string {
	for _, known := range []struct{ magic, name string }{
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound file (a package, or an Office document)"},
		{"MSCF", "cabinet"},
		{"PK\x03\x04", "ZIP archive"},
		{"7z\xbc\xaf\x27\x1c", "7z archive"},
		{"\x89PNG", "image"},
		{"GIF8", "image"},
		{"\xff\xd8\xff", "image"},
		{"BM", "image"},
		{"\x00\x00\x01\x00", "image"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.name
		}
	}
	if bytes.HasPrefix(head, []byte("MZ")) {
		return executable(head)
	}
	if len(head) == 0 {
		return "empty"
	}
	if isText(head) {
		return "text"
	}
	return "data"
}

// executable tells an EXE from a DLL by the characteristics of its COFF header.
// https://learn.microsoft.com/windows/win32/debug/pe-format
func executable(head []byte) string {
	if len(head) < 64 {
		return "EXE"
	}
	at := int64(binary.LittleEndian.Uint32(head[60:]))
	if at+24 > int64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
		return "EXE"
	}
	if binary.LittleEndian.Uint16(head[at+22:])&0x2000 != 0 {
		return "DLL"
	}
	return "EXE"
}

func isText(head []byte) bool {
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return true
	}
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && len(head) > 3 || r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}

// trailing counts the bytes behind the compound file's last sector, by its own
// allocation: Windows reads the file without them and a signature does not reach
// them, so a ZIP or JAR appended there leaves the signature as it is.
//
// A compound file is whole sectors; what is told is the rest that fills none, and
// an archive's end record within the last 64 KB, which is where its readers look.
func trailing(r io.ReaderAt, size int64) (int64, error) {
	tail := make([]byte, min(size, 64<<10+22))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, fmt.Errorf("read the file's end: %w", err)
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || at+22 > len(tail) || at+22+int(binary.LittleEndian.Uint16(tail[at+20:])) != len(tail) {
		return 0, nil
	}
	// The archive's length, by its end record: directory and what lies before it.
	end := size - int64(len(tail)) + int64(at)
	length := int64(binary.LittleEndian.Uint32(tail[at+12:])) + int64(binary.LittleEndian.Uint32(tail[at+16:]))
	return min(size, length+size-end), nil
}
