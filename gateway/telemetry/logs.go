package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/term"
)

// Format is how a log line looks.
type Format string

// The formats.
const (
	Text Format = "text" // for people
	JSON Format = "json" // one object a line, as log/slog writes it
)

// ParseFormat reads a Format, in any case; "" is Text.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case "":
		return Text, nil
	case Text, JSON:
		return f, nil
	}
	return "", fmt.Errorf("log format %q is not known; hint: text or json", s)
}

// Logging says where log lines go and how they look.
type Logging struct {
	Output io.Writer    // nil: stderr
	Format Format       // "": Text
	Level  slog.Leveler // nil: info; also bounds what goes to OTLP
}

// handler writes to Output, with trace_id and span_id where the context has a span.
func (l Logging) handler() slog.Handler {
	out := l.Output
	if out == nil {
		out = os.Stderr
	}
	var h slog.Handler
	if l.Format == JSON {
		h = slog.NewJSONHandler(out, &slog.HandlerOptions{Level: l.level()})
	} else {
		h = newTextHandler(out, l.level(), coloured(out))
	}
	return traceHandler{h}
}

// logger writes to stderr and, where there is one, to the OTLP bridge, which
// takes the trace from the context itself.
func (l Logging) logger(stderr slog.Handler, provider *sdklog.LoggerProvider, version string) *slog.Logger {
	if provider == nil {
		return slog.New(stderr)
	}
	bridge := otelslog.NewHandler(scope, otelslog.WithLoggerProvider(provider),
		otelslog.WithVersion(version), otelslog.WithSchemaURL(semconv.SchemaURL))
	return slog.New(slog.NewMultiHandler(stderr, levelHandler{bridge, l.level()}))
}

func (l Logging) level() slog.Leveler {
	if l.Level == nil {
		return slog.LevelInfo
	}
	return l.Level
}

// coloured says whether to colour: a terminal only, and not where NO_COLOR
// (no-color.org) or TERM=dumb asks for none.
func coloured(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// traceHandler adds the ids of the context's span.
type traceHandler struct {
	slog.Handler
}

func (h traceHandler) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

func (h traceHandler) WithGroup(name string) slog.Handler {
	return traceHandler{h.Handler.WithGroup(name)}
}

// levelHandler keeps what is below level from a handler that has none.
type levelHandler struct {
	slog.Handler
	level slog.Leveler
}

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level.Level() && h.Handler.Enabled(ctx, level)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelHandler{h.Handler.WithAttrs(attrs), h.level}
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{h.Handler.WithGroup(name), h.level}
}
