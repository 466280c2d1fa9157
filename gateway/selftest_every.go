package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"msigate/gateway/policy"
)

// selftestTimeout is how long a verdict may take where the gateway tries itself.
const selftestTimeout = 30 * time.Second

// stageNone is the stage of a self-test that could not be made at all.
const stageNone = "none"

// selftestEvery has the gateway try itself through the bus until ctx ends: one
// canary of the floor set each time, in turn, so that what it leaves on the streams
// stays small. One that fails makes it degraded until one passes.
func (g *Gateway) selftestEvery(ctx context.Context, every time.Duration, h *health) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := rand.Uint32(); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		g.selftestOnce(ctx, n, min(every, selftestTimeout), h)
	}
}

func (g *Gateway) selftestOnce(ctx context.Context, n uint32, timeout time.Duration, h *health) {
	began := time.Now()
	floor, err := policy.Floor()
	report := &SelftestReport{}
	if err == nil {
		report, err = Selftest(ctx, g.options.Conn, SelftestOptions{
			Timeout:  timeout,
			Canaries: floor[n%uint32(len(floor)):][:1],
			Trouble: func() string {
				if s := g.publisher.State(); s.Retrying > 0 && s.LastErrorAt.After(began) {
					return s.LastError
				}
				return ""
			},
		})
	}
	switch {
	case ctx.Err() != nil: // the gateway stops
	case err != nil:
		g.options.Telemetry.Metrics.Selftest(stageNone)
		h.set(reasonSelftest, "", fmt.Sprintf("the self-test could not be made: %v", err))
	case !report.Healthy:
		g.options.Telemetry.Metrics.Selftest(report.Stage)
		h.set(reasonSelftest, "", fmt.Sprintf("%s; hint: %s", report, report.Hint))
	default:
		g.options.Telemetry.Metrics.Selftest("")
		h.clear(reasonSelftest, "")
	}
}
