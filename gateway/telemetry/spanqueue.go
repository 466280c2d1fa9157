package telemetry

import (
	"context"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Why a span was lost.
const (
	lostQueueFull = "queue_full" // the exporter is slower than the verdicts
	lostExport    = "export"     // the exporter gave a batch up, or the collector refused part of it
	lostShutdown  = "shutdown"   // still queued when time ran out, or ended afterwards
)

// spanLoss counts sampled spans that reached no collector, by reason.
type spanLoss struct {
	queueFull, export, shutdown atomic.Int64
}

// spanQueue is the SDK's batch processor with its losses in sight. The SDK
// counts the spans it drops only for itself, or under an experimental switch
// of its own; so admission is decided here, by the same bound
// (OTEL_BSP_MAX_QUEUE_SIZE), and the SDK's queue is made a little larger so
// that it never has to drop.
type spanQueue struct {
	sdktrace.SpanProcessor
	limit   int64
	pending atomic.Int64 // ended, not yet handed to the exporter
	closed  atomic.Bool
	lost    *spanLoss
}

// flushSlack is room in the SDK's queue for its own flush markers.
const flushSlack = 64

func newSpanQueue(e sdktrace.SpanExporter, lost *spanLoss) *spanQueue {
	q := &spanQueue{lost: lost}
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(countingExporter{SpanExporter: e, queue: q},
		func(o *sdktrace.BatchSpanProcessorOptions) {
			q.limit = int64(o.MaxQueueSize)
			o.MaxQueueSize += flushSlack
			o.BlockOnQueueFull = true // it is never full: see limit
		})
	return q
}

// OnEnd never waits: a span that finds the queue full is counted and lost.
func (q *spanQueue) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if q.closed.Load() {
		q.lost.shutdown.Add(1)
		return
	}
	if q.pending.Add(1) > q.limit {
		q.pending.Add(-1)
		q.lost.queueFull.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

func (q *spanQueue) Shutdown(ctx context.Context) error {
	q.closed.Store(true)
	err := q.SpanProcessor.Shutdown(ctx)
	if left := q.pending.Swap(0); left > 0 {
		q.lost.shutdown.Add(left)
	}
	return err
}

type countingExporter struct {
	sdktrace.SpanExporter
	queue *spanQueue
}

// ExportSpans counts a failed batch as lost whole: the SDK does not keep it,
// and where a collector refused only a part, its answer does not say which.
func (e countingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.queue.pending.Add(-int64(len(spans)))
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		e.queue.lost.export.Add(int64(len(spans)))
	}
	return err
}
