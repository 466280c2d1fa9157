package telemetry

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// publisher is the context of whoever published the message.
func publisher(sampled bool) trace.SpanContext {
	state, _ := trace.ParseTraceState("vendor=1")
	c := trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4, 5}, Remote: true, TraceState: state}
	if sampled {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(c)
}

func TestSamplerKeepsEveryVerdictAndLeavesTheRestToTheEnvironment(t *testing.T) {
	tests := []struct {
		name              string
		sampler, arg      string
		publisher         trace.SpanContext
		verdict, recorded bool
	}{
		{"verdict, sampler off, publisher unsampled", "always_off", "", publisher(false), true, true},
		{"verdict, parent-based off, publisher unsampled", "parentbased_always_off", "", publisher(false), true, true},
		{"verdict, ratio 0, no publisher", "traceidratio", "0", trace.SpanContext{}, true, true},
		{"verdict, nothing set", "", "", trace.SpanContext{}, true, true},
		{"rest, nothing set, no publisher", "", "", trace.SpanContext{}, false, true},
		{"rest, nothing set, publisher sampled", "", "", publisher(true), false, true},
		{"rest, nothing set, publisher unsampled", "", "", publisher(false), false, false},
		{"rest, always on, publisher unsampled", "always_on", "", publisher(false), false, true},
		{"rest, always off, publisher sampled", "always_off", "", publisher(true), false, false},
		{"rest, parent-based off, publisher sampled", "parentbased_always_off", "", publisher(true), false, true},
		{"rest, parent-based off, no publisher", "parentbased_always_off", "", trace.SpanContext{}, false, false},
		{"rest, ratio 0", "traceidratio", "0", publisher(true), false, false},
		{"rest, parent-based ratio 0, publisher sampled", "parentbased_traceidratio", "0", publisher(true), false, true},
		{"rest, odd case and blanks", " Always_OFF ", "", trace.SpanContext{}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("OTEL_TRACES_SAMPLER", tt.sampler)
			t.Setenv("OTEL_TRACES_SAMPLER_ARG", tt.arg)
			rest, err := environmentSampler()
			if err != nil {
				t.Fatal(err)
			}
			recorder := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(verdictSampler{rest}), sdktrace.WithSpanProcessor(recorder))
			options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithAttributes(attribute.Bool("other", true), keyVerdict.Bool(tt.verdict))}
			if tt.publisher.IsValid() {
				options = append(options, trace.WithLinks(trace.Link{SpanContext: tt.publisher}))
			}
			ctx, root := provider.Tracer("").Start(t.Context(), "root", options...)
			_, child := provider.Tracer("").Start(ctx, "child") // carries no mark
			child.End()
			root.End()

			want := 0
			if tt.recorded {
				want = 2
			}
			if got := len(recorder.Ended()); got != want {
				t.Errorf("%d spans recorded, want %d", got, want)
			}
			if state := root.SpanContext().TraceState().String(); state != "" {
				t.Errorf("the publisher's tracestate %q got into a trace that is not its own", state)
			}
			if root.SpanContext().IsSampled() != tt.recorded || child.SpanContext().IsSampled() != tt.recorded {
				t.Errorf("sampled flags root %v child %v, want %v", root.SpanContext().IsSampled(), child.SpanContext().IsSampled(), tt.recorded)
			}
		})
	}
}

func TestUnusableSamplerFallsBackToTheStandardAndSaysWhy(t *testing.T) {
	for _, tt := range []struct{ sampler, arg, want string }{
		{"jaeger_remote", "", `sampler "jaeger_remote" is not known; hint: always_on, always_off, traceidratio or one of them with parentbased_ before it`},
		{"traceidratio", "half", `read the ratio in OTEL_TRACES_SAMPLER_ARG="half": strconv.ParseFloat: parsing "half": invalid syntax`},
		{"traceidratio", "1.5", `read the ratio in OTEL_TRACES_SAMPLER_ARG="1.5": not between 0 and 1`},
		{"parentbased_traceidratio", "NaN", `read the ratio in OTEL_TRACES_SAMPLER_ARG="NaN": not between 0 and 1`},
	} {
		t.Setenv("OTEL_TRACES_SAMPLER", tt.sampler)
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", tt.arg)
		s, err := environmentSampler()
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s %s: error %v, want %s", tt.sampler, tt.arg, err, tt.want)
		}
		if want := sdktrace.ParentBased(sdktrace.AlwaysSample()).Description(); s == nil || s.Description() != want {
			t.Errorf("%s %s: sampler %v, want %s", tt.sampler, tt.arg, s, want)
		}
	}
}
