package telemetry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// traced is a Telemetry whose spans a test can read.
func traced(rest sdktrace.Sampler) (*Telemetry, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(verdictSampler{rest}), sdktrace.WithSpanProcessor(recorder))
	t := Off()
	t.traces, t.tracer = provider, provider.Tracer(scope)
	return t, recorder
}

var at = time.Date(2026, 11, 24, 15, 4, 5, 0, time.UTC)

func alertWork() Work {
	return Work{
		Header:   map[string][]string{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}, "Baggage": {"site=berlin"}},
		Subject:  "events.host.ws01",
		Template: "events.host.{host}", Consumer: "msigate",
		Stream: "EVENTS", Sequence: 42, Record: 3,
		Received: at, Decoded: at.Add(100 * time.Microsecond),
		Began: at.Add(200 * time.Microsecond), Took: 150 * time.Microsecond,
		Disposition: "alert", Severity: "high", Cause: "event", Verdict: true,
	}
}

func attributes(s sdktrace.ReadOnlySpan) map[attribute.Key]string {
	m := map[attribute.Key]string{}
	for _, a := range s.Attributes() {
		m[a.Key] = a.Value.String()
	}
	return m
}

func TestVerdictIsTracedFromThePublisherToItsHeader(t *testing.T) {
	tel, recorder := traced(sdktrace.NeverSample())
	p := tel.Process(t.Context(), alertWork())
	header := map[string][]string{"Nats-Msg-Id": {"f1-1"}}
	sending := p.Send(Output{Header: header, Subject: "verdicts.alert.ws01", Template: "verdicts.alert.{host}", MessageID: "f1-1", Size: 900})
	sending.End(1, nil)
	p.End(at.Add(time.Millisecond), nil)

	spans := recorder.Ended()
	names := make([]string, len(spans))
	for i, s := range spans {
		names[i] = s.SpanKind().String() + " " + s.Name()
	}
	if want := []string{"internal evaluate an0940", "producer send verdicts.alert.{host}", "consumer process events.host.{host}"}; !slices.Equal(names, want) {
		t.Fatalf("spans %q, want %q", names, want)
	}
	evaluate, send, process := spans[0], spans[1], spans[2]

	if links := process.Links(); len(links) != 1 || links[0].SpanContext.SpanID().String() != "00f067aa0ba902b7" {
		t.Errorf("links %v, want one to the publisher", links)
	}
	if process.Parent().IsValid() || process.SpanContext().TraceID().String() == "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("the process span is in the publisher's trace, want one of its own")
	}
	for _, s := range []sdktrace.ReadOnlySpan{evaluate, send} {
		if s.Parent().SpanID() != process.SpanContext().SpanID() || s.SpanContext().TraceID() != process.SpanContext().TraceID() {
			t.Errorf("%s is not below process", s.Name())
		}
	}
	if !process.StartTime().Equal(at) || !process.EndTime().Equal(at.Add(time.Millisecond)) {
		t.Errorf("process from %v to %v", process.StartTime(), process.EndTime())
	}
	if !evaluate.StartTime().Equal(at.Add(200*time.Microsecond)) || !evaluate.EndTime().Equal(at.Add(350*time.Microsecond)) {
		t.Errorf("evaluate from %v to %v", evaluate.StartTime(), evaluate.EndTime())
	}
	if e := process.Events(); len(e) != 1 || e[0].Name != "decoded" || !e[0].Time.Equal(at.Add(100*time.Microsecond)) {
		t.Errorf("events %v, want decoded at its time", e)
	}
	if p.TraceID() != process.SpanContext().TraceID().String() || p.SpanID() != evaluate.SpanContext().SpanID().String() {
		t.Errorf("ids %s %s, want those of evaluate", p.TraceID(), p.SpanID())
	}
	if got, want := header["traceparent"], "00-"+p.TraceID()+"-"+send.SpanContext().SpanID().String()+"-01"; len(got) != 1 || got[0] != want {
		t.Errorf("traceparent %v, want %s", got, want)
	}
	if got := header["baggage"]; !slices.Equal(got, []string{"site=berlin"}) {
		t.Errorf("baggage %v, want the publisher's", got)
	}

	wantProcess := map[attribute.Key]string{
		"messaging.system": "nats", "messaging.operation.name": "process", "messaging.operation.type": "process",
		"messaging.destination.name": "events.host.ws01", "messaging.destination.template": "events.host.{host}",
		"messaging.consumer.group.name": "msigate", "messaging.message.id": "EVENTS/42",
		"msigate.stream": "EVENTS", "msigate.stream.sequence": "42", "msigate.record": "3", "msigate.verdict": "true",
		"msigate.disposition": "alert", "msigate.severity": "high", "msigate.cause": "event",
	}
	if got := attributes(process); !equal(got, wantProcess) {
		t.Errorf("process attributes\n%v, want\n%v", got, wantProcess)
	}
	wantSend := map[attribute.Key]string{
		"messaging.system": "nats", "messaging.operation.name": "send", "messaging.operation.type": "send",
		"messaging.destination.name": "verdicts.alert.ws01", "messaging.destination.template": "verdicts.alert.{host}",
		"messaging.message.id": "f1-1", "messaging.message.body.size": "900",
	}
	if got := attributes(send); !equal(got, wantSend) {
		t.Errorf("send attributes\n%v, want\n%v", got, wantSend)
	}
}

