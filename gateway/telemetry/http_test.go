package telemetry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

func TestReadyOnlyWithEveryNeedMet(t *testing.T) {
	var bus, snapshot atomic.Bool
	health := Health{
		"bus": func() error {
			if bus.Load() {
				return nil
			}
			return errors.New("no connection to nats://127.0.0.1:4222")
		},
		"snapshot": func() error {
			if snapshot.Load() {
				return nil
			}
			return errors.New("no bundle set has been activated")
		},
	}
	tel, err := Setup(t.Context(), Options{Log: Logging{Output: io.Discard}})
	if err != nil {
		t.Fatal(err)
	}
	defer tel.Shutdown(context.Background())
	ctx, stop := context.WithCancel(t.Context())
	e, err := tel.Serve(ctx, ":0", health)
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(e.Addr()); host != "127.0.0.1" {
		t.Errorf("an address without a host listens on %s, want loopback", e.Addr())
	}
	base := "http://" + e.Addr()
	check := func(path string, wantStatus int, wantBody string) {
		t.Helper()
		if status, body := get(t, base+path); status != wantStatus || body != wantBody {
			t.Errorf("%s: %d %s, want %d %s", path, status, body, wantStatus, wantBody)
		}
	}
	check("/livez", 200, `{"alive":true}`)
	check("/readyz", 503, `{"missing":{"bus":"no connection to nats://127.0.0.1:4222","snapshot":"no bundle set has been activated"},"ready":false}`)
	bus.Store(true)
	check("/readyz", 503, `{"missing":{"snapshot":"no bundle set has been activated"},"ready":false}`)
	snapshot.Store(true)
	check("/readyz", 200, `{"ready":true}`)
	bus.Store(false)
	check("/readyz", 503, `{"missing":{"bus":"no connection to nats://127.0.0.1:4222"},"ready":false}`)
	if status, body := get(t, base+"/metrics"); status != 200 || !strings.Contains(body, "\nmsigate_events_total{outcome=\"out\"} 0") {
		t.Errorf("/metrics: %d %.200s", status, body)
	}
	if status, _ := get(t, base+"/"); status != 404 {
		t.Errorf("/: %d, want 404", status)
	}

	stop()
	if err := e.Wait(); err != nil {
		t.Errorf("after the context ended: %v", err)
	}
	if _, err := net.Dial("tcp", e.Addr()); err == nil {
		t.Error("still listening after Wait")
	}
}

func TestListenErrorsSayWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for listen, want := range map[string]string{
		taken.Addr().String(): "another process may hold the port",
		"9090":                "hint: host:port, or :port for this machine only",
	} {
		if _, err := Off().Serve(t.Context(), listen, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", listen, err, want)
		}
	}
}

func TestLoopbackUnlessTold(t *testing.T) {
	for in, want := range map[string]string{
		":9090":          "127.0.0.1:9090",
		"0.0.0.0:9090":   "0.0.0.0:9090",
		"[::]:9090":      "[::]:9090",
		"localhost:9090": "localhost:9090",
	} {
		if got, err := ListenAddress(in); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
}
