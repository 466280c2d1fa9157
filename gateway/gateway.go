package gateway

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/telemetry"
)

// Reasons for quarantine that are about a message's subject and not its content.
const (
	reasonSubject   event.Reason = "subject"           // neither a host's nor a collector's
	reasonCollector event.Reason = "unknown_collector" // of a collector that the configuration does not name
	reasonRender    event.Reason = "render"            // decided, and the decision could not be written down
)

// Options are what a Gateway needs besides its configuration.
type Options struct {
	Config    Config
	Conn      *bus.Conn
	Policy    *Policy
	Telemetry *telemetry.Telemetry
	Version   string
	Ledger    *Ledger // nil: one of its own, in the data folder
}

// Gateway is the pipeline on a bus: it consumes EVENTS, takes each message
// through the steps, publishes what they tell, and acknowledges the message
// once that is stored. Hosts are spread over lanes; every record of a host
// goes through the same lane, in stream order.
type Gateway struct {
	options                      Options
	collectors                   map[string]bool
	lanes                        []*lane
	publisher                    *bus.Publisher
	consumption                  *bus.Consumption
	lanesRunning, auditorRunning sync.WaitGroup
	backgroundRunning            sync.WaitGroup
	endBackground                context.CancelFunc
	given                        context.Context    // ended: what is not finished is given up
	giveUp                       context.CancelFunc // ends given
	seed                         maphash.Seed
	faults                       faultAudit
	audits                       chan auditEvent

	changes changeFollower // change windows, live
	groups  groupFollower  // host groups, live

	approved *approvedNotes

	following    sync.WaitGroup // of the two
	endFollowing context.CancelFunc

	states       *bus.StateStore
	rollups      *rollups
	coverages    coverageRevisions
	mark         watermark      // as it is stored
	markRevision uint64         // of its entry
	recovered    uint64         // sequence of EVENTS up to which the gateway before had been given messages
	replayed     sync.WaitGroup // messages that are read again at the start
	refused      sync.Map       // revisions by key, of entries that were refused and whose host is not known by name
	saving       sync.Mutex     // one round at a time
	failure      chan error     // why the gateway cannot go on
	failed       atomic.Bool    // it cannot go on: nothing more is written down

	order     sync.Mutex // of what is given to lanes: as EVENTS has it
	taken     uint64     // sequence of the last message
	lastStamp time.Time  // its stamp
	delivery  uint64     // which delivery it was
	missed    missed
}

// Start checks nothing and creates nothing on the bus: see bus.Setup and
// bus.Check. It returns as soon as messages are read; Stop ends it.
func Start(ctx context.Context, o Options) (*Gateway, error) {
	g := &Gateway{options: o, collectors: map[string]bool{}, seed: maphash.MakeSeed(), audits: make(chan auditEvent, 16), failure: make(chan error, 1), rollups: newRollups(o.Version), approved: newApprovedNotes()}
	for _, name := range o.Config.Hosts.Collectors {
		g.collectors[event.LowerASCII(name)] = true
	}
	var err error
	if g.publisher, err = bus.NewPublisher(o.Conn, bus.PublisherOptions{
		OnRetry: o.Telemetry.Metrics.PublishRetry,
		Log:     o.Telemetry.Log,
	}); err != nil {
		return nil, err
	}
	if g.options.Ledger == nil {
		g.options.Ledger = openLedger(o.Conn, o.Config.auditFolder(), o.Telemetry.Log, nil)
	}
	g.given, g.giveUp = context.WithCancel(ctx)
	g.auditorRunning.Go(func() { g.runAuditor(g.given) })
	workers := o.Config.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		g.lanes = append(g.lanes, newLane(g, NewWorker(g.workerOptions(workers))))
	}
	if err = g.followLive(); err == nil {
		err = g.recover(ctx)
	}
	if err != nil {
		g.giveUp()
		g.close()
		return nil, errors.Join(err, g.publisher.Drain(g.given))
	}
	g.consumption, err = bus.Consume(ctx, o.Conn, bus.ConsumeOptions{
		PullMaxMessages: o.Config.Consumer.PullMessages,
		Log:             o.Telemetry.Log,
	}, g.take)
	if err != nil {
		g.close()
		return nil, errors.Join(err, g.publisher.Drain(ctx))
	}
	var background context.Context
	background, g.endBackground = context.WithCancel(g.given)
	g.backgroundRunning.Go(func() { g.keepClock(background) })
	g.backgroundRunning.Go(func() { g.saveEvery(background) })
	g.backgroundRunning.Go(func() { g.writeApproved(background) })
	return g, nil
}

