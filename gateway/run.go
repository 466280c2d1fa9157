package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// RunOptions are what `msigate run` is started with.
type RunOptions struct {
	Config  Config
	Version string
	Log     io.Writer // nil: stderr
	Sync    bool      // embedded: every write is on the disk before it is acknowledged

	// Ready is called once, when events are being read; nil: not wanted.
	Ready func(Running)
}

// Running is what a running gateway can be reached by.
type Running struct {
	URL      string // of NATS, without secrets
	Embedded bool
	HTTP     string // address of health and metrics; "" where there is none
	Policy   *Policy
	Gateway  *Gateway
}

// Run runs the gateway until ctx ends, then drains within Config.Drain.
func Run(ctx context.Context, o RunOptions) (err error) {
	tel, err := setUpTelemetry(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tel.Shutdown(context.WithoutCancel(ctx))) }()

	watch := &busWatch{log: tel.Log}
	conn, url, stopServer, err := openBus(ctx, o, tel, watch)
	if err != nil {
		return err
	}
	defer stopServer()
	defer func() {
		watch.leaving.Store(true)
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(bounded))
	}()
	if err := prepareBus(ctx, conn, o.Config); err != nil {
		return err
	}
	health := newHealth(tel.Log, tel.Metrics)
	ledger := openLedger(conn, o.Config.auditFolder(), tel.Log, health)
	activations, err := newActivation(conn, o.Config, tel, ledger, health)
	if err != nil {
		return err
	}
	if err := activations.start(ctx); err != nil {
		return err
	}
	active := activations.policy

	// The lanes outlive ctx, so that what was taken is finished; see Stop.
	lanes, endLanes := context.WithCancel(context.WithoutCancel(ctx))
	defer endLanes()
	// But nothing is taken while the state is recovered, which can be long.
	started := context.AfterFunc(ctx, endLanes)
	g, err := Start(lanes, Options{Config: o.Config, Conn: conn, Policy: active, Telemetry: tel, Version: o.Version, Ledger: ledger})
	switch stopped := !started(); {
	case err != nil && stopped:
		tel.Log.Info("stopped while the state was recovered: the next start begins that anew")
		return nil
	case err != nil:
		return err
	case stopped:
		return stop(ctx, g, o.Config.Drain)
	}
	background, endBackground := context.WithCancel(ctx)
	defer endBackground()
	address, err := serveHealth(background, o.Config, tel, active, conn)
	if err != nil {
		return errors.Join(err, stop(ctx, g, o.Config.Drain))
	}
	following := activations.follow(background, conn)
	following.Go(func() { activations.tend(background) })
	following.Go(func() { activations.auditHealth(background) })
	if every := o.Config.Selftest.Every; every > 0 {
		following.Go(func() { g.selftestEvery(background, every, health) })
	}
	go g.observe(background)
	if o.Ready != nil {
		o.Ready(Running{URL: url, Embedded: embedded(o.Config), HTTP: address, Policy: active, Gateway: g})
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-g.Failed():
		tel.Log.Error("the gateway cannot go on", "error", failure)
	}
	tel.Log.Info("stopping: no more events are read, what is under way is finished", "bound", o.Config.Drain)
	endBackground()
	following.Wait()
	return errors.Join(failure, stop(ctx, g, o.Config.Drain))
}

func stop(ctx context.Context, g *Gateway, bound time.Duration) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), bound)
	defer cancel()
	return g.Stop(bounded)
}

func setUpTelemetry(ctx context.Context, o RunOptions) (*telemetry.Telemetry, error) {
	format, err := telemetry.ParseFormat(o.Config.Log.Format)
	if err != nil {
		return nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.Config.Log.Level)); err != nil {
		return nil, fmt.Errorf("log.level %q: %w", o.Config.Log.Level, err)
	}
	return telemetry.Setup(ctx, telemetry.Options{
		ServiceVersion: o.Version,
		Log:            telemetry.Logging{Output: o.Log, Format: format, Level: level},
	})
}

func embedded(c Config) bool { return c.NATS.URL == "" && c.NATS.Context == "" }

