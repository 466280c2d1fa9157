package telemetry

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"
)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestCarrierReadsAnyCaseAndWritesLowerCase(t *testing.T) {
	in := Carrier{
		"Traceparent": {traceparent},
		"TRACESTATE":  {"a=1", "b=2"},
		"Baggage":     {"site=berlin", "ring=1"},
		"Nats-Msg-Id": {"x"},
	}
	ctx := w3c.Extract(t.Context(), in)
	span := trace.SpanContextFromContext(ctx)
	if got := span.TraceID().String(); got != "4bf92f3577b34da6a3ce929d0e0e4736" || !span.IsRemote() || !span.IsSampled() {
		t.Errorf("span context %v remote %v", got, span.IsRemote())
	}
	if got := span.TraceState().String(); got != "a=1,b=2" {
		t.Errorf("tracestate %q, want both lines joined", got)
	}
	if got := baggage.FromContext(ctx).Member("ring").Value(); got != "1" {
		t.Errorf("baggage of the second line %q, want 1", got)
	}

	out := Carrier{"TraceParent": {"stale"}, "Nats-Msg-Id": {"y"}}
	w3c.Inject(ctx, out)
	if got, want := out.Keys(), []string{"Nats-Msg-Id", "baggage", "traceparent", "tracestate"}; !slices.Equal(got, want) {
		t.Errorf("headers %v, want %v", got, want)
	}
	if got := out["traceparent"]; !slices.Equal(got, []string{traceparent}) {
		t.Errorf("traceparent %v, want %s", got, traceparent)
	}
}

func TestCarrierPrefersTheLowerCaseSpelling(t *testing.T) {
	c := Carrier{"TRACEPARENT": {"1"}, "Traceparent": {"2"}}
	if got := c.Get("traceparent"); got != "1" {
		t.Errorf("got %q, want the first in byte order", got)
	}
	c["traceparent"] = []string{"3"}
	if got := c.Get("traceparent"); got != "3" {
		t.Errorf("got %q, want the lower-case one", got)
	}
	if got := Carrier(nil).Get("traceparent"); got != "" {
		t.Errorf("got %q from no headers", got)
	}
}

func TestMalformedContextIsNoContext(t *testing.T) {
	for _, value := range []string{
		"", "00", strings.ToUpper(traceparent), traceparent + "-x", "ff" + traceparent[2:],
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"\x00" + traceparent, strings.Repeat("0", 1<<20),
	} {
		ctx := w3c.Extract(context.Background(), Carrier{"traceparent": {value}, "tracestate": {"=,=,"}, "baggage": {";;="}})
		if span := trace.SpanContextFromContext(ctx); span.IsValid() {
			t.Errorf("traceparent %.60q gave %v", value, span)
		}
	}
}

func TestWhatIsWrittenIsReadBackInWhateverCase(t *testing.T) {
	spell := func(t *rapid.T, name string) string {
		upper := rapid.SliceOfN(rapid.Bool(), len(name), len(name)).Draw(t, "upper")
		letters := []byte(name)
		for i, up := range upper {
			if up {
				letters[i] = strings.ToUpper(name)[i]
			}
		}
		return string(letters)
	}
	rapid.Check(t, func(t *rapid.T) {
		var c trace.SpanContextConfig
		copy(c.TraceID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace"))
		copy(c.SpanID[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "span"))
		c.TraceFlags = trace.TraceFlags(rapid.IntRange(0, 1).Draw(t, "flags"))
		want := trace.NewSpanContext(c)

		out := Carrier{}
		w3c.Inject(trace.ContextWithSpanContext(context.Background(), want), out)
		for _, name := range slices.Collect(maps.Keys(out)) {
			value := out[name]
			delete(out, name)
			out[spell(t, name)] = value
		}
		got := trace.SpanContextFromContext(w3c.Extract(context.Background(), out))
		if !got.Equal(want.WithRemote(want.IsValid())) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
