// Package testdata holds the stories that msigate is shown and tested with:
// events in the shapes real shippers send, written by the project, and the
// decisions they must get.
package testdata

import "embed"

// Stories has one folder a story: events.jsonl, one message a line as a
// shipper publishes it, and README.md, what happens in it.
//
//go:embed stories/*/events.jsonl stories/*/README.md
var Stories embed.FS
