package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"msigate/gateway/telemetry"
)

var (
	gatewayNotReady = Check{
		"gateway.not_ready", Error, "/readyz of the gateway answers that something is missing",
		"it decides nothing", "the finding says what is missing; the gateway's log says why",
	}
	gatewayDegraded = Check{
		"gateway.degraded", Warning, "/healthz of the gateway names a reason for which it is degraded",
		"it decides, and not as its owners mean it to", "docs/governance.md says for each reason what to do",
	}
	gatewayEvictions = Check{
		"gateway.evictions", Warning, "a bound pushed something out of memory since the gateway started",
		"what is known of a host is incomplete: a verdict may miss what came before", "raise the bounds under limits in the configuration, and give the machine the memory: docs/performance.md",
	}
	gatewayFaults = Check{
		"gateway.evaluation_faults", Error, "the policy failed on events since the gateway started",
		"these events are told as a review without a reason of the policy's own", "`nats stream view DECISIONS` and the log name them; `msigate test` with such an event as a story",
	}
	gatewayRefused = Check{
		"gateway.state_refused", Warning, "entries of the state were refused since the gateway started",
		"these hosts were rebuilt from EVENTS; what is older than EVENTS is forgotten", "docs/operations.md, An entry is refused: look who else may write to msigate-state",
	}
	gatewayPending = Check{
		"gateway.publish_pending", Warning, "a thousand outputs wait for NATS to store them",
		"NATS is slow or takes nothing: verdicts come late, and reading is about to stop", "`nats stream report` and the server's log: a full stream, a full disk, a lost quorum",
	}
	gatewayState = Check{
		"gateway.state_age", Warning, "what changed of hosts was not written down for five minutes (or ten state.save_interval)",
		"a restart reads that much again", "the gateway's log says why",
	}
)

var gatewayChecks = []Check{gatewayNotReady, gatewayDegraded, gatewayEvictions, gatewayFaults, gatewayRefused, gatewayPending, gatewayState}

const (
	pendingOutputs = 1000
	maxAnswer      = 8 << 20 // bytes of /metrics
)

// gateway asks a running gateway, where the configuration says that it listens.
func (e *examination) gateway(ctx context.Context) {
	const about = "the running gateway"
	listen := e.Config.HTTP.Listen
	if listen == "" || strings.EqualFold(listen, "off") {
		e.skip(about, "http.listen is off")
		return
	}
	base, err := reachable(listen)
	if err != nil {
		e.skip(about, "%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	object := "gateway " + base
	var health struct {
		Status   string                  `json:"status"`
		Degraded []telemetry.Degradation `json:"degraded"`
	}
	if _, err := answer(ctx, base+"/healthz", &health); err != nil || health.Status == "" {
		e.skip(about, "%s/healthz does not answer as a gateway does (%v): none runs on this machine", base, err)
		return
	}
	for _, d := range health.Degraded {
		e.find(gatewayDegraded, object, "%s: %s", d, d.Detail)
	}
	var ready struct {
		Missing map[string]string `json:"missing"`
	}
	if status, err := answer(ctx, base+"/readyz", &ready); err == nil && status != http.StatusOK {
		for _, need := range slices.Sorted(maps.Keys(ready.Missing)) {
			e.find(gatewayNotReady, object, "%s: %s", need, ready.Missing[need])
		}
	}
	families, err := metrics(ctx, base+"/metrics")
	if err != nil {
		e.skip("the metrics of the gateway", "%v", err)
		return
	}
	e.metrics(object, families)
}

// metrics holds what a gateway counts against what is usual.
func (e *examination) metrics(object string, families map[string]*dto.MetricFamily) {
	for _, counted := range []struct {
		check Check
		name  string
		least float64
	}{
		{gatewayEvictions, "msigate_evictions_total", 1},
		{gatewayFaults, "msigate_evaluation_faults_total", 1},
		{gatewayRefused, "msigate_state_refused_total", 1},
		{gatewayPending, "msigate_publish_pending", pendingOutputs},
		{gatewayState, "msigate_state_age_seconds", max(stateAge, stateRounds*e.Config.State.SaveInterval).Seconds()},
	} {
		if sum, parts := total(families[counted.name]); sum >= counted.least {
			e.find(counted.check, object, "%s is %.0f%s", counted.name, sum, parts)
		}
	}
}

// total is the sum of a family, and its parts by the label that tells them apart.
func total(family *dto.MetricFamily) (sum float64, parts string) {
	var shown []string
	for _, m := range family.GetMetric() {
		value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		sum += value
		for _, label := range m.GetLabel() {
			if name := label.GetName(); value > 0 && (name == "kind" || name == "reason") {
				shown = append(shown, fmt.Sprintf("%s %.0f", label.GetValue(), value))
			}
		}
	}
	if len(shown) > 0 {
		slices.Sort(shown)
		parts = " (" + strings.Join(shown, ", ") + ")"
	}
	return sum, parts
}

// reachable is where a listener is reached from its own machine.
func reachable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("http.listen %q: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

func get(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}

func answer(ctx context.Context, url string, to any) (status int, err error) {
	response, err := get(ctx, url)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(to)
}

func metrics(ctx context.Context, url string) (map[string]*dto.MetricFamily, error) {
	response, err := get(ctx, url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(url + " answers " + response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(io.LimitReader(response.Body, maxAnswer))
}
