package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"msigate/gateway/finding"
	"msigate/gateway/install"
)

// stateVersion is that of the form in which a host's state is written down. A
// form that an older gateway would misread has a higher one.
const stateVersion = 1

// stateMark begins every written state; the version follows as one byte.
const stateMark = "msigate-state"

// MaxHostState bounds a host's state as it is written, in bytes.
const MaxHostState = 512 << 10

// maxUnpackedState bounds what a written state unpacks to.
const maxUnpackedState = 64 << 20

// reached says which record of which message was the last to be taken into
// what is known of a host.
type reached struct {
	Sequence uint64 `json:"sequence"`
	Record   int    `json:"record"`
}

func (r reached) compare(other reached) int {
	return cmp.Or(cmp.Compare(r.Sequence, other.Sequence), cmp.Compare(r.Record, other.Record))
}

// hostState is all that is known of one host when every record up to Reached
// is taken in, and all that those caused is stored.
type hostState struct {
	Host     string             `json:"host"`
	Reached  reached            `json:"reached"`
	Install  *install.HostState `json:"install,omitempty"`
	Findings *finding.HostState `json:"findings,omitempty"`
	Timers   []timer            `json:"timers,omitempty"`
}

// export writes down what the worker knows of a host; nil where that is nothing.
func (w *Worker) export(host string, at reached) *hostState {
	s := &hostState{Host: host, Reached: at, Timers: w.timers.byHost[host]}
	var known bool
	if state, ok := w.tracker.Export(host); ok {
		s.Install, known = state, true
	}
	if state, ok := w.findings.Export(host); ok {
		s.Findings, known = state, true
	}
	if !known && len(s.Timers) == 0 {
		return nil
	}
	return s
}

// restore takes over what a worker before it knew of a host. Nothing is taken
// over where it gives an error.
func (w *Worker) restore(s *hostState) error {
	list, err := readTimers(s.Timers)
	if err != nil {
		return fmt.Errorf("timers: %w", err)
	}
	if s.Findings != nil {
		if err := w.findings.Import(s.Host, s.Findings); err != nil {
			return fmt.Errorf("findings: %w", err)
		}
	}
	if s.Install != nil {
		if err := w.tracker.Import(s.Host, s.Install); err != nil {
			// An empty state is never refused.
			return errors.Join(fmt.Errorf("install: %w", err), w.findings.Import(s.Host, &finding.HostState{}))
		}
	}
	w.timers.set(s.Host, list)
	return nil
}

// stateWindow bounds the memory that writing states takes, in bytes: twice as
// much is kept from the first large one on (the library's own choice keeps 8 MB).
const stateWindow = 512 << 10

var stateWriter = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(stateWindow))
})

var stateReader = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpackedState))
})

// knows tells whether the worker knows anything of a host.
func (w *Worker) knows(host string) bool {
	return w.tracker.Knows(host) || len(w.timers.byHost[host]) > 0 || len(w.findings.Open(host)) > 0
}

// encode gives the state in at most MaxHostState bytes, or as many as fit where
// that is less. What does not fit is
// taken out of it: evidence of the largest findings, then what correlation
// misses least.
func (s *hostState) encode(fit int) ([]byte, error) {
	fit = min(fit, MaxHostState)
	for {
		raw, err := json.Marshal(s, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("write the state of %s: %w", s.Host, err)
		}
		packed, err := packState(raw)
		if err != nil {
			return nil, fmt.Errorf("write the state of %s: %w", s.Host, err)
		}
		if len(packed) <= fit && len(raw) <= maxUnpackedState {
			return packed, nil
		}
		if (s.Findings == nil || !s.Findings.Trim()) && (s.Install == nil || !s.Install.Trim()) {
			return nil, fmt.Errorf("write the state of %s: it has %d bytes, %d fit", s.Host, len(packed), fit)
		}
	}
}

// packState packs what is written down of a host, under its mark and version.
func packState(raw []byte) ([]byte, error) {
	writer, err := stateWriter()
	if err != nil {
		return nil, err
	}
	return writer.EncodeAll(raw, append([]byte(stateMark), stateVersion)), nil
}

// unpackState gives what packState was given.
func unpackState(packed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(packed, []byte(stateMark))
	if !ok || len(rest) == 0 {
		return nil, errors.New("it is no state of a host")
	}
	if version := rest[0]; version != stateVersion {
		return nil, fmt.Errorf("%w: it has version %d, this one reads %d", errNewerState, version, stateVersion)
	}
	reader, err := stateReader()
	if err != nil {
		return nil, err
	}
	raw, err := reader.DecodeAll(rest[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("unpack it: %w", err)
	}
	return raw, nil
}

// errNewerState is the error of a state that a newer msigate wrote.
var errNewerState = errors.New("a newer msigate wrote it")

// decodeState reads a state for the host whose key it stood under.
func decodeState(packed []byte) (*hostState, error) {
	raw, err := unpackState(packed)
	if err != nil {
		return nil, err
	}
	s := &hostState{}
	if err := json.Unmarshal(raw, s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("read it: %w", err)
	}
	if s.Host == "" {
		return nil, errors.New("it names no host")
	}
	return s, nil
}
