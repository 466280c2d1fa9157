// Package event decodes: bytes on the wire become Events. It is the first step
// of the way through, and knows nothing of NATS, of policies or of what an
// installer is.
//
// It takes a message as a shipper published it, in any of the Shapes, or a
// .evtx file (ReadEvtx). It gives the records in the message's order, each an
// Event or the Fault that kept it from being one.
//
// What it guarantees:
//
//   - Nothing is guessed. A fact that the record does not carry is the zero
//     value, and Missing names it by its path in the policy's input.
//   - Parsers cannot be played off against each other. A name that stands twice,
//     data after the end, a text that is cut short, nesting beyond MaxDepth: each
//     is a Fault, and never half an Event.
//   - What an attacker can choose inside a value is decided, not refused.
//     Characters that no shape may carry become U+FFFD, and Mangled names the
//     fact.
//   - A record with a Fault does not take its neighbours with it.
//   - The same fact reads the same in every shape: paths, GUIDs, logon ids,
//     hashes and times are normalised once, here.
//
// It never panics on its input, never keeps the message, and takes time linear
// in it.
//
// Reading it: Decode (decode.go) cuts a message into records (split.go,
// split_xml.go, split_batch.go). A file a shape (winlogbeat.go, nxlog.go,
// eventxml.go, defender.go …) brings each into one form, a record with its
// header and its facts under the names that the Windows provider gave them
// (record.go). A file a provider (sysmon.go, security.go, msiinstaller.go, and
// endpoint.go for the sensors that are none) reads the Event out of that.
// json.go, xml.go and value.go are the grammar below, path.go and fact.go the
// normal forms. docs/wire-shapes.md says which facts each shape carries.
//
// Scope, in the same package, is the test that runs before Decode: whether a
// message can matter at all.
package event
