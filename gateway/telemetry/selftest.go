package telemetry

import (
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// selftestMetrics are those of the self-test.
type selftestMetrics struct {
	runs   metric.Int64Counter
	passed atomic.Int64 // when the last one passed, ns since 1970; 0: none did
}

// The results of a self-test.
const (
	selftestPassed = "passed"
	selftestFailed = "failed"
)

// Selftest counts a self-test by the stage at which it failed; "" where it passed.
func (m *Metrics) Selftest(stage string) {
	if m == nil {
		return
	}
	result := selftestFailed
	if stage == "" {
		result = selftestPassed
		m.selftest.passed.Store(time.Now().UnixNano())
	}
	add(m.selftest.runs, attribute.String("result", result), attribute.String("stage", stage))
}

func (f *factory) selftest(s *selftestMetrics) {
	s.runs = f.counter("msigate_selftests", "{run}", "Self-tests, by result (passed, failed) and the stage at which they failed.")
	f.age("msigate_selftest_age", "Time since the last self-test that passed; absent until one has.", func() (time.Time, bool) {
		at := s.passed.Load()
		return time.Unix(0, at), at != 0
	})
}
