package finding

import (
	"bytes"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/policy"
)

// MaxDocument bounds a finding's document, in bytes. It stays below NATS's
// default max_payload of 1 MiB with room for headers. Evidence is left out,
// the mildest first, until it fits; metadata.is_truncated then says so.
const MaxDocument = 768 << 10

// jsonOptions: text is replaced where it is no UTF-8, never refused, and the
// same value always gives the same bytes.
var jsonOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// render gives the document with its Decisions and its evidence. Both were
// rendered when they came, and are most of it: a finding that goes on is told
// again with each Decision, and only what changed is rendered anew.
func (f *finding) render(doc *DetectionFinding) []byte {
	shown := f.evidence()
	size := 0
	for _, s := range shown {
		size += len(s.Evidence) + 1
	}
	scratch := heads.Get().(*bytes.Buffer)
	defer heads.Put(scratch)
	head := encodeTo(scratch, doc)
	refs := 0
	for i := range f.refs {
		refs += len(f.refs[i].raw) + len("false},")
	}
	if overhead := len(head) + refs + len(`,"evidences":[]`); overhead+size > MaxDocument {
		doc.Metadata.IsTruncated = true
		head = encodeTo(scratch, doc)
		shown = slices.Clone(shown)
		for room := MaxDocument - overhead - len(`"is_truncated":true,`); size > room && len(shown) > 1; {
			i := dropNext(shown)
			size -= len(shown[i].Evidence) + 1
			shown = slices.Delete(shown, i, i+1)
		}
	}
	out := make([]byte, 0, len(head)+refs+size+len(`,"evidences":[]`))
	out = append(out, bytes.TrimSuffix(head, []byte(decisionsEnd))...)
	for i := range f.refs {
		out = f.refs[i].appendTo(out, i > 0)
	}
	out = append(out, `]}}`...)
	for i, s := range shown {
		if i == 0 {
			out = append(out, `,"evidences":[`...)
		} else {
			out = append(out, ',')
		}
		out = append(out, s.Evidence...)
	}
	if len(shown) > 0 {
		out = append(out, ']')
	}
	return append(out, '}')
}

// heads are buffers for documents without Decisions and evidence.
var heads = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func encodeTo(b *bytes.Buffer, doc *DetectionFinding) []byte {
	b.Reset()
	if err := json.MarshalWrite(b, doc, jsonOptions); err != nil {
		return encode(doc) // cannot be either: see encode
	}
	return b.Bytes()
}

// decisionsEnd is how a document without Decisions and evidence ends: they are
// the last of [Gate], which is the last of [DetectionFinding].
const decisionsEnd = `]}}}`

// evidence is what a document shows: the events that stand, or the one that was
// explained last.
func (f *finding) evidence() []*Standing {
	if len(f.Events) == 0 && f.Last != nil && f.Last.Disposition == policy.Expected {
		return []*Standing{f.Last}
	}
	return f.Events
}

// render makes the JSON of a reference up to the value of its last member.
func (r *ref) render() {
	of := r.DecisionRef
	of.Current = false
	r.raw = bytes.TrimSuffix(encode(&of), []byte("false}"))
}

func (r *ref) appendTo(out []byte, more bool) []byte {
	if more {
		out = append(out, ',')
	}
	out = append(out, r.raw...)
	if r.Current {
		return append(out, "true}"...)
	}
	return append(out, "false}"...)
}
