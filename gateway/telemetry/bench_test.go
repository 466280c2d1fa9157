package telemetry

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// notDecided is all that telemetry does for an event that is not decided.
func notDecided(m *Metrics) {
	m.Event(Out)
	m.ConsumerLag(0)
}

func TestNotDecidedEventAllocatesNothing(t *testing.T) {
	m, _, _ := measured(t)
	if n := testing.AllocsPerRun(1000, func() { notDecided(m) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNotDecided(b *testing.B) {
	m, _, _ := measured(b)
	b.ReportAllocs()
	for b.Loop() {
		notDecided(m)
	}
}

func decided(tel *Telemetry, w Work) {
	p := tel.Process(context.Background(), w)
	p.Send(Output{Header: map[string][]string{}, Subject: "decisions.ws01", Template: "decisions.{host}"}).End(1, nil)
	p.End(w.Received, nil)
}

// A decision that the environment's sampler does not want, under an unsampled publisher.
func BenchmarkDecidedNotSampled(b *testing.B) {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(verdictSampler{sdktrace.ParentBased(sdktrace.AlwaysSample())}))
	tel := Off()
	tel.tracer = provider.Tracer(scope)
	w := alertWork()
	w.Verdict = false
	b.ReportAllocs()
	for b.Loop() {
		decided(tel, w)
	}
}

// A verdict's three spans, with a processor that throws them away.
func BenchmarkVerdict(b *testing.B) {
	lost := &spanLoss{}
	queue := newSpanQueue(exporterFunc(func(context.Context, []sdktrace.ReadOnlySpan) error { return nil }), lost)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(verdictSampler{sdktrace.NeverSample()}), sdktrace.WithSpanProcessor(queue))
	defer func() { _ = provider.Shutdown(context.Background()) }()
	tel := Off()
	tel.tracer = provider.Tracer(scope)
	b.ReportAllocs()
	for b.Loop() {
		decided(tel, alertWork())
	}
}

func BenchmarkDecisionMetrics(b *testing.B) {
	m, _, _ := measured(b)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		m.Decision("alert", "event")
		m.Evaluation(ctx, 150*time.Microsecond)
	}
}
