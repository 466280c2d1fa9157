package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// SelftestOptions say how a self-test is made.
type SelftestOptions struct {
	Timeout  time.Duration    // for all that comes after publishing; 0: 30 s
	Canaries []policy.Canary  // nil: the floor set of the binary
	Trouble  func() string    // what the publisher of a gateway in this process says of itself; nil: it is in another
	now      func() time.Time // this machine's clock; nil: time.Now
}

// selftestSkew is by how much the bus's clock may differ from this machine's.
const selftestSkew = time.Minute

// selftestLook is how often the bus is asked how far it is.
const selftestLook = 50 * time.Millisecond

// probe is one canary under way.
type probe struct {
	SelftestCanary
	mark    string
	stamp   time.Time // of its last message
	decided *finding.DecisionLog
	told    bool // its verdict is stored
}

// selftest is one run.
type selftest struct {
	conn     *bus.Conn
	options  SelftestOptions
	report   *SelftestReport
	probes   []*probe
	verdicts uint64 // last sequence of VERDICTS before it
	records  uint64 // of DECISIONS
	consumed bool
}

// Selftest sends canaries through a live bus as the reserved host, marked, and
// waits for their verdicts. The report says at which stage the detector is blind,
// if it is. An error is why the self-test could not be made at all, or ctx ended.
//
// It needs the rights of the gateway's user: to publish as the reserved host, and
// to read the streams and the durable consumer.
func Selftest(ctx context.Context, conn *bus.Conn, o SelftestOptions) (*SelftestReport, error) {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.Canaries == nil {
		floor, err := policy.Floor()
		if err != nil {
			return nil, err
		}
		o.Canaries = floor
	}
	s := &selftest{conn: conn, options: o, report: &SelftestReport{
		Run: strings.ToLower(rand.Text())[:16], Host: bus.SelftestHost, Started: o.now().UTC(),
		Degraded: []string{}, times: map[string]float64{},
	}}
	err := s.run(ctx)
	for _, p := range s.probes {
		s.report.Canaries = append(s.report.Canaries, p.SelftestCanary)
	}
	s.report.conclude()
	return s.report, err
}

func (s *selftest) run(ctx context.Context) (err error) {
	for i := range s.options.Canaries {
		c := &s.options.Canaries[i]
		s.probes = append(s.probes, &probe{
			SelftestCanary: SelftestCanary{Name: c.Name, Title: c.Title, Least: c.Least, Result: StageNotReached},
			mark:           s.report.Run + "." + strconv.Itoa(i),
		})
	}
	if s.verdicts, err = bus.LastSequence(ctx, s.conn, bus.StreamVerdicts); err != nil {
		return s.cannot(ctx, StageVerdict, err)
	}
	if s.records, err = bus.LastSequence(ctx, s.conn, bus.StreamDecisions); err != nil {
		return s.cannot(ctx, StageDecide, err)
	}
	for i, p := range s.probes {
		if err := s.publish(ctx, p, s.options.Canaries[i].On(bus.SelftestHost)); err != nil {
			return s.cannot(ctx, StagePublish, err)
		}
	}
	return s.await(ctx)
}

// cannot makes a failure of what the bus did not do, and an error of what ctx ended
// or this user may not look at: that says nothing of the detector.
func (s *selftest) cannot(ctx context.Context, stage string, err error) error {
	var denied *bus.PermissionError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case stage != StagePublish && errors.As(err, &denied):
		return fmt.Errorf("looking for the verdicts of a self-test: %w", err)
	}
	s.report.fail(stage, err.Error(), "")
	return nil
}