// openBus connects to the configured NATS, or starts one inside and connects to that.
func openBus(ctx context.Context, o RunOptions, tel *telemetry.Telemetry, watch *busWatch) (conn *bus.Conn, url string, stop func(), err error) {
	options := o.Config.NATS.BusOptions()
	stop = func() {}
	if embedded(o.Config) {
		server, err := bus.StartEmbedded(ctx, bus.EmbeddedOptions{
			StoreDir:   o.Config.Embedded.StoreDir,
			Port:       o.Config.Embedded.Port,
			SyncAlways: o.Sync,
			Log:        tel.Log,
		})
		if err != nil {
			return nil, "", stop, err
		}
		options.URL, stop = server.URL(), server.Shutdown
	}
	options.OnState = watch.changed
	if conn, err = bus.Connect(ctx, options); err != nil {
		stop()
		return nil, "", func() {}, err
	}
	return conn, conn.State().Server, stop, nil
}

// BusOptions says which NATS to connect to, and as whom.
func (c NATSConfig) BusOptions() bus.Options {
	return bus.Options{
		URL:         c.URL,
		Context:     c.Context,
		Credentials: c.CredentialsFile,
		NKeySeed:    c.NKeySeedFile,
		InboxPrefix: c.InboxPrefix,

		JetStreamDomain: c.JetStreamDomain,
		CA:              c.TLS.CAFile,
		Certificate:     c.TLS.CertFile,
		Key:             c.TLS.KeyFile,
	}
}

// busWatch says when the bus goes and when it is back.
type busWatch struct {
	log           *slog.Logger
	lost, leaving atomic.Bool // leaving: this side closes the connection
}

func (w *busWatch) changed(s bus.State) {
	switch {
	case s.Closed, w.leaving.Load():
	case !s.Connected:
		if !w.lost.Swap(true) {
			w.log.Warn("NATS is gone; events wait in the stream, reconnecting", "server", s.Server, "error", s.LastError)
		}
	case w.lost.Swap(false):
		w.log.Info("NATS is back", "server", s.Server)
	}
}

// TopologyOptions are what the configuration says of the streams.
func (c Config) TopologyOptions() bus.TopologyOptions {
	return bus.TopologyOptions{AckWait: c.Consumer.AckWait, MaxAckPending: c.Consumer.MaxAckPending}
}

// prepareBus creates the streams of an embedded server; of any other it only
// checks them, so that the gateway's credentials need no right to alter one.
func prepareBus(ctx context.Context, conn *bus.Conn, c Config) error {
	if embedded(c) {
		_, err := bus.Setup(ctx, conn, c.TopologyOptions())
		return err
	}
	mismatches, err := bus.Check(ctx, conn, c.TopologyOptions())
	if err != nil {
		return err
	}
	if len(mismatches) > 0 {
		return bus.MismatchError(mismatches)
	}
	return nil
}

func serveHealth(ctx context.Context, c Config, tel *telemetry.Telemetry, p *Policy, conn *bus.Conn) (string, error) {
	if !c.HTTP.on() {
		return "", nil
	}
	endpoint, err := tel.Serve(ctx, c.HTTP.Listen, telemetry.Health{
		"snapshot": func() error {
			if p.current.Load() == nil {
				return errors.New("no policy is active")
			}
			return nil
		},
		"bus": func() error {
			if s := conn.State(); !s.Connected {
				return errors.New("NATS is not connected")
			}
			return nil
		},
	})
	if err != nil {
		return "", err
	}
	return endpoint.Addr(), nil
}

// observeInterval is how often the gauges are read.
const observeInterval = 5 * time.Second

// observe keeps the gauges of the bus until ctx ends.
func (g *Gateway) observe(ctx context.Context) {
	tick := time.NewTicker(observeInterval)
	defer tick.Stop()
	m := g.options.Telemetry.Metrics
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.PublishPending(g.publisher.State().Pending)
			facts, unsettled := 0, 0
			for _, l := range g.lanes {
				facts, unsettled = facts+int(l.facts.Load()), unsettled+int(l.unsettled.Load())
			}
			m.TimersWaiting(facts, unsettled)
			g.rollups.report(m)
			g.tellCoverage(m)
			// A server that is away says nothing: the gauge keeps its last value, readiness tells.
			if lag, err := g.Lag(ctx); err == nil {
				m.ConsumerLag(lag.Pending)
			}
		}
	}
}

func metricBundles(stamps []policy.BundleStamp) []telemetry.Bundle {
	bundles := make([]telemetry.Bundle, len(stamps))
	for i, s := range stamps {
		bundles[i] = telemetry.Bundle{Name: s.Name, Revision: s.Revision, Serial: s.Serial}
	}
	return bundles
}
