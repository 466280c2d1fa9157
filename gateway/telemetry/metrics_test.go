package telemetry

import (
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// measured is a Metrics whose values a test can read.
func measured(t testing.TB) (*Metrics, *spanLoss, func() map[string]metricdata.Metrics) {
	reader := sdkmetric.NewManualReader()
	lost := &spanLoss{}
	m, err := newMetrics(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter(scope), lost)
	if err != nil {
		t.Fatal(err)
	}
	return m, lost, func() map[string]metricdata.Metrics {
		var all metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &all); err != nil {
			t.Fatal(err)
		}
		by := map[string]metricdata.Metrics{}
		for _, s := range all.ScopeMetrics {
			for _, m := range s.Metrics {
				by[m.Name] = m
			}
		}
		return by
	}
}

// exercise calls every method once or more.
func exercise(m *Metrics, since time.Time) {
	for range 3 {
		m.Event(Out)
	}
	m.Event(Remembered)
	m.Event(InScope)
	m.Event(Outcome(200)) // counts nowhere, breaks nothing
	m.ContextEvent()
	m.Undecodable("syntax")
	m.Decision("alert", "event")
	m.Decision("review", "fact:17.0")
	m.Decision("review", "fact:18.1")
	m.Evaluation(context.Background(), 150*time.Microsecond)
	m.EvaluationFault("timeout")
	m.Settled(context.Background(), 3*time.Millisecond)
	m.Finding("created", "alert")
	m.Quarantined("wrong_host")
	m.PublishRetry()
	m.PublishPending(7)
	m.ConsumerLag(1200)
	m.Activation(Activated)
	m.SnapshotActive(since, []Bundle{{"policy", "r1", 4}, {"governance", "r2", 0}})
	m.SnapshotActive(since, []Bundle{{"policy", "r2", 5}, {"governance", "r2", 0}})
	m.Evicted("process", 5)
	m.Selftest("")
	m.Selftest("consume")
	m.StateSaved(3, 4096, 20*time.Millisecond, true)
	m.StateSaved(2, 1024, 2*time.Second, false)
	m.StateRefused(StateNewer)
	m.Recovered(40, 1500, 250*time.Millisecond)
	m.HistoryRead(12)
	m.Coverage(40, 3, 2, 1)
	m.TimersWaiting(4, 9)
	m.RollupsOpen(2)
}

func TestEveryMetricHasOurPrefix(t *testing.T) {
	m, _, collect := measured(t)
	exercise(m, time.Now())
	for name := range collect() {
		if !strings.HasPrefix(name, "msigate_") {
			t.Errorf("metric %s", name)
		}
	}
}

func TestCausesDoNotMultiplyTheSeries(t *testing.T) {
	m, _, collect := measured(t)
	exercise(m, time.Now())
	sum := collect()["msigate_decisions"].Data.(metricdata.Sum[int64])
	values := map[string]int64{}
	for _, p := range sum.DataPoints {
		d, _ := p.Attributes.Value("disposition")
		c, _ := p.Attributes.Value("cause")
		values[d.AsString()+"/"+c.AsString()] = p.Value
	}
	if values["review/fact"] != 2 || values["alert/event"] != 1 || values["expected/event"] != 0 || len(values) != 5 {
		t.Errorf("decisions %v", values)
	}
}

func TestOnlyTheActiveSnapshotIsShown(t *testing.T) {
	m, _, collect := measured(t)
	if _, ok := collect()["msigate_snapshot_age"]; ok {
		t.Error("a snapshot's age without a snapshot")
	}
	exercise(m, time.Now().Add(-time.Minute))
	collect()
	by := collect()
	points := by["msigate_snapshot_info"].Data.(metricdata.Gauge[int64]).DataPoints
	if len(points) != 2 {
		t.Errorf("%d bundles shown, want the 2 of the active snapshot: %v", len(points), points)
	}
	age := by["msigate_snapshot_age"].Data.(metricdata.Gauge[float64]).DataPoints[0].Value
	if age < 60 || age > 120 {
		t.Errorf("age %v s, want about 60", age)
	}
}

// What is alarmed at is that the state grows old: a round that left hosts out
// does not make it younger.
func TestStateAgesUntilAllOfItIsWritten(t *testing.T) {
	m, _, collect := measured(t)
	m.StateSaved(1, 10, time.Millisecond, false)
	if _, ok := collect()["msigate_state_age"]; ok {
		t.Error("an age though no round was complete")
	}
	m.StateSaved(1, 10, time.Millisecond, true)
	age := func() float64 {
		return collect()["msigate_state_age"].Data.(metricdata.Gauge[float64]).DataPoints[0].Value
	}
	first := age()
	m.StateSaved(1, 10, time.Millisecond, false)
	if second := age(); first < 0 || second < first {
		t.Errorf("age %v, then %v after an incomplete round", first, second)
	}
}

func TestPrometheusShowsTheseMetrics(t *testing.T) {
	tel, err := Setup(t.Context(), Options{ServiceVersion: "1.2.3", InstanceID: "i1", Log: Logging{Output: io.Discard}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
	exercise(tel.Metrics, time.Now())

	response := httptest.NewRecorder()
	tel.routes(nil).ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var lines []string
	for line := range strings.Lines(response.Body.String()) {
		if strings.Contains(line, "msigate") && !strings.Contains(line, "target_info") {
			lines = append(lines, line)
		}
	}
	got := regexp.MustCompile(`(?m)^(msigate_(?:snapshot|state|selftest)_age_seconds) .*$`).ReplaceAllString(strings.Join(lines, ""), "$1 …")
	golden := filepath.Join("testdata", "metrics.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("/metrics differs from %s (rewrite with -update if meant):\n%s", golden, got)
	}
}

func TestAnEvaluationsExemplarIsItsTrace(t *testing.T) {
	m, _, collect := measured(t)
	m.Evaluation(context.Background(), time.Millisecond)
	m.Evaluation(inTrace(), 2*time.Millisecond)
	point := collect()["msigate_evaluation_duration"].Data.(metricdata.Histogram[float64]).DataPoints[0]
	if len(point.Exemplars) != 1 || len(point.Exemplars[0].TraceID) != 16 || point.Exemplars[0].TraceID[0] != 0xab || point.Exemplars[0].Value != 0.002 {
		t.Errorf("exemplars %v, want the traced evaluation", point.Exemplars)
	}
}
