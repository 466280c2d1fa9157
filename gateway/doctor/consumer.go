package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"msigate/gateway/bus"
)

var (
	consumerPaused = Check{
		"consumer.paused", Error, "the consumer is paused",
		"nothing is decided until it goes on, and what expires meanwhile never is", "`nats consumer resume EVENTS msigate`",
	}
	consumerUnread = Check{
		"consumer.unread", Error, "nobody asks for events, and some wait",
		"nothing is decided", "`msigate run` with this configuration",
	}
	consumerLag = Check{
		"consumer.lag", Warning, "the oldest event that waits came more than two minutes ago",
		"verdicts come late: events come faster than they are decided, or NATS does not take what is published", "docs/performance.md says what a gateway decides in a second; more processors, or one gateway for each account",
	}
	consumerExpiring = Check{
		"consumer.expiring", Error, "the oldest event that waits has spent half of the age of EVENTS",
		"events are about to expire undecided", "a longer age at once: `msigate setup` with --events-age 168h; then see why nothing is read",
	}
	consumerPending = Check{
		"consumer.ack_pending", Warning, "80 % of max_ack_pending are delivered and not acknowledged",
		"delivery is about to stop until outputs are stored: NATS does not take them, or the gateway stands still", "the gateway's log and msigate_publish_pending say why; then raise consumer.max_ack_pending and run `msigate setup`",
	}
	consumerRedelivered = Check{
		"consumer.redeliveries", Warning, "events that are in flight were delivered before",
		"a gateway was killed a moment ago, or two share the consumer, or ack_wait is too short for this NATS", "look again in a minute; if it stays, see that one gateway runs, then raise consumer.ack_wait and run `msigate setup`",
	}
	stateStale = Check{
		"state.not_written", Warning, "an event that came five minutes ago (or ten state.save_interval) is acknowledged, and msigate-state does not stand for it yet",
		"a restart reads that much again; past the age of EVENTS it is lost", "the gateway's log says why; `nats stream info KV_msigate-state` whether it takes anything",
	}
)

var consumerChecks = []Check{consumerPaused, consumerUnread, consumerLag, consumerExpiring, consumerPending, consumerRedelivered, stateStale}

const (
	lagAge      = 2 * time.Minute
	silentAge   = time.Minute
	silentWaits = 6 // ack_waits: what is taken is acknowledged, or delivered again, well before
	stateAge    = 5 * time.Minute
	stateRounds = 10
)

// consumer looks at how far EVENTS is read.
func (e *examination) consumer() {
	c := e.inspected.Consumer
	if c == nil {
		return // absent, and named as such
	}
	const object = "consumer " + bus.StreamEvents + "/" + bus.ConsumerName
	if c.Paused {
		e.find(consumerPaused, object, "until %s", c.PausedUntil.UTC().Format(time.RFC3339))
	}
	if c.Waiting == 0 && (c.Pending > 0 && c.AckPending == 0 || c.AckPending > 0 && silent(c, e.inspected.ServerTime)) {
		e.find(consumerUnread, object, "%d events wait, %d were taken and not acknowledged", c.Pending, c.AckPending)
	}
	if !c.Oldest.IsZero() {
		age := e.inspected.ServerTime.Sub(c.Oldest)
		events, _ := e.inspected.Stream(bus.StreamEvents)
		switch {
		case events.MaxAge > 0 && age > events.MaxAge/2:
			e.find(consumerExpiring, object, "%d events wait, the oldest for %s; EVENTS keeps %s", c.Pending, span(age), span(events.MaxAge))
		case age > lagAge:
			e.find(consumerLag, object, "%d events wait, the oldest for %s", c.Pending, span(age))
		}
	}
	if c.MaxAckPending > 0 && float64(c.AckPending) >= fullEnough*float64(c.MaxAckPending) {
		e.find(consumerPending, object, "%d of %d", c.AckPending, c.MaxAckPending)
	}
	if c.Redelivered > 0 {
		e.find(consumerRedelivered, object, "%d of %d in flight", c.Redelivered, c.AckPending)
	}
}

// silent tells whether nothing was delivered or acknowledged, though something
// waited, for as long as no gateway that lives is silent. What a killed one had
// taken stays in flight. A nats-server that has just started knows of neither
// time: then the oldest that waits tells.
func silent(c *bus.ConsumerInspection, now time.Time) bool {
	last := c.Acknowledged
	for _, sign := range []time.Time{c.LastDelivered, c.Oldest} {
		if last.Before(sign) {
			last = sign
		}
	}
	return !last.IsZero() && now.Sub(last) > max(silentAge, silentWaits*c.AckWait)
}

// state looks at whether what was acknowledged is written down: at the first
// event that the watermark does not stand for.
func (e *examination) state(ctx context.Context) {
	c := e.inspected.Consumer
	if _, there := e.inspected.Stream(bus.BucketStream(bus.BucketState)); !there || c == nil || c.AckFloor == 0 {
		return
	}
	first, err := e.unwritten(ctx)
	switch {
	case errors.Is(err, bus.ErrGone): // all is written
	case err != nil:
		e.skip("the state of hosts", "%v", err)
	default:
		e.late(first)
	}
}

func (e *examination) unwritten(ctx context.Context) (*bus.Message, error) {
	state, err := bus.OpenState(ctx, e.Conn)
	if err != nil {
		return nil, err
	}
	entry, there, err := state.Get(ctx, bus.StateWatermark)
	if err != nil {
		return nil, err
	}
	var mark struct {
		Sequence uint64 `json:"sequence"`
	}
	if there {
		if err := json.Unmarshal(entry.Value, &mark); err != nil {
			return nil, fmt.Errorf("read the key %s of %s: %w", bus.StateWatermark, bus.BucketState, err)
		}
	}
	return bus.Next(ctx, e.Conn, bus.StreamEvents, mark.Sequence+1)
}

// late holds the first event that is not written down against the time.
func (e *examination) late(first *bus.Message) {
	age := e.inspected.ServerTime.Sub(first.Stamp)
	if first.Sequence <= e.inspected.Consumer.AckFloor && age > max(stateAge, stateRounds*e.Config.State.SaveInterval) {
		e.find(stateStale, "bucket "+bus.BucketState, "event %d of %s was stored %s ago, is acknowledged and not written down", first.Sequence, bus.StreamEvents, span(age))
	}
}

// span is a duration to the unit that matters.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
