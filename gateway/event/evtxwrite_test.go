package event

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"unicode/utf16"
)

// evtxWriter lays out a .evtx file with one chunk, by the published
// description of the format: binary XML without templates, every name written
// where it is used.
type evtxWriter struct {
	chunk   []byte // from the chunk's first byte
	records uint64
	first   uint64
}

const evtxChunkHeader = 512

func newEvtxWriter(firstRecord uint64) *evtxWriter {
	return &evtxWriter{chunk: make([]byte, evtxChunkHeader), first: firstRecord}
}

func (w *evtxWriter) u8(v ...byte) { w.chunk = append(w.chunk, v...) }
func (w *evtxWriter) u16(v uint16) { w.chunk = binary.LittleEndian.AppendUint16(w.chunk, v) }
func (w *evtxWriter) u32(v uint32) { w.chunk = binary.LittleEndian.AppendUint32(w.chunk, v) }
func (w *evtxWriter) u64(v uint64) { w.chunk = binary.LittleEndian.AppendUint64(w.chunk, v) }
func (w *evtxWriter) utf16(s string) {
	for _, unit := range utf16.Encode([]rune(s)) {
		w.u16(unit)
	}
}

func (w *evtxWriter) name(s string) {
	w.u32(uint32(len(w.chunk) + 4)) // the name follows
	w.u32(0)
	hash := fnv.New32()
	hash.Write([]byte(s))
	w.u16(uint16(hash.Sum32()))
	w.u16(uint16(len(utf16.Encode([]rune(s)))))
	w.utf16(s)
	w.u16(0)
}

func (w *evtxWriter) text(s string) {
	w.u8(0x05, 0x01)
	w.u16(uint16(len(utf16.Encode([]rune(s)))))
	w.utf16(s)
}

// element writes <name attribute="…">content</name>.
func (w *evtxWriter) element(name string, attributes [][2]string, content func()) {
	token := byte(0x01)
	if len(attributes) > 0 {
		token = 0x41
	}
	w.u8(token)
	w.u16(0xFFFF)
	w.u32(0)
	w.name(name)
	if len(attributes) > 0 {
		w.u32(0)
		for _, attribute := range attributes {
			w.u8(0x06)
			w.name(attribute[0])
			w.text(attribute[1])
		}
	}
	w.u8(0x02)
	content()
	w.u8(0x04)
}

func (w *evtxWriter) leaf(name, content string, attributes ...[2]string) {
	w.element(name, attributes, func() {
		if content != "" {
			w.text(content)
		}
	})
}

// record writes one Event; data are name and text, a classic provider's with
// empty names.
func (w *evtxWriter) record(provider, id string, data [][2]string) {
	w.raw(func() {
		w.element("Event", nil, func() {
			w.element("System", nil, func() {
				w.leaf("Provider", "", [2]string{"Name", provider})
				w.leaf("EventID", id)
				w.leaf("TimeCreated", "", [2]string{"SystemTime", "2026-03-02T09:14:05.000000Z"})
				w.leaf("Channel", "Test")
				w.leaf("Computer", "WS01.corp.example")
			})
			w.element("EventData", nil, func() {
				for _, d := range data {
					if d[0] == "" {
						w.leaf("Data", d[1])
					} else {
						w.leaf("Data", d[1], [2]string{"Name", d[0]})
					}
				}
			})
		})
	})
}

// raw writes one record around binary XML.
func (w *evtxWriter) raw(content func()) {
	start := len(w.chunk)
	w.u8(0x2A, 0x2A, 0, 0)
	w.u32(0) // size, below
	w.u64(w.first + w.records)
	w.u64(0)
	w.u8(0x0F, 1, 1, 0)
	content()
	w.u8(0)
	size := uint32(len(w.chunk) - start + 4)
	w.u32(size)
	binary.LittleEndian.PutUint32(w.chunk[start+4:], size)
	w.records++
}

// file gives the whole file.
func (w *evtxWriter) file() []byte {
	header := make([]byte, 4096)
	copy(header, "ElfFile\x00")
	binary.LittleEndian.PutUint32(header[32:], 128)
	binary.LittleEndian.PutUint16(header[36:], 1)
	binary.LittleEndian.PutUint16(header[38:], 3)
	binary.LittleEndian.PutUint16(header[40:], 4096)
	binary.LittleEndian.PutUint16(header[42:], 1)

	chunk := bytes.Clone(w.chunk)
	copy(chunk, "ElfChnk\x00")
	last := w.first + w.records - 1
	for i, v := range []uint64{w.first, last, w.first, last} {
		binary.LittleEndian.PutUint64(chunk[8+8*i:], v)
	}
	binary.LittleEndian.PutUint32(chunk[40:], 128)
	return append(header, append(chunk, make([]byte, evtxChunkSize-len(chunk))...)...)
}
