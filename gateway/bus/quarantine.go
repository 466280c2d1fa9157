package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

// Quarantined is a message, or a record of one, that cannot be decided.
type Quarantined struct {
	Reason   string // stable token, e.g. syntax; the last of the subject
	Detail   string // for people: what and where
	Subject  string // where the message came in
	Stream   string // of the message
	Sequence uint64 // of the message
	Record   int    // index of the record in the message, from 0; -1: the whole message
	Data     []byte // the message as it came, whole
	Header   Header // the message's own; names that NATS or msigate act on are left out
}

// QuarantineRecord stands in QUARANTINE for what cannot be kept whole, as it
// would be over the server's max_payload.
type QuarantineRecord struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Record   int    `json:"record"`
	Subject  string `json:"subject"` // where it came in; of a refused output: where it was to go
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`
	Size     int    `json:"size"`             // bytes
	SHA256   string `json:"sha256"`           // lower-case hex, of the content
	MsgID    string `json:"msg_id,omitempty"` // of a refused output
}

// ReasonRefused is the reason of a record that stands for an output which the
// server would not take.
const ReasonRefused = "refused_output"

// maxDetail bounds the detail in a header, in bytes.
const maxDetail = 1024

// Output makes the message for QUARANTINE: the raw content whole, what is known
// in headers; where the server does not take that much, a QuarantineRecord,
// which HeaderReduced then says. It goes among the Verdicts of its trigger. Its
// id is of stream, sequence, record and reason, so that a redelivery
// quarantines once.
func (q Quarantined) Output() Output {
	h := foreign(q.Header)
	h.Set(HeaderReason, printable(q.Reason, 64))
	h.Set(HeaderDetail, printable(q.Detail, maxDetail))
	h.Set(HeaderSubject, printable(q.Subject, maxSubject))
	h.Set(HeaderStream, printable(q.Stream, 256))
	h.Set(HeaderSequence, strconv.FormatUint(q.Sequence, 10))
	h.Set(HeaderRecord, strconv.Itoa(q.Record))
	return Output{
		Subject: QuarantineSubject(q.Reason),
		MsgID:   fmt.Sprintf("quarantine:%s:%d:%d:%s", q.Stream, q.Sequence, q.Record, q.Reason),
		Data:    q.Data,
		Header:  h,
		Reduce: func(limit int) []byte {
			data := recordOf(q.Data, QuarantineRecord{
				Stream: q.Stream, Sequence: q.Sequence, Record: q.Record,
				Subject: q.Subject, Reason: q.Reason, Detail: q.Detail,
			})
			if len(data) > limit {
				return nil
			}
			return data
		},
	}
}

// Trigger is that of the quarantined record, for Triggered.
func (q Quarantined) Trigger() Trigger {
	return Trigger{Stream: q.Stream, Sequence: q.Sequence, Record: q.Record, Cause: "quarantine"}
}

// refusedOutput is the record of an output that the server would not take.
func refusedOutput(out Output, t Trigger, reason string) Output {
	h := Header{}
	h.Set(HeaderReason, ReasonRefused)
	h.Set(HeaderDetail, printable(reason, maxDetail))
	h.Set(HeaderSubject, printable(out.Subject, maxSubject))
	h.Set(HeaderReduced, "true")
	return Output{
		Subject: QuarantineSubject(ReasonRefused),
		MsgID:   "refused:" + out.MsgID,
		Header:  h,
		Data: recordOf(out.Data, QuarantineRecord{
			Stream: t.Stream, Sequence: t.Sequence, Record: t.Record,
			Subject: out.Subject, Reason: ReasonRefused, Detail: reason, MsgID: out.MsgID,
		}),
	}
}

func recordOf(data []byte, r QuarantineRecord) []byte {
	sum := sha256.Sum256(data)
	r.Size, r.SHA256 = len(data), hex.EncodeToString(sum[:])
	r.Subject = printable(r.Subject, maxSubject)
	r.Detail = printable(r.Detail, maxDetail)
	r.MsgID = printable(r.MsgID, maxDetail)
	out, err := json.Marshal(r)
	if err != nil {
		// Strings and numbers always marshal; what cannot be told is at least counted.
		return []byte(`{"reason":"refused_output"}`)
	}
	return out
}
