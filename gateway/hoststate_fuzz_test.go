package gateway

import (
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Whatever stands under a host's key, a worker takes it or says why not; what
// it takes can be written down and read again.
func FuzzDecodeState(f *testing.F) {
	writer, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	pack := func(text string) []byte {
		return writer.EncodeAll([]byte(text), append([]byte(stateMark), stateVersion))
	}
	f.Add(pack(`{"host":"ws01","reached":{"sequence":7,"record":0}}`), false)
	f.Add([]byte(`{"host":"ws01","reached":{"sequence":7,"record":0},"timers":[{"due":"2026-11-20T08:00:00Z","finding":"a"}]}`), true)
	f.Add([]byte(`{"host":"ws01","reached":{"sequence":1,"record":2},"install":{"host":"ws01"},"findings":{}}`), true)
	f.Fuzz(func(t *testing.T, entry []byte, packed bool) {
		if packed {
			entry = pack(string(entry))
		}
		s, err := decodeState(entry)
		if err != nil {
			return
		}
		w := NewWorker(WorkerOptions{})
		if err := w.restore(s); err != nil {
			return
		}
		again := w.export(s.Host, s.Reached)
		if again == nil {
			return // it knew nothing
		}
		raw, err := again.encode(MaxHostState)
		if err != nil {
			t.Fatal(err)
		}
		read, err := decodeState(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := NewWorker(WorkerOptions{}).restore(read); err != nil {
			t.Fatal(err)
		}
	})
}
