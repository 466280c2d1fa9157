package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/coverage"
	"msigate/gateway/event"
	"msigate/gateway/policy"
)

// CoverageSignals reads what the signals of a policy need, from sources as
// [ReadBundles] takes them.
func CoverageSignals(sources []Source) ([]coverage.Signal, error) {
	bundles, err := ReadBundles(sources)
	if err != nil {
		return nil, err
	}
	parts := make([]policy.Bundle, len(bundles))
	for i, b := range bundles {
		parts[i] = policy.Bundle{Stamp: policy.BundleStamp{Name: b.Name}, Content: b.Content}
	}
	needs, err := policy.ReadNeeds(parts)
	if err != nil {
		return nil, err
	}
	signals := make([]coverage.Signal, len(needs))
	for i, n := range needs {
		signals[i] = coverage.Signal{
			ID: n.ID, Title: n.Title, Severity: n.Severity, Disposition: n.Disposition, Needs: n.Needs, WeakerWithout: n.WeakerWithout,
		}
		if err := signals[i].Check(); err != nil {
			return nil, err
		}
	}
	return signals, nil
}

// CoverageOfFiles takes in what files hold, as [ReadFiles] reads them. It gives
// how many messages were read, and those that could not be decoded at all; read,
// if not nil, is called after each.
func CoverageOfFiles(ctx context.Context, paths []string, stdin io.Reader, dnsSuffixes []string, read func(messages int)) (*coverage.Recorder, int, []Undecodable, error) {
	r := coverage.NewRecorder(0)
	messages, undecodable := 0, []Undecodable(nil)
	err := ReadFiles(ctx, paths, stdin, func(m FileMessage) error {
		messages++
		if read != nil {
			read(messages)
		}
		records, fault := m.Records, m.Fault
		if records == nil && fault == nil {
			records, fault = event.Decode(m.Data)
		}
		if fault != nil {
			undecodable = append(undecodable, Undecodable{Source: m.Source, Line: m.Line, Fault: fault})
			return nil
		}
		for _, record := range records {
			if record.Fault != nil {
				undecodable = append(undecodable, Undecodable{Source: m.Source, Line: m.Line, Record: record.Index, Fault: record.Fault})
				continue
			}
			record.Event.Host = event.TrimDNSSuffix(record.Event.Host, dnsSuffixes)
			r.Saw(record.Event, coverage.Position{})
		}
		return nil
	})
	return r, messages, undecodable, err
}

// ReadCoverage reads what a running gateway has written down of its hosts. It
// gives the entries that could not be read as an error of each, besides what
// could.
func ReadCoverage(ctx context.Context, conn *bus.Conn) (*coverage.Recorder, []error, error) {
	states, err := bus.OpenState(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	r, now := coverage.NewRecorder(1<<31-1), time.Now()
	var refused []error
	err = states.LoadPrefix(ctx, bus.StateCoverage, func(entry bus.StateEntry) error {
		if err := importCoverage(entry, now, func(string) *coverage.Recorder { return r }); err != nil {
			refused = append(refused, fmt.Errorf("the entry %s of %s: %w", entry.Key, bus.BucketState, err))
		}
		return nil
	})
	return r, refused, err
}

// importCoverage takes over an entry, where recorder says that its host is counted.
func importCoverage(entry bus.StateEntry, now time.Time, recorder func(host string) *coverage.Recorder) error {
	raw, err := unpackState(entry.Value)
	if err != nil {
		return err
	}
	host, err := coverage.NameIn(raw)
	if err != nil {
		return err
	}
	if bus.CoverageKey(host) != entry.Key {
		return errors.New("it is of host " + host)
	}
	_, err = recorder(host).Import(raw, now)
	return err
}

// CoverageStreams reads how far back the streams reach that an investigation
// looks into.
func CoverageStreams(ctx context.Context, conn *bus.Conn) ([]coverage.Stream, error) {
	var all []coverage.Stream
	for _, name := range []string{bus.StreamEvents, bus.StreamDecisions, bus.StreamVerdicts} {
		k, err := bus.KeptBy(ctx, conn, name)
		if err != nil {
			return nil, err
		}
		all = append(all, coverage.Stream{
			Name: name, MaxAge: k.MaxAge, MaxBytes: k.MaxBytes, MaxMsgs: k.MaxMsgs,
			Messages: k.Messages, Bytes: k.Bytes, First: k.First, Last: k.Last,
		})
	}
	return all, nil
}

// isCoverage tells the keys of coverage from those of hosts' state.
func isCoverage(key string) bool { return strings.HasPrefix(key, bus.StateCoverage) }
