package doctor

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"msigate/gateway"
	"msigate/gateway/bus"
)

func TestMain(m *testing.M) {
	// As in package bus: nats.go leaves it where a connection is closed at once.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// deployment is a server under deploy/nats-server.conf, set up by its
// administrator, and the configuration of a gateway on it.
type deployment struct {
	t      testing.TB
	url    string
	config gateway.Config
	admin  *bus.Conn
	js     jetstream.JetStream // the administrator's, to plant what is wrong
}

func deploy(t testing.TB) *deployment {
	t.Helper()
	for _, name := range []string{"ADMIN", "GATEWAY", "SHIPPER", "GOVERNANCE", "READER"} {
		if err := os.Setenv("MSIGATE_"+name+"_PASSWORD", strings.ToLower(name)+"-secret"); err != nil {
			t.Fatal(err)
		}
	}
	options, err := server.ProcessConfigFile("../../deploy/nats-server.conf")
	if err != nil {
		t.Fatal(err)
	}
	options.Port, options.StoreDir, options.NoSigs, options.NoLog = server.RANDOM_PORT, t.TempDir(), true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	d := &deployment{t: t, url: s.ClientURL(), config: gateway.DefaultConfig()}
	d.config.NATS = gateway.NATSConfig{URL: d.as("gateway"), InboxPrefix: "_INBOX_gateway"}
	d.config.DataDir = t.TempDir()
	d.config.HTTP.Listen = "off"
	if err := os.Chmod(d.config.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.admin = d.connect(bus.Options{URL: d.as("admin")})
	nc, err := nats.Connect(d.as("admin"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if d.js, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	d.setup()
	return d
}

// as is the URL of a user.
func (d *deployment) as(user string) string {
	return strings.Replace(d.url, "://", "://"+user+":"+user+"-secret@", 1)
}

func (d *deployment) connect(o bus.Options) *bus.Conn {
	d.t.Helper()
	c, err := bus.Connect(patient(d.t), o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = c.Close(context.Background()) }) // the server may be down by then
	return c
}

func (d *deployment) setup() {
	d.t.Helper()
	if _, err := bus.Setup(patient(d.t), d.admin, bus.TopologyOptions{}); err != nil {
		d.t.Fatal(err)
	}
}

// examined is what Examine reports, in time.
func examined(t testing.TB, o Options) Report {
	t.Helper()
	r, err := Examine(patient(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// examine looks at the deployment as its gateway would.
func (d *deployment) examine(o Options) Report {
	d.t.Helper()
	if o.Config.DataDir == "" {
		o.Config = d.config
	}
	if o.Conn == nil {
		conn, err := bus.Connect(patient(d.t), o.Config.NATS.BusOptions())
		if err != nil {
			d.t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		o.Conn, o.Own = conn, true
	}
	return examined(d.t, o)
}

// altered is the configuration of a stream as alter makes it.
func (d *deployment) altered(name string, alter func(*jetstream.StreamConfig)) jetstream.StreamConfig {
	d.t.Helper()
	s, err := d.js.Stream(patient(d.t), name)
	if err != nil {
		d.t.Fatal(err)
	}
	config := s.CachedInfo().Config
	alter(&config)
	return config
}

// stream alters the configuration of a stream.
func (d *deployment) stream(name string, alter func(*jetstream.StreamConfig)) {
	d.t.Helper()
	config := d.altered(name, alter)
	if _, err := d.js.UpdateStream(patient(d.t), config); err != nil {
		d.t.Fatal(err)
	}
}

// remade deletes a stream and makes it anew, otherwise.
func (d *deployment) remade(name string, alter func(*jetstream.StreamConfig)) {
	d.t.Helper()
	config := d.altered(name, alter)
	d.gone(name)
	if _, err := d.js.CreateStream(patient(d.t), config); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) gone(name string) {
	d.t.Helper()
	if err := d.js.DeleteStream(patient(d.t), name); err != nil {
		d.t.Fatal(err)
	}
}

// consumer alters the configuration of the durable.
func (d *deployment) consumer(alter func(*jetstream.ConsumerConfig)) {
	d.t.Helper()
	c, err := d.js.Consumer(patient(d.t), bus.StreamEvents, bus.ConsumerName)
	if err != nil {
		d.t.Fatal(err)
	}
	config := c.CachedInfo().Config
	alter(&config)
	if _, err := d.js.UpdateConsumer(patient(d.t), bus.StreamEvents, config); err != nil {
		d.t.Fatal(err)
	}
}

// publish stores a message as the administrator.
func (d *deployment) publish(subject string, header nats.Header, body string) {
	d.t.Helper()
	if _, err := d.js.PublishMsg(patient(d.t), &nats.Msg{Subject: subject, Header: header, Data: []byte(body)}); err != nil {
		d.t.Fatal(err)
	}
}

// fetch takes messages from the durable and does with each what it is told.
func (d *deployment) fetch(n int, each func(jetstream.Msg)) {
	d.t.Helper()
	c, err := d.js.Consumer(patient(d.t), bus.StreamEvents, bus.ConsumerName)
	if err != nil {
		d.t.Fatal(err)
	}
	got, err := c.Fetch(n, jetstream.FetchMaxWait(5*time.Second))
	if err != nil {
		d.t.Fatal(err)
	}
	for m := range got.Messages() {
		each(m)
	}
	if err := got.Error(); err != nil {
		d.t.Fatal(err)
	}
}

// pending waits until the server counts what was stored: it does so a moment later.
func (d *deployment) pending() {
	d.t.Helper()
	for ctx := patient(d.t); ; {
		c, err := d.js.Consumer(ctx, bus.StreamEvents, bus.ConsumerName)
		if err != nil {
			d.t.Fatal(err)
		}
		if c.CachedInfo().NumPending > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