func (g *Gateway) workerOptions(workers int) WorkerOptions {
	limits := g.options.Config.Limits
	share := func(n int) int { return (n + workers - 1) / workers }
	return WorkerOptions{
		Limits: install.Limits{
			Hosts:                share(limits.Hosts),
			Processes:            share(limits.Processes),
			ProcessesPerHost:     limits.ProcessesPerHost,
			TreeProcessesPerHost: limits.TreesPerHost,
			FilesPerHost:         limits.FilesPerHost,
			SessionsPerHost:      limits.SessionsPerHost,
			PackagesPerHost:      limits.PackagesPerHost,
			WatchedPerHost:       limits.DecisionsPerHost,
		},
		Findings:    finding.Limits{MaxFindings: share(limits.Findings), MaxTombstones: share(2 * limits.Findings)},
		DNSSuffixes: g.options.Config.Hosts.DNSSuffixes,
		Telemetry:   g.options.Telemetry,
		Consumer:    bus.ConsumerName,
		Version:     g.options.Version,
		SettleAfter: g.options.Config.Findings.SettleAfter,
		History:     g.history,
		Situation:   g.situation,
	}
}

// lastCoverage bounds how long Stop writes down what arrives of hosts: no decision
// rests on it.
const lastCoverage = 5 * time.Second

// Stop reads no more, finishes what is under way within ctx, writes down the
// state, and returns. What was not finished is delivered again to the next
// gateway; the error says how much.
func (g *Gateway) Stop(ctx context.Context) error {
	err := g.consumption.Drain(ctx)
	g.endBackground()
	if err == nil && !g.failed.Load() && g.options.Conn.State().Connected {
		if err := g.saveLast(ctx); err != nil {
			g.options.Telemetry.Log.Warn("the state was not written down: the next start reads again what came since it was", "watermark", g.mark.Sequence, "error", err)
		}
		// The rest of ctx is for what matters more.
		bounded, cancel := context.WithTimeout(ctx, lastCoverage)
		g.saving.Lock()
		g.saveCoverage(bounded, true)
		g.saving.Unlock()
		if bounded.Err() != nil {
			g.options.Telemetry.Log.Warn("what arrives of hosts was not written down whole: counts of the last ten minutes may be missing")
		}
		cancel()
	}
	if err != nil {
		g.giveUp() // whoever waits for a bus that does not answer
	}
	stop := context.AfterFunc(ctx, g.giveUp)
	defer stop()
	g.backgroundRunning.Wait()
	g.close()
	return errors.Join(err, g.publisher.Drain(ctx))
}

// close ends the lanes, then the auditor they write to. All that was taken is
// settled by then, or given up.
func (g *Gateway) close() {
	g.endLive()
	for _, l := range g.lanes {
		close(l.stop)
	}
	g.lanesRunning.Wait()
	close(g.audits)
	g.auditorRunning.Wait()
	g.giveUp()
}

// message is what a worker sees of a message, and why it cannot be worked on.
func (g *Gateway) message(m *bus.Message) (Message, *event.Fault) {
	message := Message{
		Stream:   m.Stream,
		Sequence: m.Sequence,
		Subject:  m.Subject,
		Header:   m.Header,
		Data:     m.Data,
		Stamp:    m.Stamp,
		Received: time.Now(),
	}
	name, kind, err := bus.HostFromSubject(m.Subject)
	switch {
	case err != nil:
		return message, &event.Fault{Reason: reasonSubject, Detail: err.Error()}
	case name == "":
		return message, &event.Fault{Reason: reasonSubject, Detail: "the subject names no host"}
	case kind == bus.SubjectHost:
		message.Host = event.TrimDNSSuffix(name, g.options.Config.Hosts.DNSSuffixes)
	default:
		message.Reporter = name
		if !g.collectors[name] {
			return message, &event.Fault{Reason: reasonCollector, Detail: fmt.Sprintf("collector %s is not named in the configuration", name)}
		}
	}
	return message, nil
}

