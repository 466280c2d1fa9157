package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"msigate/gateway/bus"
	"msigate/gateway/event"
)

// shipPending is how many messages of a shipment are on their way at once.
const shipPending = 512

// shipGrace is how long a shipment that is interrupted waits for the
// acknowledgements of what it has sent.
const shipGrace = 10 * time.Second

// ShipOptions say how recorded events are shipped.
type ShipOptions struct {
	Host      string  // publish as this host whatever the records say; "": as each record's own
	Collector string  // publish as this collector; excludes Host
	Rate      float64 // messages a second; 0: as fast as the bus takes them
	Again     bool    // store also what was stored before

	// Told as it happens, one call at a time; nil: nobody.
	Lost     func(ShipProblem) // of each that is not on the bus
	Progress func(ShipSummary) // after each acknowledgement
}

// ShipProblem is a message or record that is not on the bus, and why.
type ShipProblem struct {
	Source string       `json:"source"`
	Line   int          `json:"line"`   // from 1: the line, or the record's number in a .xml or .evtx file
	Record int          `json:"record"` // its place in a message of several, from 0
	Reason event.Reason `json:"reason,omitempty"`
	Detail string       `json:"detail"`
}

func (p ShipProblem) String() string {
	return fmt.Sprintf("%s:%d (record %d): %s", p.Source, p.Line, p.Record, p.Detail)
}

// ShipSummary is what became of a shipment.
type ShipSummary struct {
	Read        int           `json:"read"`           // lines and records of the files
	Stored      int           `json:"stored"`         // messages that the stream has stored
	Duplicates  int           `json:"duplicates"`     // messages that it had already
	First       uint64        `json:"first_sequence"` // of those stored, in EVENTS; 0: none
	Last        uint64        `json:"last_sequence"`
	Undecodable []ShipProblem `json:"undecodable"` // not sent: nobody can tell whose they are
	Failed      []ShipProblem `json:"failed"`      // sent or to be sent, and not acknowledged
	Complete    bool          `json:"complete"`    // every file was read to its end
	Took        float64       `json:"seconds"`
}

// Lost is how many are not on the bus.
func (s *ShipSummary) Lost() int { return len(s.Undecodable) + len(s.Failed) }

// ErrShipStopped is why a shipment ends before the files do: what the bus does
// not take once, it would not take again, and the order must hold.
var ErrShipStopped = errors.New("the bus did not take a message: the rest was not sent")

// Ship publishes recorded events, read as [ReadFiles] does, and returns when the
// stream has acknowledged them. Each message goes as it stands to the subject of
// its host; one with records of several hosts, or longer than the server takes,
// is cut into its records first, and as a collector only where it is too long.
//
// The Nats-Msg-Id is made of the subject and the content: within
// [bus.DedupWindow], what was shipped before is not stored again, whatever file it
// stands in.
//
// An error is why it ended early; the summary says what was done by then. Where
// ctx ends, what was sent is still waited for, for a while.
func Ship(ctx context.Context, conn *bus.Conn, paths []string, stdin io.Reader, o ShipOptions) (ShipSummary, error) {
	shipper, err := bus.NewShipper(conn, shipPending)
	if err != nil {
		return ShipSummary{}, err
	}
	defer shipper.Close()
	s := &shipping{options: o, shipper: shipper, limit: conn.MaxPayload() - shipHeader, began: time.Now()}
	s.summary.Undecodable, s.summary.Failed = []ShipProblem{}, []ShipProblem{} // [] and not null
	if o.Again {
		s.salt = rand.Text()
	}
	s.limiter = rate.NewLimiter(rate.Inf, 1)
	if o.Rate > 0 {
		s.limiter.SetLimit(rate.Limit(o.Rate))
	}
	sent := make(chan onItsWay, shipPending)
	s.sent = sent
	var waiting sync.WaitGroup
	patient, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	waiting.Go(func() { s.await(patient, sent) })

	err = ReadFiles(ctx, paths, stdin, func(m FileMessage) error { return s.take(ctx, m) })
	close(sent)
	if ctx.Err() != nil {
		late := time.AfterFunc(shipGrace, giveUp)
		defer late.Stop()
	}
	waiting.Wait()
	s.summary.Complete = err == nil
	s.summary.Took = time.Since(s.began).Seconds()
	if err == nil && s.stop != nil {
		err, s.summary.Complete = s.stop, false
	}
	return s.summary, err
}

