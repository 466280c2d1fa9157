package gateway

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"msigate/gateway/bus"
	"msigate/gateway/policy"
)

// childMode is the environment variable that makes the test binary another
// process of a test: a NATS server, or a gateway that can be killed.
const childMode = "MSIGATE_TEST_CHILD"

// TestMain runs without the OTEL_* variables of whoever runs the tests.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "OTEL_") {
			os.Unsetenv(name)
		}
	}
	switch mode := os.Getenv(childMode); mode {
	case "":
		collectLess()
		// nats.go 1.55.0 leaves this goroutine where a connection is closed as its
		// first publishing has just begun: it then reads a channel that is nil already.
		goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
	case "nats":
		os.Exit(serveNATS(os.Args[len(os.Args)-1]))
	case "gateway":
		os.Exit(serveGateway(os.Args[len(os.Args)-1]))
	default:
		fmt.Fprintln(os.Stderr, "no such child:", mode)
		os.Exit(2)
	}
}

// collectLess has the garbage collector run less often, for tests alone: a
// fifth of their processor time is its otherwise. What benchmarks measure, and
// what a user sets, stays.
func collectLess() {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(1 << 30)
	}
}

// serveNATS is a NATS server in a process of its own, until stdin ends.
func serveNATS(store string) int {
	server, err := bus.StartEmbedded(context.Background(), bus.EmbeddedOptions{StoreDir: store})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(server.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Shutdown()
	return 0
}

// serveGateway is a gateway in a process of its own: what is measured or
// killed is the gateway and nothing of the test. It answers questions on stdin
// and ends with it.
func serveGateway(configFile string) int {
	if step := os.Getenv(killAt); step != "" {
		killChildAt(step)
	}
	config, err := ReadConfig(configFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err = Run(ctx, RunOptions{Config: config, Version: "test", Ready: func(r Running) {
		fmt.Println("ready")
		go func() {
			defer cancel()
			for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
				answer(questions.Text(), r.Gateway)
			}
		}()
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func answer(question string, g *Gateway) {
	switch question {
	case "heap": // bytes that live once all that changed is written down
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := g.saveLast(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		least := uint64(math.MaxUint64)
		for range 5 { // what is allocated while it is measured is not what lives
			var stats runtime.MemStats
			runtime.GC()
			runtime.GC() // what finalizers and pools of the first held
			runtime.ReadMemStats(&stats)
			least = min(least, stats.HeapAlloc)
		}
		fmt.Println(least)
	case "serial": // of the governance that decides
		for _, stamp := range g.options.Policy.Snapshot().Bundles() {
			if stamp.Name == "governance" {
				fmt.Println(stamp.Serial)
			}
		}
	case "floor": // stream sequence up to which all is acknowledged
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		lag, err := g.Lag(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Println(lag.AckFloor)
	}
}

// patient bounds every step of a test.
func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// loadBuiltIn compiles once for all tests: a Policy that nobody activates
// another Snapshot in never changes. An evaluation may take long on a busy
// machine: what is tested is the answer.
var loadBuiltIn = sync.OnceValues(func() (*Policy, error) {
	return LoadPolicy(context.Background(), nil, policy.Options{Deadline: 5 * time.Second})
})

// builtIn is the active policy and governance of the binary, whose approvals
// hold at any time of the tests' events.
func builtIn(t testing.TB) *Policy {
	t.Helper()
	p, err := loadBuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