// takeIn gives a message to the lane of its host; where only names a host, what
// is of any other is left out. Where the subject does not tell the host, the
// message is decoded here and each of its records goes to its own host's lane.
// settled, if not nil, is called when all is done.
func (g *Gateway) takeIn(m *bus.Message, only string, settled func()) {
	message, fault := g.message(m)
	mark := marked(m)
	switch {
	case mark != "":
		g.takeSelftest(m, message, mark, settled)
	case fault != nil:
		g.refuse(m, message, fault, only, settled)
	case message.Host == "" || message.hostShortened():
		g.split(m, message, only, settled)
	default:
		g.give(message.Host, job{message: message, settle: newSettlement(m, 1, settled)}, only)
	}
}

// refuse quarantines a message as a whole.
func (g *Gateway) refuse(m *bus.Message, message Message, fault *event.Fault, only string, settled func()) {
	g.give(message.sender(), job{message: message, fault: fault, settle: newSettlement(m, 1, settled)}, only)
}

// split decodes a message here, in the one goroutine that reads the stream:
// which hosts it speaks for is not known before, and the order of each host's
// records must hold.
func (g *Gateway) split(m *bus.Message, message Message, only string, settled func()) {
	records, fault := event.Decode(message.Data)
	if fault != nil {
		g.refuse(m, message, fault, only, settled)
		return
	}
	records = message.sort(records, g.options.Config.Hosts.DNSSuffixes)
	settle := newSettlement(m, len(records), settled)
	if len(records) == 0 {
		settle.done(nil)
		return
	}
	for i := range records {
		host := message.sender()
		if records[i].Fault == nil {
			host = records[i].Event.Host
		}
		g.give(host, job{message: message, record: &records[i], settle: settle}, only)
	}
}

// give waits until the lane has room. A job that is given up is not settled:
// its message comes again.
func (g *Gateway) give(host string, j job, only string) {
	if only != "" && host != only && bus.HostToken(host) != only {
		j.settle.done(nil)
		return
	}
	select {
	case g.lane(host).jobs <- j:
	case <-g.given.Done():
		if j.settle.after != nil {
			j.settle.after()
		}
	}
}

// giveAll gives every lane the same, behind all that was taken; false where the
// gateway is given up. What was taken last is told by note.
func (g *Gateway) giveAll(j job, note func()) bool {
	g.order.Lock()
	defer g.order.Unlock()
	if note != nil {
		note()
	}
	for _, l := range g.lanes {
		select {
		case l.jobs <- j:
		case <-g.given.Done():
			return false
		}
	}
	return true
}

// fail says once why the gateway cannot go on.
func (g *Gateway) fail(err error) {
	g.failed.Store(true)
	select {
	case g.failure <- err:
	default: // the first reason stands
	}
}

// Failed gives the reason when the gateway cannot go on: it is to be stopped.
func (g *Gateway) Failed() <-chan error { return g.failure }

func (g *Gateway) lane(host string) *lane {
	return g.lanes[maphash.String(g.seed, host)%uint64(len(g.lanes))]
}

// State is what a running gateway shows of itself.
type State struct {
	Consuming  bus.ConsumptionState
	Publishing bus.PublisherState
}

// State gives the state now.
func (g *Gateway) State() State {
	return State{Consuming: g.consumption.State(), Publishing: g.publisher.State()}
}

// Lag asks the server how far the consumer is behind.
func (g *Gateway) Lag(ctx context.Context) (bus.Lag, error) { return g.consumption.Lag(ctx) }
