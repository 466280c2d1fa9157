package install

// Position says which record of which message an Event is: what a Decision
// answers, and where the record can be read again.
type Position struct {
	Stream   string `json:"stream"`   // stream name; offline: the path as given
	Sequence uint64 `json:"sequence"` // stream sequence; offline: line or record number, from 1
	Record   int    `json:"record"`   // index inside the message, from 0
}
