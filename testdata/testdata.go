// Package testdata holds what msigate is shown and tested with: events in the
// shapes real shippers send, written by the project, and what must come of them.
//
// A story is a folder of stories/: README.md says what happens and what must come
// out, events.jsonl has one message a line as a shipper publishes it,
// delivery.txt, where there is one, its stamp and subject, and the golden files
// what came of it. retold/ says how decisions differ from shape to shape.
package testdata

import "embed"

// Stories are all stories, each with all its files: those that the demonstration
// tells, and what msigate test holds a policy to.
//
//go:embed stories
var Stories embed.FS