func equal(a, b map[attribute.Key]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func TestUnsampledDecisionStillHasIdsAndPassesItsFlagOn(t *testing.T) {
	tel, recorder := traced(sdktrace.ParentBased(sdktrace.AlwaysSample()))
	w := alertWork() // the publisher's flag says not to record
	w.Disposition, w.Verdict = "expected", false
	p := tel.Process(t.Context(), w)
	header := map[string][]string{}
	p.Send(Output{Header: header, Subject: "decisions.ws01", Template: "decisions.{host}"}).End(1, nil)
	p.End(at, nil)
	if n := len(recorder.Ended()); n != 0 {
		t.Errorf("%d spans recorded", n)
	}
	if len(p.TraceID()) != 32 || len(p.SpanID()) != 16 {
		t.Errorf("ids %q %q", p.TraceID(), p.SpanID())
	}
	if h := header["traceparent"]; len(h) != 1 || !strings.HasPrefix(h[0], "00-"+p.TraceID()) || !strings.HasSuffix(h[0], "-00") {
		t.Errorf("traceparent %v, want this trace with flag 00", h)
	}
}

func TestTheCallersSpanIsNotTakenForThePublishers(t *testing.T) {
	tel, recorder := traced(sdktrace.AlwaysSample())
	ctx, caller := tel.tracer.Start(t.Context(), "caller")
	w := alertWork()
	w.Header = nil
	tel.Process(ctx, w).End(at, nil)
	caller.End()
	for _, s := range recorder.Ended() {
		if s.Name() == "process events.host.{host}" && (len(s.Links()) != 0 || s.Parent().IsValid()) {
			t.Errorf("process has links %v and parent %v", s.Links(), s.Parent())
		}
	}
}

func TestFailuresAreMarkedOnTheirSpans(t *testing.T) {
	tel, recorder := traced(sdktrace.AlwaysSample())
	w := alertWork()
	w.Fault, w.MessageID, w.Cause = "timeout", "ship-7", "fact:17.0"
	p := tel.Process(t.Context(), w)
	p.Send(Output{Header: map[string][]string{}, Subject: "verdicts.review.ws01", Template: "verdicts.review.{host}"}).End(3, context.DeadlineExceeded)
	p.End(at, errors.New("the bus is away"))

	q := alertWork()
	q.Began, q.Quarantine, q.Disposition, q.Severity, q.Cause = time.Time{}, "duplicate_key", "", "", ""
	quarantined := tel.Process(t.Context(), q)
	quarantined.End(at, nil)

	tel.Activate(t.Context(), at).End(errors.New("canary an0940-shell: got approved"))
	tel.Activate(t.Context(), at).End(nil)

	spans := recorder.Ended()
	type got struct {
		name, error, outcome string
		code                 codes.Code
	}
	var all []got
	for _, s := range spans {
		a := attributes(s)
		all = append(all, got{s.Name(), a["error.type"], a["msigate.activation.outcome"], s.Status().Code})
	}
	want := []got{
		{"evaluate an0940", "timeout", "", codes.Error},
		{"send verdicts.review.{host}", "context.deadlineExceededError", "", codes.Error},
		{"process events.host.{host}", "*errors.errorString", "", codes.Error},
		{"process events.host.{host}", "duplicate_key", "", codes.Error},
		{"activate bundles", "*errors.errorString", "refused", codes.Error},
		{"activate bundles", "", "activated", codes.Unset},
	}
	if !slices.Equal(all, want) {
		t.Errorf("spans\n%+v, want\n%+v", all, want)
	}
	if a := attributes(spans[1]); a["msigate.publish.attempts"] != "3" {
		t.Errorf("attempts %q, want 3", a["msigate.publish.attempts"])
	}
	if a := attributes(spans[2]); a["messaging.message.id"] != "ship-7" || a["msigate.cause"] != "fact" {
		t.Errorf("message id %q cause %q", a["messaging.message.id"], a["msigate.cause"])
	}
	if quarantined.SpanID() != spans[3].SpanContext().SpanID().String() {
		t.Error("without an evaluation the decision's span is not process")
	}
}

func TestOffDoesNothing(t *testing.T) {
	tel := Off()
	header := map[string][]string{}
	p := tel.Process(t.Context(), alertWork())
	p.Send(Output{Header: header}).End(2, errors.New("x"))
	p.End(at, errors.New("x"))
	tel.Activate(t.Context(), at).End(nil)
	tel.Metrics.Event(InScope)
	tel.Metrics.Decision("alert", "event")
	tel.Log.Info("nothing")
	if p.TraceID() != "" || p.SpanID() != "" || len(header) != 0 || trace.SpanContextFromContext(p.Context()).IsValid() {
		t.Errorf("ids %q %q, header %v", p.TraceID(), p.SpanID(), header)
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
