package otlptest

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"msigate/gateway/telemetry"
)

// The publisher's context, whose flag says that it is not recorded.
const (
	publisherTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	publisherSpan  = "00f067aa0ba902b7"
	traceparent    = "00-" + publisherTrace + "-" + publisherSpan + "-00"
)

// setUp starts a Collector and the telemetry that sends to it.
func setUp(t *testing.T, protocol string, more map[string]string) (*collector, *telemetry.Telemetry) {
	t.Helper()
	c := startCollector(t)
	for _, env := range []map[string]string{c.environment(protocol), more} {
		for name, value := range env {
			t.Setenv(name, value)
		}
	}
	tel, err := telemetry.Setup(t.Context(), telemetry.Options{
		ServiceVersion: "1.2.3", InstanceID: "gw-1", Log: telemetry.Logging{Output: io.Discard},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, tel
}

func work(disposition string, verdict bool) telemetry.Work {
	now := time.Now()
	return telemetry.Work{
		Header:  map[string][]string{"Traceparent": {traceparent}},
		Subject: "events.host.ws01", Template: "events.host.{host}", Consumer: "msigate",
		Stream: "EVENTS", Sequence: 42,
		Received: now.Add(-5 * time.Millisecond), Began: now.Add(-2 * time.Millisecond), Took: time.Millisecond,
		Disposition: disposition, Severity: "high", Cause: "event", Verdict: verdict,
	}
}

func TestVerdictUnderAnUnsampledPublisherReachesTheCollector(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			c, tel := setUp(t, protocol, map[string]string{
				"OTEL_TRACES_SAMPLER":      "always_off", // not even this keeps a verdict back
				"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
				"OTEL_BSP_SCHEDULE_DELAY":  "50",
			})
			header := map[string][]string{}
			verdict := tel.Process(t.Context(), work("alert", true))
			verdict.Send(telemetry.Output{Header: header, Subject: "verdicts.alert.ws01", Template: "verdicts.alert.{host}", MessageID: "f1-1"}).End(1, nil)
			verdict.End(time.Now(), nil)
			rest := tel.Process(t.Context(), work("expected", false))
			rest.End(time.Now(), nil)
			tel.Log.InfoContext(verdict.Context(), "verdict stored")

			eventually(t, "the verdict's three spans", func() bool { return len(c.spans()) >= 3 })
			if err := tel.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}

			trace := c.inTrace(t, verdict.TraceID())
			process, send, evaluate := trace["process events.host.{host}"], trace["send verdicts.alert.{host}"], trace["evaluate an0940"]
			if len(trace) != 3 || len(c.spans()) != 3 {
				t.Fatalf("%d spans in the verdict's trace and %d in all, want 3: %v", len(trace), len(c.spans()), trace)
			}
			if process.Kind() != ptrace.SpanKindConsumer || send.Kind() != ptrace.SpanKindProducer || evaluate.Kind() != ptrace.SpanKindInternal {
				t.Errorf("kinds %v %v %v", process.Kind(), send.Kind(), evaluate.Kind())
			}
			if !process.ParentSpanID().IsEmpty() || send.ParentSpanID() != process.SpanID() || evaluate.ParentSpanID() != process.SpanID() {
				t.Errorf("parents %v %v %v, want none and process", process.ParentSpanID(), send.ParentSpanID(), evaluate.ParentSpanID())
			}
			if l := process.Links(); l.Len() != 1 || l.At(0).TraceID().String() != publisherTrace || l.At(0).SpanID().String() != publisherSpan {
				t.Errorf("the process span does not link to the publisher: %d links", l.Len())
			}
			if got, want := header["traceparent"], "00-"+verdict.TraceID()+"-"+send.SpanID().String()+"-01"; len(got) != 1 || got[0] != want {
				t.Errorf("the verdict's traceparent %v, want %s", got, want)
			}
			if took := evaluate.EndTimestamp().AsTime().Sub(evaluate.StartTimestamp().AsTime()); took != time.Millisecond {
				t.Errorf("evaluate took %v, want 1ms", took)
			}
			if got := text(process.Attributes(), "msigate.disposition"); got != "alert" {
				t.Errorf("disposition %q", got)
			}
			for name, want := range map[string]string{
				"service.name": "msigate", "service.version": "1.2.3", "service.instance.id": "gw-1", "deployment.environment.name": "test",
			} {
				if got := text(process.resource, name); got != want {
					t.Errorf("resource %s is %q, want %q", name, got, want)
				}
			}

			records := c.logs.AllLogs()
			if c.logs.LogRecordCount() != 1 {
				t.Fatalf("%d log records, want 1", c.logs.LogRecordCount())
			}
			record := records[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			if record.Body().AsString() != "verdict stored" || record.TraceID().String() != verdict.TraceID() {
				t.Errorf("log record %q in trace %s, want the verdict's", record.Body().AsString(), record.TraceID())
			}
		})
	}
}

func TestMetricsReachTheCollector(t *testing.T) {
	c, tel := setUp(t, "grpc", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "OTEL_METRIC_EXPORT_INTERVAL": "50"})
	for range 5 {
		tel.Metrics.Event(telemetry.Out)
	}
	tel.Metrics.Decision("alert", "event")
	tel.Metrics.Evaluation(t.Context(), 150*time.Microsecond)
	eventually(t, "the alert in msigate_decisions", func() bool {
		decisions, ok := c.metricsByName()["msigate_decisions"]
		return ok && sum(decisions.Sum().DataPoints().All(), "disposition", "alert") == 1
	})
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	by := c.metricsByName()
	for name := range by {
		if !strings.HasPrefix(name, "msigate_") {
			t.Errorf("metric %s", name)
		}
	}
	if n := sum(by["msigate_events"].Sum().DataPoints().All(), "outcome", "out"); n != 5 {
		t.Errorf("%d events out, want 5", n)
	}
	if points := by["msigate_evaluation_duration"].Histogram().DataPoints(); points.Len() != 1 || points.At(0).Count() != 1 {
		t.Errorf("evaluation durations %v, want one", points.Len())
	}
	if c.traces.SpanCount() != 0 || c.logs.LogRecordCount() != 0 {
		t.Errorf("%d spans and %d log records arrived, want none", c.traces.SpanCount(), c.logs.LogRecordCount())
	}
}

// point is a number with its labels.
type point interface {
	Attributes() pcommon.Map
	IntValue() int64
}

// sum adds up the points whose label has a value.
func sum[P point](points func(func(int, P) bool), label, value string) int64 {
	var total int64
	for _, p := range points {
		if text(p.Attributes(), label) == value {
			total += p.IntValue()
		}
	}
	return total
}
