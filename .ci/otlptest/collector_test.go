package otlptest

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// collector is the Collector's OTLP receiver, with sinks where a pipeline of
// processors and exporters would follow.
type collector struct {
	grpc, http string // host:port
	traces     consumertest.TracesSink
	metrics    consumertest.MetricsSink
	logs       consumertest.LogsSink
}

// startCollector listens on loopback until the test ends.
func startCollector(t *testing.T) *collector {
	t.Helper()
	// The receiver does not tell which port it got, so it is given a free one,
	// which another process may take in between.
	var err error
	for range 5 {
		c := &collector{grpc: freePort(t), http: freePort(t)}
		if err = c.start(t); err == nil {
			return c
		}
	}
	t.Fatalf("start the OTLP receiver: %v", err)
	return nil
}

func (c *collector) start(t *testing.T) error {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = c.grpc
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = c.http

	settings := receivertest.NewNopSettings(factory.Type())
	// All three are one receiver, shared by its configuration.
	traces, err := factory.CreateTraces(t.Context(), settings, config, &c.traces)
	_, errMetrics := factory.CreateMetrics(t.Context(), settings, config, &c.metrics)
	_, errLogs := factory.CreateLogs(t.Context(), settings, config, &c.logs)
	if err := errors.Join(err, errMetrics, errLogs); err != nil {
		return err
	}
	stop := func() error { return traces.Shutdown(context.Background()) }
	if err := traces.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		return errors.Join(err, stop())
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("stop the OTLP receiver: %v", err)
		}
	})
	return nil
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// environment is what an operator sets to send everything here.
func (c *collector) environment(protocol string) map[string]string {
	address := c.http
	if protocol == "grpc" {
		address = c.grpc
	}
	return map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + address,
		"OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
	}
}

// received is a span with the resource that sent it.
type received struct {
	ptrace.Span
	resource pcommon.Map
}

// spans is every span received so far.
func (c *collector) spans() []received {
	var all []received
	for _, batch := range c.traces.AllTraces() {
		for _, resource := range batch.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					all = append(all, received{span, resource.Resource().Attributes()})
				}
			}
		}
	}
	return all
}

// inTrace is the spans of one trace by name; a name that comes twice fails the test.
func (c *collector) inTrace(t *testing.T, id string) map[string]received {
	t.Helper()
	by := map[string]received{}
	for _, span := range c.spans() {
		if span.TraceID().String() != id {
			continue
		}
		if _, twice := by[span.Name()]; twice {
			t.Errorf("two spans %q in trace %s", span.Name(), id)
		}
		by[span.Name()] = span
	}
	return by
}

// metricsByName is every metric received so far, the latest of each name.
func (c *collector) metricsByName() map[string]pmetric.Metric {
	by := map[string]pmetric.Metric{}
	for _, batch := range c.metrics.AllMetrics() {
		for _, resource := range batch.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					by[metric.Name()] = metric
				}
			}
		}
	}
	return by
}

// eventually waits for what arrives by itself, at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited ten seconds for %s", what)
		}
	}
}

func text(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return strings.TrimSpace(v.AsString())
}
