package telemetry

import (
	"context"
	"errors"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporterFunc is an exporter that does what a test needs.
type exporterFunc func(context.Context, []sdktrace.ReadOnlySpan) error

func (f exporterFunc) ExportSpans(ctx context.Context, s []sdktrace.ReadOnlySpan) error {
	return f(ctx, s)
}
func (exporterFunc) Shutdown(context.Context) error { return nil }

func endSpans(p *sdktrace.TracerProvider, n int) {
	tracer := p.Tracer("")
	for range n {
		_, span := tracer.Start(context.Background(), "s")
		span.End()
	}
}

func TestEverySpanIsExportedOrCountedAsLost(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
	lost := &spanLoss{}
	gate := make(chan struct{})
	var exported int64
	queue := newSpanQueue(exporterFunc(func(_ context.Context, s []sdktrace.ReadOnlySpan) error {
		<-gate
		exported += int64(len(s))
		return nil
	}), lost)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(queue))

	const ended = 1000
	endSpans(provider, ended) // the collector does not answer: the queue fills up
	full := lost.queueFull.Load()
	if full < ended-100-2*10 || full >= ended {
		t.Errorf("%d spans counted as queue_full, want nearly all but the queue's 100", full)
	}
	close(gate)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if exported+full != ended {
		t.Errorf("%d exported + %d lost, want %d", exported, full, ended)
	}
	if n := lost.export.Load() + lost.shutdown.Load(); n != 0 {
		t.Errorf("%d spans lost for other reasons", n)
	}
}

func TestSpansOfARefusedBatchAreCounted(t *testing.T) {
	lost := &spanLoss{}
	queue := newSpanQueue(exporterFunc(func(context.Context, []sdktrace.ReadOnlySpan) error {
		return errors.New("refused")
	}), lost)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(queue))
	endSpans(provider, 7)
	_ = provider.ForceFlush(t.Context())
	if got := lost.export.Load(); got != 7 {
		t.Errorf("%d spans counted as lost in export, want 7", got)
	}
	_ = provider.Shutdown(t.Context())
}

func TestSpansThatMissTheShutdownAreCounted(t *testing.T) {
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
	lost := &spanLoss{}
	release := make(chan struct{})
	queue := newSpanQueue(exporterFunc(func(context.Context, []sdktrace.ReadOnlySpan) error {
		<-release
		return nil
	}), lost)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(queue))
	tracer := provider.Tracer("")
	_, late := tracer.Start(t.Context(), "late")
	endSpans(provider, 12)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := queue.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown with a collector that hangs: %v, want the deadline", err)
	}
	late.End()
	// One batch of 4 is in the exporter's hands; whether it arrives is not known.
	if got := lost.shutdown.Load(); got != 12-4+1 {
		t.Errorf("%d spans counted as lost at shutdown, want 9", got)
	}
	close(release)
}

func TestUnsampledSpansAreNotLost(t *testing.T) {
	lost := &spanLoss{}
	queue := newSpanQueue(exporterFunc(func(context.Context, []sdktrace.ReadOnlySpan) error { return nil }), lost)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(queue), sdktrace.WithSampler(sdktrace.NeverSample()))
	endSpans(provider, 5000)
	if n := queue.pending.Load() + lost.queueFull.Load(); n != 0 {
		t.Errorf("%d unsampled spans took part", n)
	}
	_ = provider.Shutdown(t.Context())
}
