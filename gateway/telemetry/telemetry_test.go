package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
)

func TestNothingIsExportedUnlessTheEnvironmentAsks(t *testing.T) {
	tests := []struct {
		env                   map[string]string
		traces, metrics, logs bool
	}{
		{map[string]string{}, false, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SERVICE_NAME": "x"}, false, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true, true, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, true, false, false},
		{map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}, true, false, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, false, false, false},
		{map[string]string{"OTEL_LOGS_EXPORTER": "console"}, false, false, true},
	}
	for _, tt := range tests {
		for name, value := range tt.env {
			t.Setenv(name, value)
		}
		spans, reader, records, err := exporters(t.Context())
		if err != nil {
			t.Errorf("%v: %v", tt.env, err)
		}
		if (spans != nil) != tt.traces || (reader != nil) != tt.metrics || (records != nil) != tt.logs {
			t.Errorf("%v: traces %v metrics %v logs %v", tt.env, spans != nil, reader != nil, records != nil)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if spans != nil {
			_ = spans.Shutdown(ctx)
		}
		if reader != nil {
			cancelled, stop := context.WithCancel(ctx)
			stop() // do not wait for a last export to nobody
			_ = reader.Shutdown(cancelled)
		}
		cancel()
		for name := range tt.env {
			t.Setenv(name, "")
		}
	}
}

func TestExporterThatCannotBeMadeIsAnErrorWithAHint(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"OTEL_TRACES_EXPORTER", "zipkin", `set up the exporter of traces (OTEL_TRACES_EXPORTER="zipkin", OTEL_EXPORTER_OTLP_PROTOCOL="")`},
		{"OTEL_METRICS_EXPORTER", "statsd", `OTEL_METRICS_EXPORTER="statsd"`},
		{"OTEL_LOGS_EXPORTER", "syslog", `hint: the exporter is otlp, console or none`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(tt.name, tt.value)
			tel, err := Setup(t.Context(), Options{Log: Logging{Output: io.Discard}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s in it", err, tt.want)
			}
			if tel != nil {
				t.Error("a Telemetry besides the error")
			}
		})
	}
}

func TestUnusableVariablesAreWarnedOfOnStderr(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "jaeger_remote")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "site=berlin,broken")
	var out bytes.Buffer
	tel, err := Setup(t.Context(), Options{Log: Logging{Output: &out}})
	if err != nil {
		t.Fatal(err)
	}
	defer tel.Shutdown(context.Background())
	for _, want := range []string{"OTEL_TRACES_SAMPLER is unusable", "jaeger_remote", "broken"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q not in %s", want, out.String())
		}
	}
}

func TestResourceSaysWhoSendsAndTheEnvironmentWins(t *testing.T) {
	value := func(o Options, key attribute.Key) string {
		t.Helper()
		r, err := describe(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := r.Set().Value(key)
		return v.AsString()
	}
	o := Options{ServiceVersion: "1.2.3"}
	if n, v := value(o, "service.name"), value(o, "service.version"); n != "msigate" || v != "1.2.3" {
		t.Errorf("service %s %s", n, v)
	}
	if a, b := value(o, "service.instance.id"), value(o, "service.instance.id"); len(a) != 36 || a == b {
		t.Errorf("instance ids %s and %s, want two UUIDs", a, b)
	}
	o.InstanceID = "gw-1"
	if id := value(o, "service.instance.id"); id != "gw-1" {
		t.Errorf("instance %s", id)
	}
	t.Setenv("OTEL_SERVICE_NAME", "msigate-berlin")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-7,site=berlin")
	if n, id, site := value(o, "service.name"), value(o, "service.instance.id"), value(o, "site"); n != "msigate-berlin" || id != "pod-7" || site != "berlin" {
		t.Errorf("name %s instance %s site %s", n, id, site)
	}
}

func TestRepeatedSDKErrorsAreLoggedOnceAMinute(t *testing.T) {
	var out bytes.Buffer
	handleSDKErrors(slog.New(Logging{Output: &out}.handler()))
	for range 5 {
		otel.Handle(errors.New("traces export: connection refused"))
	}
	otel.Handle(errors.New("metrics export: connection refused"))
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines, want one for each of the two errors:\n%s", n, out.String())
	}
}

func TestShutdownIsBoundedWhenTheCollectorHangs(t *testing.T) {
	var asked atomic.Int64
	hang := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-hang
	}))
	defer collector.Close()
	defer close(hang)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	tel, err := Setup(t.Context(), Options{Log: Logging{Output: io.Discard}})
	if err != nil {
		t.Fatal(err)
	}
	tel.Process(t.Context(), alertWork()).End(at, nil)
	tel.Log.Info("m")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = tel.Shutdown(ctx)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("shutdown took %v, want about 300 ms", took)
	}
	if err == nil || !strings.Contains(err.Error(), "flush traces") {
		t.Errorf("error %v, want it to say that traces were not flushed", err)
	}
	if asked.Load() < 2 {
		t.Errorf("%d signals got their turn, want all to be tried", asked.Load())
	}
}

func TestCollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+l.Addr().String())
	began := time.Now()
	tel, err := Setup(t.Context(), Options{Log: Logging{Output: io.Discard}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		tel.Process(t.Context(), alertWork()).End(at, nil)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("set-up and 3000 verdicts took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_ = tel.Shutdown(ctx)
}
