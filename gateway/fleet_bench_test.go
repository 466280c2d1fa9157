//go:build unix

package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/telemetry"
)

// BenchmarkFleet tells what 100,000 hosts with ten live remembered processes
// each cost: their memory, the writing down of them all at once and how long
// events wait meanwhile, and the loading by the next gateway. The server is a
// process of its own with its default max_payload, on the same machine. It
// takes about two minutes; with -short there are 2,000 hosts.
func BenchmarkFleet(b *testing.B) {
	hosts := 100_000
	if testing.Short() {
		hosts = 2_000
	}
	for b.Loop() {
		store := b.TempDir()
		nats := startChild(b, "nats", store)
		f := &fleet{b: b, hosts: hosts, config: DefaultConfig()}
		f.config.NATS.URL, f.config.HTTP.Listen, f.config.Evaluation.Deadline = nats.line(), "off", 5*time.Second
		f.config.State.SaveInterval = 24 * time.Hour // the benchmark says when
		f.config.Limits.Hosts, f.config.Limits.Processes = 2*hosts, 20*hosts
		f.connect()
		f.measure(store)
		nats.stop()
	}
}

// fleet is a gateway that knows many hosts, and who measures it.
type fleet struct {
	b      *testing.B
	hosts  int
	config Config
	conn   *bus.Conn
}

const processesPerHost = 10

func (f *fleet) connect() {
	conn, err := bus.Connect(patient(f.b), bus.Options{URL: f.config.NATS.URL})
	if err != nil {
		f.b.Fatal(err)
	}
	if _, err := bus.Setup(patient(f.b), conn, f.config.TopologyOptions()); err != nil {
		f.b.Fatal(err)
	}
	f.conn = conn
}

func (f *fleet) start() *Gateway {
	ctx, cancel := context.WithCancel(context.Background())
	f.b.Cleanup(cancel)
	g, err := Start(ctx, Options{Config: f.config, Conn: f.conn, Policy: builtIn(f.b), Telemetry: telemetry.Off(), Version: "test"})
	if err != nil {
		f.b.Fatal(err)
	}
	return g
}

func (f *fleet) stop(g *Gateway) {
	if err := g.Stop(hours(f.b)); err != nil {
		f.b.Fatal(err)
	}
}

// hours bounds what takes long on a slow machine.
func hours(b *testing.B) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	b.Cleanup(cancel)
	return ctx
}

func (f *fleet) measure(store string) {
	b := f.b
	builtIn(b) // not of what is measured
	empty := liveHeap()
	g := f.start()
	probe := f.probe()
	probe.run(time.Second) // and one message must have come for a round to begin

	began := time.Now()
	f.fill(g)
	b.ReportMetric(float64(liveHeap()-empty)/1e6, "heap-MB")
	b.Logf("%d hosts with %d processes each, through the steps from bytes on, in %s", f.hosts, processesPerHost, time.Since(began).Round(time.Millisecond))

	before := diskUse(b, store, bus.BucketState)
	b.Logf("an event while nothing is saved: %s", probe.run(3*time.Second))
	began, cpu := time.Now(), cpuTime()
	saved := make(chan error, 1)
	go func() { saved <- g.save(hours(b)) }()
	var took, spent time.Duration
	waited := probe.until(func() bool {
		select {
		case err := <-saved:
			if err != nil {
				b.Fatal(err)
			}
			took, spent = time.Since(began), cpuTime()-cpu
			return true
		default:
			return false
		}
	})
	b.Logf("an event while all is saved: %s", waited)
	b.ReportMetric(took.Seconds(), "save-s")
	b.ReportMetric(spent.Seconds(), "save-cpu-s")
	b.ReportMetric(float64(waited.longest().Milliseconds()), "longest-wait-ms")
	b.ReportMetric(float64(diskUse(b, store, bus.BucketState)-before)/1e6, "saved-disk-MB")

	began = time.Now()
	f.touch(g, f.hosts/100)
	if err := g.save(hours(b)); err != nil {
		b.Fatal(err)
	}
	b.Logf("one host in a hundred has changed: saved in %s", time.Since(began).Round(time.Millisecond))
	f.stop(g)
	g = nil

	entries, size, largest := f.entries()
	b.ReportMetric(float64(entries), "entries")
	b.ReportMetric(float64(size)/1e6, "state-MB")
	b.Logf("the largest of %d entries has %d bytes", entries, largest)

	empty = liveHeap()
	began, cpu = time.Now(), cpuTime()
	g = f.start()
	b.ReportMetric(time.Since(began).Seconds(), "load-s")
	b.ReportMetric((cpuTime() - cpu).Seconds(), "load-cpu-s")
	b.ReportMetric(float64(liveHeap()-empty)/1e6, "loaded-heap-MB")
	f.known(g)
	f.stop(g)
	probe.end()
	if err := f.conn.Close(patient(b)); err != nil {
		b.Fatal(err)
	}
}

