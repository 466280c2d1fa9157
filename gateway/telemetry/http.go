package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health names what the gateway needs before it can decide anything
// ("snapshot", "bus"), each with a check that returns why it is not there, nil
// where it is. Checks are called at each request, from several goroutines, and
// must answer at once from what is known. Their texts are shown to whoever can
// reach the address.
type Health map[string]func() error

// Endpoint serves /metrics, /livez, /readyz and /healthz.
type Endpoint struct {
	listener net.Listener
	done     chan error
}

// drain is how long requests in flight may take once the context has ended.
const drain = 3 * time.Second

// Serve listens on an address and answers until ctx ends; it returns as soon
// as it listens. An address without a host, ":9090", means the loopback
// address: who wants other machines to see it says so ("0.0.0.0:9090").
//
//   - /metrics: Prometheus text or OpenMetrics
//   - /livez: 200 while the process answers at all
//   - /readyz: 200 when every need of health is met, else 503; the body says
//     which are not, and why
//   - /healthz: 200 with {"status": "ok"}, or "degraded" with the reasons: it
//     decides all the same, and somebody has to look
func (t *Telemetry) Serve(ctx context.Context, listen string, health Health) (*Endpoint, error) {
	address, err := ListenAddress(listen)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and health on %s: %w; hint: another process may hold the port, choose a free one", address, err)
	}
	server := &http.Server{
		Handler:           t.routes(health),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	e := &Endpoint{listener: listener, done: make(chan error, 1)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	go func() {
		select {
		case err := <-served: // it never stops by itself unless it fails
			e.done <- fmt.Errorf("serve metrics and health on %s: %w", listener.Addr(), err)
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
			defer cancel()
			err := server.Shutdown(end)
			if err != nil { // somebody still reads: cut them off
				err = errors.Join(err, server.Close())
			}
			<-served
			e.done <- err
		}
		close(e.done)
	}()
	return e, nil
}

// Addr is where it really listens, as host:port.
func (e *Endpoint) Addr() string { return e.listener.Addr().String() }

// Wait returns when the endpoint has stopped: nil after the context ended and
// requests in flight were answered. It gives its error once.
func (e *Endpoint) Wait() error { return <-e.done }

// ListenAddress is where to listen for a setting, as host:port: 127.0.0.1 where
// it names no host. It fails where it is no address with a port from 0 to 65535.
func ListenAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("read the listen address %q: %w; hint: host:port, or :port for this machine only", listen, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("read the listen address %q: the port is no number from 0 to 65535", listen)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func (t *Telemetry) routes(health Health) http.Handler {
	mux := http.NewServeMux()
	if t.registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{
			// One series that cannot be shown must not hide the others.
			ErrorHandling:       promhttp.ContinueOnError,
			EnableOpenMetrics:   true,
			MaxRequestsInFlight: 4,
			Timeout:             20 * time.Second,
		}))
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"alive": true})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		body := map[string]any{"status": "ok"}
		if degraded := t.Metrics.degradations(); len(degraded) > 0 {
			body["status"], body["degraded"] = "degraded", degraded
		}
		reply(w, http.StatusOK, body)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		missing := health.missing()
		if len(missing) == 0 {
			reply(w, http.StatusOK, map[string]any{"ready": true})
			return
		}
		reply(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "missing": missing})
	})
	return mux
}

// missing is each need that is not met, with the reason.
func (h Health) missing() map[string]string {
	missing := map[string]string{}
	for need, check := range h {
		if err := check(); err != nil {
			missing[need] = err.Error()
		}
	}
	return missing
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The status is out: a reader that went away cannot be told anything.
	_ = json.NewEncoder(w).Encode(body)
}
