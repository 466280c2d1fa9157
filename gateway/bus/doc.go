// Package bus carries what the other rooms make: it is the only one that
// knows NATS.
//
// It takes messages from the durable consumer of EVENTS and hands them, one at
// a time and in stream order, to the pipeline; it gives the pipeline's outputs
// to the output streams. It keeps state that survives in a key-value bucket, and
// reads back, for a start after a crash, what the streams hold: a range of
// events, and what was published. Besides, it connects, runs the embedded
// server, creates and checks the streams, and keeps what cannot be decoded in
// quarantine.
//
// It guarantees:
//
//   - A message is acknowledged only when whoever took it says so, and that is
//     after the PubAcks of its outputs. What was not acknowledged comes again.
//   - While a message is in flight it is kept alive on the server, and a
//     redelivery of it, or of one settled in this run, is not handed over a
//     second time.
//   - The outputs of one host are stored in the order given, each only after
//     the PubAck of the one before: verdicts first, then the Decision that
//     completes their trigger. Hosts do not wait for one another.
//   - What is to follow a host's outputs (Outputs.Then) is done after all of
//     them are stored and before any later one of the host is sent, or not at
//     all.
//   - State is written by compare-and-set only: of two gateways on one partition
//     the second is told, and an acknowledgement that was lost is no conflict.
//   - A read of a range ends by itself, with its last message or with its
//     context, whatever expires meanwhile; it never skips a message that the
//     stream holds, and goes on where it was when the server comes back.
//   - An output is retried until it is stored: through time-outs, full streams
//     and a bus that is gone. When too many wait, Publish blocks, the handler
//     blocks, and pulling stops; nothing is dropped to make room.
//   - An output that the server will never take (larger than it allows) is
//     replaced by its reduced form, or by a record of it in QUARANTINE: neither
//     lost in silence nor retried for ever.
//   - Every output has a deterministic Nats-Msg-Id, so that a second publish
//     inside the deduplication window is stored once. Past the window the
//     publisher looks at what the stream holds before it sends again.
//   - Nothing from an event reaches a subject unescaped.
//   - No error, state or log line carries a password, token or seed.
//
// It never decodes an event, never alters or deletes a stream outside Setup,
// and Setup never does anything that destroys stored messages.
package bus