// shipHeader is more than the header of a shipped message takes, in bytes.
const shipHeader = 256

// shipping is one call of Ship.
type shipping struct {
	options ShipOptions
	shipper *bus.Shipper
	limiter *rate.Limiter
	limit   int // bytes of content
	salt    string
	began   time.Time
	sent    chan<- onItsWay

	mu      sync.Mutex
	summary ShipSummary
	stop    error // why nothing more is to be sent
}

// onItsWay is a message that was sent.
type onItsWay struct {
	shipped *bus.Shipped
	from    ShipProblem // its place
}

// take ships one message of a file.
func (s *shipping) take(ctx context.Context, m FileMessage) error {
	s.mu.Lock()
	s.summary.Read++
	s.mu.Unlock()
	records, fault, whole := m.Records, m.Fault, m.Data
	switch {
	case records != nil:
		records[0].Text, whole = m.Text, m.Text
	case fault == nil:
		records, fault = event.Decode(m.Data)
	}
	from := ShipProblem{Source: m.Source, Line: m.Line}
	if fault != nil && (s.subject("") == "" || whole == nil) {
		s.undecodable(from, fault)
		return nil
	}
	subject := s.subject(hostOfAll(records))
	if subject != "" && whole != nil && (len(whole) <= s.limit || len(records) < 2) {
		return s.send(ctx, subject, whole, from)
	}
	for _, record := range records {
		from.Record = record.Index
		host := ""
		if record.Event != nil {
			host = record.Event.Host
		}
		switch subject := s.subject(host); {
		case record.Text == nil, subject == "":
			if record.Fault == nil {
				record.Fault = &event.Fault{Detail: "the record cannot be cut out of its message"}
			}
			s.undecodable(from, record.Fault)
		default:
			if err := s.send(ctx, subject, record.Text, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// subject is where what is of host goes; "" where neither the options nor host
// tell.
func (s *shipping) subject(host string) string {
	switch {
	case s.options.Collector != "":
		return bus.CollectorSubject(s.options.Collector)
	case s.options.Host != "":
		return bus.EventSubject(s.options.Host)
	case host != "":
		return bus.EventSubject(host)
	default:
		return ""
	}
}

// hostOfAll is the one host that records are of; "" where they are of several or
// none is told. What cannot be decoded stays with its neighbours.
func hostOfAll(records []event.Record) string {
	host := ""
	for _, record := range records {
		switch {
		case record.Event == nil:
		case host == "":
			host = record.Event.Host
		case host != record.Event.Host:
			return ""
		}
	}
	return host
}

func (s *shipping) send(ctx context.Context, subject string, data []byte, from ShipProblem) error {
	if err := s.limiter.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for its turn: %w", err)
	}
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if stop != nil {
		return stop
	}
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(s.salt), []byte(subject), data} {
		fmt.Fprintf(hash, "%d:", len(part))
		hash.Write(part)
	}
	id := "ship/" + hex.EncodeToString(hash.Sum(nil)[:16])
	s.sent <- onItsWay{shipped: s.shipper.Send(subject, id, data), from: from}
	return nil
}

// await counts what the stream acknowledges, in the order it was sent.
func (s *shipping) await(ctx context.Context, sent <-chan onItsWay) {
	for one := range sent {
		sequence, duplicate, err := one.shipped.Stored(ctx)
		s.mu.Lock()
		switch {
		case err != nil:
			one.from.Detail = err.Error()
			s.summary.Failed = append(s.summary.Failed, one.from)
			if s.stop == nil && !errors.Is(err, bus.ErrTooLarge) {
				s.stop = ErrShipStopped
			}
		case duplicate:
			s.summary.Duplicates++
		default:
			if s.summary.Stored++; s.summary.First == 0 {
				s.summary.First = sequence
			}
			s.summary.Last = sequence
		}
		if err != nil && s.options.Lost != nil {
			s.options.Lost(one.from)
		}
		if s.options.Progress != nil {
			s.options.Progress(s.summary)
		}
		s.mu.Unlock()
	}
}

func (s *shipping) undecodable(from ShipProblem, fault *event.Fault) {
	from.Reason, from.Detail = fault.Reason, fault.Detail
	s.mu.Lock()
	defer s.mu.Unlock()
	s.summary.Undecodable = append(s.summary.Undecodable, from)
	if s.options.Lost != nil {
		s.options.Lost(from)
	}
}
