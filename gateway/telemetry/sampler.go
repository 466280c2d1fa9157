package telemetry

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// verdictSampler records every span of a verdict and leaves the rest to the
// environment's sampler.
//
// The first span of a trace carries keyVerdict; the spans below it share its
// fate, so that a verdict's trace is whole. A span without a parent that links
// to the publisher is judged by rest as though the publisher were its parent:
// so the publisher's sampled flag counts, through a parentbased_ sampler, for
// whatever is no verdict.
type verdictSampler struct {
	rest sdktrace.Sampler
}

func (s verdictSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	if parent.IsValid() && !parent.IsRemote() {
		if parent.IsSampled() {
			result.Decision = sdktrace.RecordAndSample
		}
		return result
	}
	for _, a := range p.Attributes {
		if a.Key == keyVerdict && a.Value.AsBool() {
			result.Decision = sdktrace.RecordAndSample
			return result
		}
	}
	if !parent.IsValid() && len(p.Links) > 0 {
		p.ParentContext = trace.ContextWithRemoteSpanContext(p.ParentContext, p.Links[0].SpanContext)
	}
	rest := s.rest.ShouldSample(p)
	// The publisher's tracestate belongs to its own trace, not to this one.
	rest.Tracestate = parent.TraceState()
	return rest
}

func (s verdictSampler) Description() string {
	return "msigate{verdicts always, else " + s.rest.Description() + "}"
}

// environmentSampler reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. The
// SDK does so too, but only for itself. Where they are unusable it returns the
// specification's default together with the error.
func environmentSampler() (sdktrace.Sampler, error) {
	standard := sdktrace.ParentBased(sdktrace.AlwaysSample())
	name := strings.ToLower(strings.TrimSpace(os.Getenv("OTEL_TRACES_SAMPLER")))
	switch name {
	case "", "parentbased_always_on":
		return standard, nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "traceidratio", "parentbased_traceidratio":
		ratio, err := samplerRatio(os.Getenv("OTEL_TRACES_SAMPLER_ARG"))
		if err != nil {
			return standard, err
		}
		if name == "traceidratio" {
			return sdktrace.TraceIDRatioBased(ratio), nil
		}
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)), nil
	default:
		return standard, fmt.Errorf("sampler %q is not known; hint: always_on, always_off, traceidratio or one of them with parentbased_ before it", name)
	}
}

// samplerRatio reads the share of traces to keep, 0 to 1; 1 where it is empty.
func samplerRatio(arg string) (float64, error) {
	arg = strings.TrimSpace(arg)
	if arg == "" {
		return 1, nil
	}
	ratio, err := strconv.ParseFloat(arg, 64)
	if err == nil && !(ratio >= 0 && ratio <= 1) { // NaN too
		err = errors.New("not between 0 and 1")
	}
	if err != nil {
		return 0, fmt.Errorf("read the ratio in OTEL_TRACES_SAMPLER_ARG=%q: %w", arg, err)
	}
	return ratio, nil
}
