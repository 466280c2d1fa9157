package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// asked says whether the environment wants a signal ("TRACES", "METRICS",
// "LOGS") exported. The OpenTelemetry default, OTLP to localhost, is not
// taken: a gateway that nobody told of a collector must not look for one.
func asked(signal string) bool {
	if strings.EqualFold(strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED")), "true") {
		return false
	}
	for _, name := range []string{
		"OTEL_" + signal + "_EXPORTER",
		"OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT",
	} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// exporters makes what the environment asks for; what it does not is nil.
func exporters(ctx context.Context) (spans sdktrace.SpanExporter, reader sdkmetric.Reader, records sdklog.Exporter, err error) {
	defer func() {
		if err == nil {
			return
		}
		// A half-made set would leave goroutines and listeners behind.
		if spans != nil {
			err = errors.Join(err, spans.Shutdown(ctx))
		}
		if reader != nil {
			err = errors.Join(err, reader.Shutdown(ctx))
		}
	}()
	if asked("TRACES") {
		if spans, err = autoexport.NewSpanExporter(ctx); err != nil {
			return nil, nil, nil, exporterError("TRACES", err)
		}
		if autoexport.IsNoneSpanExporter(spans) {
			spans = nil
		}
	}
	if asked("METRICS") {
		if reader, err = autoexport.NewMetricReader(ctx); err != nil {
			reader = nil
			return spans, nil, nil, exporterError("METRICS", err)
		}
		if autoexport.IsNoneMetricReader(reader) {
			reader = nil
		}
	}
	if asked("LOGS") {
		if records, err = autoexport.NewLogExporter(ctx); err != nil {
			return spans, reader, nil, exporterError("LOGS", err)
		}
		if autoexport.IsNoneLogExporter(records) {
			records = nil
		}
	}
	return spans, reader, records, nil
}

func exporterError(signal string, err error) error {
	name := "OTEL_" + signal + "_EXPORTER"
	protocol := "OTEL_EXPORTER_OTLP_PROTOCOL"
	if own := "OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL"; os.Getenv(own) != "" {
		protocol = own
	}
	return fmt.Errorf("set up the exporter of %s (%s=%q, %s=%q): %w; hint: the exporter is otlp, console or none (metrics also prometheus), the protocol grpc or http/protobuf",
		strings.ToLower(signal), name, os.Getenv(name), protocol, os.Getenv(protocol), err)
}

// repeatEvery is how often the same error of the SDK is logged. A collector
// that is away fails every batch of every signal.
const repeatEvery = time.Minute

// handleSDKErrors sends OpenTelemetry's own errors to log, which must not be
// bridged to OTLP: a record about a failed export would feed the next one.
func handleSDKErrors(log *slog.Logger) {
	var mu sync.Mutex
	last := map[string]time.Time{}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		text := err.Error()
		mu.Lock()
		now := time.Now()
		repeated := now.Sub(last[text]) < repeatEvery
		if !repeated {
			if len(last) >= 64 { // texts can carry addresses; forget rather than grow
				clear(last)
			}
			last[text] = now
		}
		mu.Unlock()
		if !repeated {
			log.Warn("OpenTelemetry reports a fault", "error", text)
		}
	}))
}
