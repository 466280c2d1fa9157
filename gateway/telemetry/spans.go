package telemetry

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// The spans. process and send take the destination's template as the
// messaging conventions ask, so that a name never carries a host.
const (
	spanProcess  = "process"          // CONSUMER, linked to the publisher's context
	spanEvaluate = "evaluate an0940"  // INTERNAL, below process
	spanSend     = "send"             // PRODUCER, below process
	spanActivate = "activate bundles" // INTERNAL
)

// The attributes of our own. Their values come from small closed sets, except
// stream, sequence and record, which say which record it was.
const (
	keyVerdict     = attribute.Key("msigate.verdict")     // bool: a finding's message goes out
	keyDisposition = attribute.Key("msigate.disposition") // expected, approved, review, alert
	keySeverity    = attribute.Key("msigate.severity")    // informational to critical
	keyCause       = attribute.Key("msigate.cause")       // event, fact, due
	keyQuarantine  = attribute.Key("msigate.quarantine")  // why the record could not be decided
	keyStream      = attribute.Key("msigate.stream")
	keySequence    = attribute.Key("msigate.stream.sequence")
	keyRecord      = attribute.Key("msigate.record")
	keyOutcome     = attribute.Key("msigate.activation.outcome") // activated, refused
	keyAttempts    = attribute.Key("msigate.publish.attempts")   // above 1 only
)

var (
	messagingSystem = semconv.MessagingSystemKey.String("nats")
	processName     = semconv.MessagingOperationName(spanProcess)
	sendName        = semconv.MessagingOperationName(spanSend)
)

// Work is what is known of a record once it is decided or quarantined, which is
// when its spans begin: an event that never gets there costs nothing. Spans
// carry the earlier timestamps given here.
type Work struct {
	Header    map[string][]string // of the message; read only, may be nil
	Subject   string              // the message was published to
	Template  string              // its low-cardinality form, e.g. "events.host.{host}"
	Consumer  string              // the durable's name
	MessageID string              // publisher's Nats-Msg-Id; "": stream and sequence stand for it
	Stream    string
	Sequence  uint64
	Record    int // index in the message

	Received time.Time // taken off the bus
	Decoded  time.Time // zero: not told apart
	Began    time.Time // evaluation began; zero: there was none
	Took     time.Duration

	Disposition string
	Severity    string
	Cause       string // what follows a colon is left out: it names one record or timer
	Fault       string // why the evaluation has no answer of its own: error, timeout, undefined
	Quarantine  string // reason, for a record that could not be decided
	Verdict     bool   // a finding's message goes out: recorded always
}

// Processing is the trace of one record under way. Its zero value, which an
// Off telemetry gives, does nothing.
type Processing struct {
	tel      *Telemetry
	ctx      context.Context
	span     trace.Span
	decision trace.SpanContext
}

// Process begins the spans of one record: process, and evaluate, which is
// already over.
//
// process starts a trace of its own and links to the publisher's: one message
// can carry hundreds of records, a verdict can rest on several messages, and
// its trace must be whole even where the publisher's was not recorded. A span
// in ctx is left out of it: only the message says where it came from.
func (t *Telemetry) Process(ctx context.Context, w Work) Processing {
	if t.tracer == nil {
		return Processing{}
	}
	ctx = trace.ContextWithSpanContext(ctx, trace.SpanContext{})
	ctx = w3c.Extract(ctx, Carrier(w.Header))
	publisher := trace.SpanContextFromContext(ctx)

	options := make([]trace.SpanStartOption, 0, 5)
	options = append(options,
		trace.WithNewRoot(),
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithTimestamp(w.Received),
		trace.WithAttributes(keyVerdict.Bool(w.Verdict)), // all that our sampler reads
	)
	if publisher.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: publisher}))
	}
	p := Processing{tel: t}
	p.ctx, p.span = t.tracer.Start(ctx, spanProcess+" "+w.Template, options...)
	p.decision = p.span.SpanContext()
	if p.span.IsRecording() {
		p.describe(&w)
	}
	return p
}

// describe adds what only a recorded span needs, the evaluation's span among it.
func (p *Processing) describe(w *Work) {
	answer := w.answer()
	p.span.SetAttributes(
		messagingSystem, processName, semconv.MessagingOperationTypeProcess,
		semconv.MessagingDestinationName(w.Subject),
		semconv.MessagingDestinationTemplate(w.Template),
		semconv.MessagingMessageID(w.messageID()),
		keyStream.String(w.Stream), keySequence.Int64(int64(w.Sequence)), keyRecord.Int(w.Record),
	)
	p.span.SetAttributes(answer...)
	if w.Consumer != "" {
		p.span.SetAttributes(semconv.MessagingConsumerGroupName(w.Consumer))
	}
	if !w.Decoded.IsZero() {
		p.span.AddEvent("decoded", trace.WithTimestamp(w.Decoded))
	}
	if w.Quarantine != "" {
		p.span.SetAttributes(semconv.ErrorTypeKey.String(w.Quarantine))
		p.span.SetStatus(codes.Error, "quarantined")
	}
	if w.Began.IsZero() {
		return
	}
	_, evaluate := p.tel.tracer.Start(p.ctx, spanEvaluate,
		trace.WithTimestamp(w.Began), trace.WithAttributes(answer...))
	p.decision = evaluate.SpanContext()
	if w.Fault != "" {
		evaluate.SetAttributes(semconv.ErrorTypeKey.String(w.Fault))
		evaluate.SetStatus(codes.Error, "the policy gave no answer")
	}
	evaluate.End(trace.WithTimestamp(w.Began.Add(w.Took)))
}

