package gateway

import (
	"fmt"
	"time"

	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// The stages of a self-test, in the order of the way through.
const (
	StagePublish = "publish" // the bus stores a shipper's message
	StageClock   = "clock"   // the bus's clock, which is now of every decision, and this machine's agree
	StageConsume = "consume" // the durable consumer hands it to a gateway
	StageScope   = "scope"   // it is in scope, and a signal's trigger matches
	StageDecide  = "decide"  // the policy's answer is what it must be, and is recorded
	StageVerdict = "verdict" // the finding is on the verdict stream
	StagePolicy  = "policy"  // what decides is what its owners mean to
)

// SelftestStages are all of them, in order.
var SelftestStages = []string{StagePublish, StageClock, StageConsume, StageScope, StageDecide, StageVerdict, StagePolicy}

// The results of a stage, and of a canary.
const (
	StagePassed     = "passed"
	StageFailed     = "failed"
	StageNotReached = "not_reached"
)

// SelftestReport is what a self-test found.
type SelftestReport struct {
	Healthy  bool             `json:"healthy"`
	Stage    string           `json:"stage,omitempty"`  // the first that failed
	Detail   string           `json:"detail,omitempty"` // what was seen there
	Hint     string           `json:"hint,omitempty"`   // what to do
	Run      string           `json:"run"`              // marks of its messages begin with it
	Host     string           `json:"host"`             // of its events
	Started  time.Time        `json:"started"`
	Offset   float64          `json:"clock_offset_seconds"` // how far the bus's clock is ahead of this machine's
	Stages   []SelftestStage  `json:"stages"`
	Canaries []SelftestCanary `json:"canaries"`
	Degraded []string         `json:"degraded"` // what the gateway said of itself in its verdicts
	times    map[string]float64
}

// SelftestStage is one stage, over all canaries.
type SelftestStage struct {
	Stage   string  `json:"stage"`
	Result  string  `json:"result"`  // passed, failed or not_reached
	Seconds float64 `json:"seconds"` // the slowest canary's, from the bus's stamp on its event; of publish, until it was stored; of consume, until it was seen; 0 where it tells nothing
}

// SelftestCanary is what became of one canary.
type SelftestCanary struct {
	Name        string             `json:"name"`
	Title       string             `json:"title"`
	Sequence    uint64             `json:"sequence,omitempty"` // of its last message in EVENTS
	Least       policy.Disposition `json:"least"`
	Disposition policy.Disposition `json:"disposition,omitempty"`
	Result      string             `json:"result"`
	Stage       string             `json:"stage,omitempty"` // where it failed
	Detail      string             `json:"detail,omitempty"`
}

// selftestHints say what to do where a stage fails and nothing better is known.
var selftestHints = map[string]string{
	StagePublish: "run msigate setup where no stream takes the subject, and grant the gateway's user the right to publish there (deploy/nats-server.conf has it)",
	StageClock:   "set the clocks of this machine and of the NATS servers by NTP: approvals expire, and change windows open, by the bus's",
	StageConsume: "is msigate run up? Its log, /readyz and msigate_consumer_lag tell; nats consumer info EVENTS msigate too",
	StageScope:   "msigate refuses a policy that does this: look at which build runs (msigate version) and at msigate audit --event activation; started anew meanwhile, a gateway passes a self-test over: run it again",
	StageDecide:  "look at the gateway's log, at msigate_evaluation_faults and msigate_publish_pending, and at msigate audit --event evaluation_fault",
	StageVerdict: "make room, or give VERDICTS back the settings that msigate setup makes: nats stream info VERDICTS shows them",
	StagePolicy:  "what was active before goes on deciding: msigate audit --event refusal and /healthz say why",
}

// blinding are the reasons of degradation for which what decides is not what its
// owners mean to. The others do not touch decisions.
var blinding = []string{
	telemetry.DegradedRefused, telemetry.DegradedKeys, telemetry.DegradedCanaries, telemetry.DegradedNotAfter, telemetry.DegradedBuiltIn,
}

// fail notes the first stage that failed.
func (r *SelftestReport) fail(stage, detail, hint string) {
	if r.Stage != "" && stageRank(r.Stage) <= stageRank(stage) {
		return
	}
	if hint == "" {
		hint = selftestHints[stage]
	}
	r.Stage, r.Detail, r.Hint = stage, detail, hint
}

func stageRank(stage string) int {
	for i, one := range SelftestStages {
		if one == stage {
			return i
		}
	}
	return len(SelftestStages)
}

// took notes how long a stage took, where that is the longest so far.
func (r *SelftestReport) took(stage string, d time.Duration) {
	r.times[stage] = max(r.times[stage], d.Seconds(), 0)
}

// conclude fills the stages in.
func (r *SelftestReport) conclude() {
	r.Healthy = r.Stage == ""
	for _, stage := range SelftestStages {
		one := SelftestStage{Stage: stage, Result: StagePassed, Seconds: r.times[stage]}
		switch {
		case r.Stage == stage:
			one.Result = StageFailed
		case r.Stage != "" && stageRank(stage) > stageRank(r.Stage):
			one.Result = StageNotReached
		}
		r.Stages = append(r.Stages, one)
	}
}

func (r *SelftestReport) String() string {
	if r.Healthy {
		return fmt.Sprintf("%d canaries came through every stage", len(r.Canaries))
	}
	return fmt.Sprintf("the self-test fails at stage %s: %s", r.Stage, r.Detail)
}
