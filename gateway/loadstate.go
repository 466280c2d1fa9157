package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"msigate/gateway/bus"
	"msigate/gateway/telemetry"
)

// loadStates gives every host's entry to its lane. What cannot be read is
// refused, said, and rebuilt from EVENTS.
func (g *Gateway) loadStates(ctx context.Context) (refusedHosts []string, hosts int, err error) {
	err = g.states.Load(ctx, func(entry bus.StateEntry) error {
		switch {
		case entry.Key == bus.StateWatermark:
			g.markRevision = entry.Revision
			if err := json.Unmarshal(entry.Value, &g.mark, json.RejectUnknownMembers(true)); err != nil {
				g.mark = watermark{}
				g.refuseState(ctx, entry.Key, "all of "+bus.StreamEvents+" is read again, for hosts that it does not stand for yet", err)
			}
		case strings.HasPrefix(entry.Key, bus.StateRollups):
			if err := g.rollups.load(entry); err != nil {
				g.refuseState(ctx, entry.Key, "the rollup is counted anew, from the findings that change", err)
			}
		case isCoverage(entry.Key):
			g.loadCoverage(entry)
		case strings.HasPrefix(entry.Key, bus.StateHosts):
			host, err := g.loadHost(entry)
			if err != nil {
				g.refuseState(ctx, entry.Key, "it is rebuilt from what "+bus.StreamEvents+" holds of the host", err)
				refusedHosts = append(refusedHosts, host)
				return nil
			}
			hosts++
		}
		return nil
	})
	return refusedHosts, hosts, err
}

// loadHost gives a host's entry to its lane.
func (g *Gateway) loadHost(entry bus.StateEntry) (host string, err error) {
	s, err := decodeState(entry.Value)
	if err == nil && bus.StateKey(s.Host) != entry.Key {
		err = fmt.Errorf("it is of host %s", s.Host)
	}
	if err != nil {
		host = hostOfToken(strings.ReplaceAll(strings.TrimPrefix(entry.Key, bus.StateHosts), "=", "%"))
		if bus.Shortened(host) {
			g.refused.Store(entry.Key, entry.Revision) // which host that is, its records tell
			return host, err
		}
		g.lane(host).hosts[host] = &laneHost{revision: entry.Revision, dirty: true}
		return host, err
	}
	l := g.lane(s.Host)
	h := &laneHost{revision: entry.Revision}
	l.hosts[s.Host] = h
	if err := l.worker.restore(s); err != nil {
		h.dirty = true
		return s.Host, err
	}
	h.reached, h.loaded = s.Reached, s.Reached
	return s.Host, nil
}

// hostOfToken is the host that a subject's token is of; of a very long name,
// what the subjects have in its place.
func hostOfToken(token string) string {
	host, _, err := bus.HostFromSubject("events.host." + token)
	if err != nil {
		return token
	}
	return host
}

// refuseState says that an entry is not used.
func (g *Gateway) refuseState(ctx context.Context, key, instead string, err error) {
	detail := fmt.Sprintf("the entry %s of %s is refused, %s: %v", key, bus.BucketState, instead, err)
	reason := telemetry.StateCorrupt
	if errors.Is(err, errNewerState) {
		reason = telemetry.StateNewer
	}
	g.options.Telemetry.Metrics.StateRefused(reason)
	g.options.Telemetry.Log.Warn("state refused; "+instead, "key", key, "bucket", bus.BucketState, "error", err)
	g.audit(ctx, auditEvent{Time: time.Now(), Event: "state_refused", Bundles: g.options.Policy.Snapshot().Bundles(), Detail: detail})
}