func (w *Work) messageID() string {
	if w.MessageID != "" {
		return w.MessageID
	}
	return w.Stream + "/" + strconv.FormatUint(w.Sequence, 10)
}

// answer is what the decision was, in closed sets.
func (w *Work) answer() []attribute.KeyValue {
	var answer []attribute.KeyValue
	for _, a := range []struct {
		key   attribute.Key
		value string
	}{
		{keyDisposition, w.Disposition},
		{keySeverity, w.Severity},
		{keyCause, kindOf(w.Cause)},
		{keyQuarantine, w.Quarantine},
	} {
		if a.value != "" {
			answer = append(answer, a.key.String(a.value))
		}
	}
	return answer
}

// kindOf leaves out of a cause what names one record or one timer
// ("fact:17.0" is a fact): names of metrics and spans stay few.
func kindOf(cause string) string {
	kind, _, _ := strings.Cut(cause, ":")
	return kind
}

// TraceID is the trace's id as 32 hex digits, "" where nothing is traced.
func (p Processing) TraceID() string {
	if !p.decision.IsValid() {
		return ""
	}
	return p.decision.TraceID().String()
}

// SpanID is the id of the span that stands for the decision, as 16 hex digits:
// evaluate, or process where there was no evaluation or it is not recorded.
func (p Processing) SpanID() string {
	if !p.decision.IsValid() {
		return ""
	}
	return p.decision.SpanID().String()
}

// Context carries the trace and the publisher's baggage: log lines and
// measurements made with it name the trace. It is the background context where
// nothing is traced.
func (p Processing) Context() context.Context {
	if p.ctx == nil {
		return context.Background()
	}
	return p.ctx
}

// End ends the process span: at the time the record was settled, with the
// error that kept it from being settled, if any.
func (p Processing) End(at time.Time, err error) {
	if p.span == nil {
		return
	}
	fail(p.span, err)
	p.span.End(trace.WithTimestamp(at))
}

// Output is a message about to be published.
type Output struct {
	Header    map[string][]string // traceparent, tracestate and baggage are written into it; must not be nil
	Subject   string
	Template  string // e.g. "verdicts.alert.{host}"
	MessageID string // its Nats-Msg-Id
	Size      int    // of the body, bytes
}

// Sending is a message under way to the bus.
type Sending struct {
	span trace.Span
}

// Send begins the send span of an output and writes its context into the
// header, so that whoever reads the message continues the trace from there. It
// is called before the Processing ends; the Sending may end after it.
func (p Processing) Send(o Output) Sending {
	if p.span == nil {
		return Sending{}
	}
	if !p.span.IsRecording() {
		w3c.Inject(p.ctx, Carrier(o.Header)) // the ids and the flag go on all the same
		return Sending{}
	}
	ctx, span := p.tel.tracer.Start(p.ctx, spanSend+" "+o.Template,
		trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(
			messagingSystem, sendName, semconv.MessagingOperationTypeSend,
			semconv.MessagingDestinationName(o.Subject),
			semconv.MessagingDestinationTemplate(o.Template),
			semconv.MessagingMessageID(o.MessageID),
			semconv.MessagingMessageBodySize(o.Size),
		))
	w3c.Inject(ctx, Carrier(o.Header))
	return Sending{span: span}
}

// End ends the send span when the bus has stored the message, or has not:
// attempts is how often it was published.
func (s Sending) End(attempts int, err error) {
	if s.span == nil {
		return
	}
	if attempts > 1 {
		s.span.SetAttributes(keyAttempts.Int(attempts))
	}
	fail(s.span, err)
	s.span.End()
}

// Activating is an activation of bundles under way.
type Activating struct {
	Context context.Context // carries the span
	span    trace.Span
}

// Activate begins the span of an activation, at the time its build began. It
// is no verdict's: the environment's sampler governs it.
func (t *Telemetry) Activate(ctx context.Context, began time.Time) Activating {
	if t.tracer == nil {
		return Activating{Context: ctx}
	}
	ctx, span := t.tracer.Start(ctx, spanActivate, trace.WithTimestamp(began))
	return Activating{Context: ctx, span: span}
}

// End ends it: with the refusal where the candidate was refused.
func (a Activating) End(refusal error) {
	if a.span == nil {
		return
	}
	outcome := Activated
	if refusal != nil {
		outcome = Refused
	}
	a.span.SetAttributes(keyOutcome.String(outcome))
	fail(a.span, refusal)
	a.span.End()
}

// fail marks a span as failed. error.type is the error's Go type or what it
// declares itself; its text goes into the status, for people.
func fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	span.SetAttributes(semconv.ErrorType(err))
	span.SetStatus(codes.Error, err.Error())
}
