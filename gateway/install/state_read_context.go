package install

import "msigate/gateway/event"

func (r *stateReader) events() []*event.Event {
	all := make([]*event.Event, len(r.s.Events))
	for n := range r.s.Events {
		r.at("events", n)
		e := &r.s.Events[n]
		all[n] = &event.Event{
			Kind: event.Kind(r.text("kind", e.Kind)), Shape: event.Shape(r.text("shape", e.Shape)), Provider: r.text("provider", e.Provider),
			Channel: r.text("channel", e.Channel), EventID: e.EventID, RecordID: e.RecordID, Host: r.text("host", e.Host),
			Time: moment(e.Time), Stamp: moment(e.Stamp), Process: r.fact("process", e.Process), Parent: r.fact("parent", e.Parent), Module: r.module(&e.Module),
			File: event.File{
				Path: r.text("file", e.File.Path), Hashes: r.hashes(&e.File.Hashes), Contents: r.text("file", e.File.Contents), Stream: r.text("file", e.File.Stream),
			},
			Registry: event.Registry{
				Operation: r.text("registry", e.Registry.Operation), Key: r.text("registry", e.Registry.Key),
				Value: r.text("registry", e.Registry.Value), NewName: r.text("registry", e.Registry.NewName),
			},
			Network: event.Network{
				Protocol: r.text("network", e.Network.Protocol), DestinationIP: r.text("network", e.Network.DestinationIP),
				DestinationHost: r.text("network", e.Network.DestinationHost), DestinationPort: e.Network.DestinationPort,
				QueryName: r.text("network", e.Network.QueryName), QueryStatus: r.text("network", e.Network.QueryStatus),
				QueryResults: r.text("network", e.Network.QueryResults),
			},
			Installer: event.Installer{
				Package: r.text("installer", e.Installer.Package), ClientPID: e.Installer.ClientPID, Product: r.text("installer", e.Installer.Product),
				Version: r.text("installer", e.Installer.Version), Language: r.text("installer", e.Installer.Language),
				Status: r.text("installer", e.Installer.Status), Manufacturer: r.text("installer", e.Installer.Manufacturer),
				ProductCode: r.text("installer", e.Installer.ProductCode),
			},
			Sensor: event.Sensor{
				State: r.text("sensor", e.Sensor.State), Configuration: r.text("sensor", e.Sensor.Configuration),
				Error: r.text("sensor", e.Sensor.Error), Description: r.text("sensor", e.Sensor.Description),
			},
			Missing: r.list("missing", e.Missing), Mangled: r.list("mangled", e.Mangled),
		}
		if all[n].Host != r.s.Host {
			r.fail("host", "it is %q", clip(all[n].Host, 256))
		}
	}
	return all
}

func (r *stateReader) module(m *moduleState) event.Module {
	return event.Module{
		Path: r.text("module", m.Path), OriginalFileName: r.text("module", m.OriginalFileName), Company: r.text("module", m.Company),
		Product: r.text("module", m.Product), Description: r.text("module", m.Description), FileVersion: r.text("module", m.FileVersion),
		Hashes: r.hashes(&m.Hashes), Signature: r.signature(&m.Signature),
	}
}

// readWatched reads the watched events; events are those that they name.
func (r *stateReader) readWatched(h *host, events []*event.Event, records []*installRecord) {
	known := make(map[Position]bool, len(r.s.Watched))
	for n := range r.s.Watched {
		r.at("watched", n)
		row := &r.s.Watched[n]
		one := &watched{
			at: r.position("at", row.At), since: row.Since, subject: r.process("subject", row.Subject), changes: row.Changes, looked: row.Looked, frozen: row.Frozen,
		}
		if r.known("record", "record", row.Record, len(records)) {
			one.record = records[row.Record-1]
		}
		if known[one.at] || one.subject == nil || row.Changes < 0 || row.Changes > MaxChanges {
			r.fail("at", "the event is watched twice, or about nobody, or was told %d times", row.Changes)
			return
		}
		known[one.at] = true
		for _, n := range row.Around {
			p := r.process("around", n)
			if p == nil {
				r.fail("around", "a process is none")
				return
			}
			one.around = append(one.around, p)
		}
		var ok bool
		if one.context, ok = r.context("context", &row.Context, events); !ok {
			return
		}
		if row.Untold != nil {
			untold, ok := r.context("untold", row.Untold, events)
			if !ok {
				return
			}
			one.untold = &untold
		}
		h.watched = append(h.watched, one)
	}
}

func (r *stateReader) position(field string, at positionState) Position {
	return Position{Stream: r.text(field, at.Stream), Sequence: at.Sequence, Record: at.Record}
}

func (r *stateReader) context(field string, row *contextState, events []*event.Event) (c Context, ok bool) {
	if !r.known(field, "event", row.Event, len(events)) || len(row.Lineage) > MaxLineage {
		r.fail(field, "it is about no event, or has more than %d ancestors", MaxLineage)
		return c, false
	}
	c = Context{
		Event: events[row.Event-1], Process: r.describe(field, row.Process), Parent: r.describe(field, row.Parent), Root: r.describe(field, row.Root),
		Package: r.pkg(field, row.Package), Session: r.session(field, row.Session), Module: r.module(&row.Module),
		ModuleWritten: r.written(field, row.ModuleWritten, len(r.described)), Sends: r.list(field, row.Sends), RootCertificate: row.Rooted,
		Missing: append([]string{}, r.list(field, row.Missing)...), // never nil, as Apply makes it
	}
	for _, n := range row.Lineage {
		c.Lineage = append(c.Lineage, r.describe(field, n))
	}
	return c, true
}

// written names one of the first count described processes.
func (r *stateReader) written(field string, row *writtenState, count int) *Written {
	if row == nil {
		return nil
	}
	w := &Written{At: moment(row.At)}
	if r.known(field, "described process", row.By, count) {
		w.By = r.described[row.By-1]
	}
	if w.By.Written != nil {
		r.fail(field, "who wrote it was started from a file of which the writer is told, too")
	}
	return w
}