// publish sends a canary as it would be now, each message stored before the next.
func (s *selftest) publish(ctx context.Context, p *probe, messages []string) error {
	raw := make([][]byte, len(messages))
	for i, text := range messages {
		raw[i] = []byte(text)
	}
	header := bus.Header{bus.HeaderSelftest: {p.mark}}
	for i, data := range asOfNow(raw, s.options.now()) {
		before := s.options.now()
		bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
		sequence, err := s.conn.Ship(bounded, bus.EventSubject(bus.SelftestHost), fmt.Sprintf("selftest/%s/%d", p.mark, i), data, header)
		cancel()
		if err != nil {
			return err
		}
		after := s.options.now()
		s.report.took(StagePublish, after.Sub(before))
		if p.Sequence = sequence; i < len(raw)-1 {
			continue
		}
		stored, err := bus.Get(ctx, s.conn, bus.StreamEvents, sequence)
		if err != nil {
			return err
		}
		p.stamp = stored.Stamp
		s.report.Offset = p.stamp.Sub(before.Add(after.Sub(before) / 2)).Seconds()
		if skew := max(before.Sub(p.stamp), p.stamp.Sub(after)); skew > selftestSkew {
			s.report.fail(StageClock, fmt.Sprintf("the bus stamped at %s what this machine sent at %s", p.stamp.UTC().Format(time.RFC3339), before.UTC().Format(time.RFC3339)), "")
		}
	}
	return nil
}

