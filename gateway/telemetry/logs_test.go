package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"
)

func inTrace() context.Context {
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{0xcd}, TraceFlags: trace.FlagsSampled,
	}))
}

const traceSuffix = " trace_id=ab000000000000000000000000000000 span_id=cd00000000000000"

func TestTextLinesAreForPeople(t *testing.T) {
	tests := []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"plain", func(l *slog.Logger) { l.Info("listening", "address", "127.0.0.1:9090", "n", 3) }, "INFO  listening address=127.0.0.1:9090 n=3"},
		{"quoted", func(l *slog.Logger) { l.Warn("bus away", "error", errors.New(`dial "x": refused`), "empty", "") }, `WARN  bus away error="dial \"x\": refused" empty=""`},
		{"trace", func(l *slog.Logger) { l.ErrorContext(inTrace(), "not stored") }, "ERROR not stored" + traceSuffix},
		{"group", func(l *slog.Logger) { l.With("a", 1).WithGroup("nats").With("b", 2).Info("m", "c", 3) }, "INFO  m a=1 nats.b=2 nats.c=3"},
		{"group value", func(l *slog.Logger) {
			l.Info("m", slog.Group("g", "x", 1, slog.Group("", "y", 2)), slog.Attr{}, slog.Group("none"))
		}, "INFO  m g.x=1 g.y=2"},
		{"terminal escapes", func(l *slog.Logger) { l.Info("file \x1b[2J\nERROR forged", "path", "a\x1b]0;x\a") }, `INFO  file \x1b[2J\nERROR forged path="a\x1b]0;x\a"`},
		{"bad UTF-8", func(l *slog.Logger) { l.Info("m", "v", "a\xff") }, `INFO  m v="a\xff"`},
		{"right-to-left override", func(l *slog.Logger) { l.Info("m", "v", "a\u202egpj") }, `INFO  m v="a\u202egpj"`},
		{"time and duration", func(l *slog.Logger) { l.Info("m", "at", at, "took", 1500*time.Microsecond) }, "INFO  m at=2026-11-24T15:04:05Z took=1.5ms"},
		{"below the level", func(l *slog.Logger) { l.Debug("m") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.log(slog.New(Logging{Output: &out}.handler()))
			line := strings.TrimSuffix(out.String(), "\n")
			if tt.want == "" {
				if line != "" {
					t.Errorf("got %s", line)
				}
				return
			}
			stamp, rest, _ := strings.Cut(line, " ")
			if _, err := time.Parse("2006-01-02T15:04:05.000Z", stamp); err != nil {
				t.Error(err)
			}
			if rest != tt.want {
				t.Errorf("got  %s\nwant %s", rest, tt.want)
			}
		})
	}
}

func TestColourIsForTerminalsOnly(t *testing.T) {
	var out bytes.Buffer
	if coloured(&out) {
		t.Error("a buffer is no terminal")
	}
	slog.New(newTextHandler(&out, slog.LevelInfo, true)).Warn("m")
	if !strings.Contains(out.String(), "\x1b[33mWARN\x1b[0m  m") {
		t.Errorf("got %q", out.String())
	}
}

func TestJSONLinesCarryTheTrace(t *testing.T) {
	var out bytes.Buffer
	slog.New(Logging{Output: &out, Format: JSON}.handler()).With("a", 1).InfoContext(inTrace(), "m")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["msg"] != "m" || line["trace_id"] != "ab000000000000000000000000000000" || line["span_id"] != "cd00000000000000" || line["a"] != 1.0 {
		t.Errorf("line %v", line)
	}
}

func TestParseFormat(t *testing.T) {
	for in, want := range map[string]Format{"": Text, "text": Text, "JSON": JSON} {
		if got, err := ParseFormat(in); err != nil || got != want {
			t.Errorf("%q: %v %v", in, got, err)
		}
	}
	if _, err := ParseFormat("logfmt"); err == nil || !strings.Contains(err.Error(), "hint: text or json") {
		t.Errorf("error %v", err)
	}
}

type recordKeeper struct{ records []sdklog.Record }

func (k *recordKeeper) Export(_ context.Context, r []sdklog.Record) error {
	for _, record := range r {
		k.records = append(k.records, record.Clone())
	}
	return nil
}
func (*recordKeeper) Shutdown(context.Context) error   { return nil }
func (*recordKeeper) ForceFlush(context.Context) error { return nil }

func TestLogsAreBridgedWithTheirTraceAndLevel(t *testing.T) {
	kept := &recordKeeper{}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(kept)))
	var out bytes.Buffer
	l := Logging{Output: &out}
	logger := l.logger(l.handler(), provider, "1.2.3").With("a", 1)
	logger.DebugContext(inTrace(), "too quiet")
	logger.InfoContext(inTrace(), "stored")

	if len(kept.records) != 1 || kept.records[0].Body().String() != "stored" {
		t.Fatalf("bridged %v, want one record", kept.records)
	}
	if got := kept.records[0].TraceID(); got != (trace.TraceID{0xab}) {
		t.Errorf("bridged trace %v", got)
	}
	if !strings.Contains(out.String(), "stored a=1"+traceSuffix) || strings.Contains(out.String(), "quiet") {
		t.Errorf("stderr %q", out.String())
	}
}
