// Package telemetry is how msigate shows what it does: OpenTelemetry traces,
// metrics and logs, a Prometheus endpoint and the health endpoints. Every
// span, attribute and metric name is written here and nowhere else.
//
// It takes plain values from the pipeline (timestamps, a disposition, a header
// map) and gives back trace ids and W3C headers. It knows nothing of NATS, of
// OPA or of what an Event means.
//
// It guarantees:
//   - nothing is dialled unless the environment asks for it: an exporter is
//     made only where OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER or one
//     of their siblings is set;
//   - an event that is not decided costs no span and no allocation;
//   - the spans of a verdict are always recorded, whatever the publisher's
//     sampled flag and OTEL_TRACES_SAMPLER say; those govern the rest;
//   - a span that is lost is counted, with the reason;
//   - it never holds the gateway up: queues are bounded, and full ones drop.
//
// It never puts what an event says (a command line, a path, a user) into a
// span, a metric or a header.
//
// Spans follow the OpenTelemetry semantic conventions 1.43.0, of which those
// for messaging are still in development.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation in every span, metric and log record.
const scope = "msigate/gateway/telemetry"

// DefaultShutdown bounds Shutdown where its context has no deadline.
const DefaultShutdown = 5 * time.Second

// Options says what the environment cannot: everything else comes from the
// standard OTEL_* variables.
type Options struct {
	ServiceVersion string  // service.version; "" leaves it out
	InstanceID     string  // service.instance.id; "" is a random UUID, new at each start
	Log            Logging // where log lines go and how they look
}

// Telemetry is the process's instrumentation. Its methods are safe for
// concurrent use.
type Telemetry struct {
	Log     *slog.Logger // stderr, and OTLP where a logs exporter is configured
	Metrics *Metrics

	tracer   trace.Tracer
	registry *prometheus.Registry // nil: no /metrics
	traces   *sdktrace.TracerProvider
	meters   *sdkmetric.MeterProvider
	logs     *sdklog.LoggerProvider // nil: no logs exporter
}

// Off records nothing and logs nowhere: for offline commands and tests.
func Off() *Telemetry {
	return &Telemetry{Log: slog.New(slog.DiscardHandler)}
}

// Setup reads the OTEL_* variables and starts what they ask for. It dials
// nothing itself; exporters connect when they first have something to send.
// An exporter that cannot be made is an error, an unreadable sampler or
// resource attribute only a warning, as the OpenTelemetry specification says.
// OpenTelemetry's own errors go to the log's stderr side from here on.
func Setup(ctx context.Context, o Options) (*Telemetry, error) {
	stderr := o.Log.handler()
	warn := slog.New(stderr)
	handleSDKErrors(warn)

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	pull, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("set up the Prometheus exporter: %w", err)
	}
	spans, reader, records, err := exporters(ctx)
	if err != nil {
		return nil, err
	}
	res, err := describe(ctx, o)
	if err != nil {
		warn.WarnContext(ctx, "part of the OpenTelemetry resource is unusable", "error", err)
	}
	rest, err := environmentSampler()
	if err != nil {
		warn.WarnContext(ctx, "OTEL_TRACES_SAMPLER is unusable, using parentbased_always_on", "error", err)
	}

	t := &Telemetry{registry: registry}
	lost := &spanLoss{}
	traceOptions := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(res),
		sdktrace.WithSampler(verdictSampler{rest: rest}),
	}
	if spans != nil {
		traceOptions = append(traceOptions, sdktrace.WithSpanProcessor(newSpanQueue(spans, lost)))
	}
	t.traces = sdktrace.NewTracerProvider(traceOptions...)
	t.tracer = t.traces.Tracer(scope, trace.WithInstrumentationVersion(o.ServiceVersion), trace.WithSchemaURL(semconv.SchemaURL))

	if records != nil {
		t.logs = sdklog.NewLoggerProvider(
			sdklog.WithResource(res),
			sdklog.WithProcessor(sdklog.NewBatchProcessor(records)),
		)
	}
	t.Log = o.Log.logger(stderr, t.logs, o.ServiceVersion)

	meterOptions := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(pull)}
	if reader != nil {
		meterOptions = append(meterOptions, sdkmetric.WithReader(reader))
	}
	t.meters = sdkmetric.NewMeterProvider(meterOptions...)
	t.Metrics, err = newMetrics(t.meters.Meter(scope), lost)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create the metric instruments: %w", err), t.Shutdown(ctx))
	}
	return t, nil
}

// Shutdown sends what is still queued and stops the exporters. It returns by
// the context's deadline, or after DefaultShutdown where there is none; what
// could not be sent by then is lost. Traces go first, so that the last metrics
// count the spans lost on the way; logs go last, so that they can say so.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultShutdown)
		defer cancel()
	}
	var errs []error
	stop := func(what string, share int, f func(context.Context) error) {
		// Each signal gets its share of what time is left: one collector
		// that does not answer must not cost the other signals theirs.
		deadline, _ := ctx.Deadline()
		own, cancel := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
		defer cancel()
		if err := f(own); err != nil {
			errs = append(errs, fmt.Errorf("flush %s: %w", what, err))
		}
	}
	if t.traces != nil {
		stop("traces", 3, t.traces.Shutdown)
	}
	if t.meters != nil {
		stop("metrics", 2, t.meters.Shutdown)
	}
	if t.logs != nil {
		stop("logs", 1, t.logs.Shutdown)
	}
	return errors.Join(errs...)
}

// describe is the resource: who sends this telemetry. OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES win over what msigate says of itself.
func describe(ctx context.Context, o Options) (*resource.Resource, error) {
	own := []resource.Option{
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithService(), // a random service.instance.id; the name is replaced below
		resource.WithAttributes(semconv.ServiceName("msigate")),
	}
	if o.ServiceVersion != "" {
		own = append(own, resource.WithAttributes(semconv.ServiceVersion(o.ServiceVersion)))
	}
	if o.InstanceID != "" {
		own = append(own, resource.WithAttributes(semconv.ServiceInstanceID(o.InstanceID)))
	}
	return resource.New(ctx, append(own, resource.WithFromEnv(), resource.WithSchemaURL(semconv.SchemaURL))...)
}