// fill takes the process starts of every host through the steps of its lane.
func (f *fleet) fill(g *Gateway) {
	f.b.Helper()
	f.onLanes(g, func(l *lane, host int) {
		name := fleetHost(host)
		for n := range processesPerHost {
			m := &Message{Stream: bus.StreamEvents, Sequence: uint64(1_000_000 + host*processesPerHost + n), Subject: bus.EventSubject(name), Host: name, Stamp: morning, Data: fleetStart(host, n)}
			if steps, _ := l.worker.Process(l.gateway.given, g.options.Policy, m); len(steps) != 1 || steps[0].Outcome != Remembered {
				f.b.Errorf("a process start of %s became %+v", name, steps)
			}
		}
		l.touch(name, reached{Sequence: 1, Record: wholeMessage})
	}, f.hosts)
}

// touch says of some hosts that they have changed.
func (f *fleet) touch(g *Gateway, hosts int) {
	f.onLanes(g, func(l *lane, host int) { l.touch(fleetHost(host), reached{}) }, hosts)
}

// onLanes has each host's own lane do something, and waits for it.
func (f *fleet) onLanes(g *Gateway, do func(l *lane, host int), hosts int) {
	var all sync.WaitGroup
	for _, l := range g.lanes {
		all.Add(1)
		l.jobs <- job{clock: morning, done: func() {
			defer all.Done()
			for host := range hosts {
				if g.lane(fleetHost(host)) == l {
					do(l, host)
				}
			}
		}}
	}
	all.Wait()
}

// known fails where a loaded gateway does not know every process.
func (f *fleet) known(g *Gateway) {
	var mu sync.Mutex
	n := 0
	f.onLanes(g, func(l *lane, host int) {
		if s := l.worker.export(fleetHost(host), reached{}); s != nil && s.Install != nil {
			mu.Lock()
			n += s.Install.Remembered
			mu.Unlock()
		}
	}, f.hosts)
	if n != f.hosts*processesPerHost {
		f.b.Errorf("%d processes are known after loading, want %d", n, f.hosts*processesPerHost)
	}
}

// entries is what the bucket holds.
func (f *fleet) entries() (n, size, largest int) {
	states, err := bus.OpenState(patient(f.b), f.conn)
	if err != nil {
		f.b.Fatal(err)
	}
	began := time.Now()
	err = states.Load(hours(f.b), func(e bus.StateEntry) error {
		n, size, largest = n+1, size+len(e.Value), max(largest, len(e.Value))
		return nil
	})
	if err != nil {
		f.b.Fatal(err)
	}
	f.b.Logf("reading the entries alone: %s", time.Since(began).Round(time.Millisecond))
	return n, size, largest
}

func fleetHost(host int) string { return fmt.Sprintf("pc%06d.corp.example", host) }

