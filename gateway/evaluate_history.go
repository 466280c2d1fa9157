package gateway

import (
	"context"
	"slices"

	"msigate/gateway/install"
)

// Bounds of what an Evaluation keeps of what it has read, so that a record
// that was passed over can be decided when a later one says what it belongs to.
const (
	keptMessages = 100_000
	keptBytes    = 64 << 20
)

// passed is what was read last, in order.
type passed struct {
	messages []*Message
	first    int // of those kept, in messages
	bytes    int
}

func (p *passed) keep(m *Message) {
	p.messages = append(p.messages, m)
	p.bytes += len(m.Data)
	for p.bytes > keptBytes || len(p.messages)-p.first > keptMessages {
		p.bytes -= len(p.messages[p.first].Data)
		p.messages[p.first] = nil
		p.first++
	}
	if p.first > keptMessages {
		p.messages = append(p.messages[:0:0], p.messages[p.first:]...)
		p.first = 0
	}
}

// lookBackMessages is how many messages are read before a position at most:
// those of files are mostly in order.
const lookBackMessages = 512

// history is a [History] of files: whatever they name, hosts are mixed in them.
func (p *passed) history(ctx context.Context, _ *Message, from install.Position, each func(*Message) bool) error {
	kept := p.messages[p.first:]
	begin := max(0, slices.IndexFunc(kept, func(m *Message) bool { return m.Stream == from.Stream && m.Sequence == from.Sequence }))
	if begin < len(kept) {
		since := kept[begin].Stamp.Add(-lookBack)
		for n := 0; n < lookBackMessages && begin > 0 && !kept[begin-1].Stamp.Before(since); n++ {
			begin--
		}
	}
	for _, m := range kept[begin:] {
		if !each(m) {
			break
		}
	}
	return ctx.Err()
}