// await looks until every canary has come through, or is known not to.
func (s *selftest) await(ctx context.Context) error {
	end := time.Now().Add(s.options.Timeout)
	tick := time.NewTicker(selftestLook)
	defer tick.Stop()
	for before := (bus.Durable{}); ; {
		// In this order: what is acknowledged is recorded, and what is recorded
		// has its verdict stored before it.
		durable, err := bus.ReadDurable(ctx, s.conn)
		if err != nil {
			return s.cannot(ctx, StageConsume, err)
		}
		late := time.Now().After(end)
		if durable.Delivered != before.Delivered || durable.AckFloor != before.AckFloor || durable.AckPending != before.AckPending || late {
			if err := s.read(ctx); err != nil {
				return s.cannot(ctx, StageDecide, err)
			}
		}
		before = durable
		if s.judge(durable, late) {
			return s.explain(ctx, durable)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// read takes in what the streams hold of this run.
func (s *selftest) read(ctx context.Context) error {
	byMark := map[string]*probe{}
	for _, p := range s.probes {
		byMark[p.mark] = p
	}
	of := func(m *bus.Message) *probe {
		p := byMark[m.Header.Get(bus.HeaderSelftest)]
		if p == nil || m.Header.Get(bus.HeaderSequence) != strconv.FormatUint(p.Sequence, 10) {
			return nil // of another run, or of a message before the last
		}
		return p
	}
	var wrong error
	err := bus.Read(ctx, s.conn, bus.ReadOptions{Stream: bus.StreamDecisions, Subjects: []string{bus.SelftestDecisions()}, From: s.records + 1}, func(m *bus.Message) bool {
		s.records = m.Sequence
		p := of(m)
		if p == nil {
			return true
		}
		log, err := finding.ReadDecisionLog(m.Data)
		if err != nil {
			wrong = err
			return false
		}
		p.decided, p.Disposition = &log, log.Result.Disposition
		s.report.took(StageDecide, m.Stamp.Sub(p.stamp))
		return true
	})
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	return bus.Read(ctx, s.conn, bus.ReadOptions{Stream: bus.StreamVerdicts, Subjects: []string{bus.SelftestVerdicts}, From: s.verdicts + 1}, func(m *bus.Message) bool {
		s.verdicts = m.Sequence
		p := of(m)
		if p == nil || m.Header.Get(HeaderActivity) == finding.Close.String() {
			return true
		}
		p.told = true
		s.report.took(StageVerdict, m.Stamp.Sub(p.stamp))
		var document struct {
			Unmapped finding.Unmapped `json:"unmapped"`
		}
		if json.Unmarshal(m.Data, &document) == nil {
			for _, line := range document.Unmapped.Msigate.Degraded {
				if !slices.Contains(s.report.Degraded, line) && !strings.HasPrefix(line, reasonSelftest) {
					s.report.Degraded = append(s.report.Degraded, line)
				}
			}
		}
		return true
	})
}

// judge says of each canary where it stands, and whether there is nothing more to
// wait for.
func (s *selftest) judge(durable bus.Durable, late bool) (done bool) {
	done = true
	consumed := true
	for _, p := range s.probes {
		reached := durable.Delivered >= p.Sequence || p.decided != nil || p.told
		consumed = consumed && reached
		switch acked := durable.AckFloor >= p.Sequence; {
		case p.decided != nil && !enough(p.Least, p.decided.Result):
			p.fail(StageDecide, p.short())
		case p.decided != nil && p.told:
			p.Result, p.Stage, p.Detail = StagePassed, "", ""
		case p.decided != nil:
			p.fail(StageVerdict, "its decision is recorded, and no verdict of it is stored")
		case acked && !p.told:
			p.fail(StageScope, "it was acknowledged undecided: it is out of the scope, or no signal's trigger matches it")
		case durable.Paused && !reached:
			p.fail(StageConsume, fmt.Sprintf("the durable consumer is paused, for %s more", durable.Resumes.Round(time.Second)))
		case !late:
			done = false
		case !reached && durable.Waiting == 0:
			p.fail(StageConsume, fmt.Sprintf("nobody asks for messages; %d wait to be delivered", durable.Pending))
		case !reached:
			p.fail(StageConsume, fmt.Sprintf("it was not delivered within %s; %d messages wait to be", s.options.Timeout, durable.Pending))
		case p.told:
			p.fail(StageDecide, "its verdict is stored and its decision is not recorded")
		default:
			p.fail(StageDecide, fmt.Sprintf("it was given to a gateway, which neither decided nor acknowledged it within %s; %d messages are in flight", s.options.Timeout, durable.AckPending))
		}
	}
	if consumed && !s.consumed {
		s.consumed = true
		s.report.took(StageConsume, s.options.now().Sub(s.report.Started))
	}
	return done
}

// enough tells whether an answer is what a canary must get, or will be once facts
// that are waited for have not come.
func enough(least policy.Disposition, a policy.Answer) bool {
	return a.Disposition.AtLeast(least) || a.Disposition == policy.Review && len(a.Pending) > 0
}

func (p *probe) fail(stage, detail string) {
	p.Result, p.Stage, p.Detail = StageFailed, stage, detail
}

func (p *probe) short() string {
	detail := fmt.Sprintf("it is %s, must be %s at least", p.Disposition, p.Least)
	if fault := p.decided.Custom.Fault; fault != "" {
		detail += ": " + fault
	}
	return detail
}

// explain names the stage of the run by what became of its canaries.
func (s *selftest) explain(ctx context.Context, durable bus.Durable) error {
	stuck := slices.ContainsFunc(s.probes, func(p *probe) bool { return p.Stage == StageDecide && p.decided == nil })
	if stuck {
		if err := s.whyStuck(ctx); err != nil {
			return s.cannot(ctx, StageVerdict, err)
		}
	}
	hint := ""
	if durable.Paused {
		hint = "nats consumer resume EVENTS msigate"
	}
	failed := map[string][]*probe{}
	for _, p := range s.probes {
		failed[p.Stage] = append(failed[p.Stage], p)
	}
	for _, stage := range SelftestStages {
		if some := failed[stage]; len(some) > 0 {
			s.report.fail(stage, fmt.Sprintf("%d of %d canaries, %s first: %s", len(some), len(s.probes), some[0].Name, some[0].Detail), hint)
			break
		}
	}
	for _, line := range s.report.Degraded {
		if reason, _, _ := strings.Cut(line, " "); slices.Contains(blinding, reason) {
			s.report.fail(StagePolicy, "the gateway says "+line, "")
		}
	}
	return nil
}

// whyStuck tells an evaluation that does not end from an output that cannot be
// stored: verdicts are stored before the decision, and both before the message is
// acknowledged.
func (s *selftest) whyStuck(ctx context.Context) error {
	trouble := ""
	if s.options.Trouble != nil {
		trouble = s.options.Trouble()
	}
	for _, output := range []struct{ stage, stream, subjects string }{
		{StageVerdict, bus.StreamVerdicts, "verdicts.selftest."}, {StageDecide, bus.StreamDecisions, bus.SelftestDecisions()},
	} {
		why, err := bus.Full(ctx, s.conn, output.stream)
		if err != nil {
			return err
		}
		if why == "" && strings.Contains(trouble, output.subjects) {
			why = trouble
		}
		if why == "" {
			continue
		}
		for _, p := range s.probes {
			if p.Stage == StageDecide && p.decided == nil {
				p.fail(output.stage, fmt.Sprintf("the stream %s does not take it: %s", output.stream, why))
			}
		}
		return nil
	}
	return nil
}