// fleetStart is the n-th process of a host, in a fleet where hosts share
// programs and each has its own user and command lines.
func fleetStart(host, n int) []byte {
	programs := [...]string{
		`C:\Windows\System32\svchost.exe`, `C:\Program Files\Browser\Application\browser.exe`, `C:\Windows\System32\backgroundTaskHost.exe`,
		`C:\Program Files\Contoso\Agent\agent.exe`, `C:\Windows\System32\conhost.exe`, `C:\Program Files\Office\WINWORD.EXE`,
	}
	image := programs[(host+n)%len(programs)]
	id := host*processesPerHost + n
	r := started(fleetHost(host), n, image, fmt.Sprintf(`"%s" --type=renderer --handle=%d,i,%d`, image, 1700+host%5000, id), `C:\Windows\explorer.exe`, `C:\Windows\Explorer.EXE`, 0)
	r.data["User"], r.data["ParentUser"] = fmt.Sprintf(`CORP\user%d`, host), fmt.Sprintf(`CORP\user%d`, host)
	r.data["ProcessGuid"] = fmt.Sprintf("{%08x-%04x-69a5-%04x-%012x}", host*7919, id*77%65536, n, id)
	r.data["ProcessId"] = fmt.Sprint(1000 + 4*(n*7+host%101))
	r.data["ParentProcessGuid"], r.data["ParentProcessId"] = fmt.Sprintf("{%08x-0000-69a5-0000-%012x}", host*7919, host), "700"
	return r.json()
}

// prober ships an event that is decided a hundred times a second, and notes how
// long after it was shipped its decision is stored and read.
type prober struct {
	b     *testing.B
	conn  *bus.Conn
	n     int
	mu    sync.Mutex
	since map[uint64]time.Time // by sequence of EVENTS
	took  waits
	early map[uint64]time.Time // decisions that came before the sequence was known
	end   func()
}

func (f *fleet) probe() *prober {
	p := &prober{b: f.b, conn: f.conn, since: map[uint64]time.Time{}, early: map[uint64]time.Time{}}
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		err := bus.Tail(ctx, f.conn, bus.TailOptions{Stream: bus.StreamDecisions}, func(m *bus.Message) bool {
			now := time.Now()
			log, err := finding.ReadDecisionLog(m.Data)
			if err != nil {
				f.b.Error(err)
				return false
			}
			p.decided(log.Custom.Sequence, now)
			return true
		})
		if err != nil {
			f.b.Error(err)
		}
	})
	p.end = func() {
		cancel()
		reading.Wait()
	}
	f.b.Cleanup(p.end)
	return p
}

func (p *prober) decided(sequence uint64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began, ok := p.since[sequence]; ok {
		delete(p.since, sequence)
		p.took = append(p.took, now.Sub(began))
		return
	}
	p.early[sequence] = now
}

func (p *prober) run(d time.Duration) waits {
	end := time.Now().Add(d)
	return p.until(func() bool { return time.Now().After(end) })
}

// until ships until it is over, waits for the decisions, and gives how long
// each took.
func (p *prober) until(over func() bool) waits {
	p.took = nil
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var shipping sync.WaitGroup
	for !over() {
		<-tick.C
		p.n++
		host := fmt.Sprintf("ws%02d.corp.example", p.n%50)
		// One program, so that all are one rollup.
		data := bytes.Replace(attack(host, p.n), fmt.Appendf(nil, "SHA256=%064X", p.n), fmt.Appendf(nil, "SHA256=%064X", 0), 1)
		shipping.Go(func() {
			began := time.Now()
			sequence, err := p.conn.Ship(hours(p.b), bus.EventSubject(host), "", data, nil)
			if err != nil {
				p.b.Error(err)
				return
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if now, ok := p.early[sequence]; ok {
				delete(p.early, sequence)
				p.took = append(p.took, now.Sub(began))
				return
			}
			p.since[sequence] = began
		})
	}
	shipping.Wait()
	eventually(p.b, "every event is decided", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.since) == 0
	})
	return p.took
}

// waits are how long events took from their shipper to their decision.
type waits []time.Duration

func (w waits) longest() time.Duration { return slices.Max(w) }

func (w waits) String() string {
	sorted := slices.Sorted(slices.Values(w))
	at := func(part float64) time.Duration {
		return sorted[int(part*float64(len(sorted)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("half within %s, 99 of 100 within %s, all %d within %s", at(0.5), at(0.99), len(sorted), at(1))
}

// liveHeap is how many bytes live.
func liveHeap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// cpuTime is what this process has used of the processors, the server not.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// diskUse is how many bytes the server keeps of a bucket.
func diskUse(b *testing.B, store, bucket string) (size int64) {
	b.Helper()
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "KV_"+bucket) {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return size
}
