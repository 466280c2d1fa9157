// Package coverage knows what arrives of each host and what does not, so that
// silence can be told from blindness.
//
// It takes what the gateway takes in anyway: of a record that was decoded the
// Event, of a message that the scope test put aside its bytes ([Recorder]). It
// keeps of each host, in bounded memory, which kinds of records arrived, when
// and how many, which facts they lack, in which hours the host was heard, how
// far its clock stands from the bus's, what Sysmon says of itself, and how many
// of the records that a channel numbered came. It gives a [Report]: what is
// missing on each host, which signals are blind there ([Signal]), and what to
// switch on.
//
// Counts of what was decoded are exact. A message that was put aside is counted
// by the event id that stands in its bytes, under the provider that the last
// decoded record of that id had; the first [sampleFirst] of an id and every
// [sampleEvery]th are decoded. What is told of their facts is so a sample.
//
// It decides nothing: no Decision rests on it. It knows nothing of NATS or OPA.
package coverage
