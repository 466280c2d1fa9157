package install

import "msigate/gateway/event"

func (w *stateWriter) watched(one *watched) watchedState {
	row := watchedState{
		At: w.position(one.at), Context: w.context(&one.context), Since: one.since, Subject: w.process(one.subject), Record: w.record(one.record),
		Changes: one.changes, Looked: one.looked, Frozen: one.frozen,
	}
	for _, p := range one.around {
		row.Around = append(row.Around, w.process(p))
	}
	if one.untold != nil {
		untold := w.context(one.untold)
		row.Untold = &untold
	}
	return row
}

func (w *stateWriter) position(at Position) positionState {
	return positionState{Stream: w.text(at.Stream), Sequence: at.Sequence, Record: at.Record}
}

func (w *stateWriter) context(c *Context) contextState {
	row := contextState{
		Event: w.event(c.Event), Process: w.describe(&c.Process), Parent: w.describe(&c.Parent), Root: w.describe(&c.Root),
		Package: w.pkg(c.Package), Session: w.session(c.Session), Module: w.module(&c.Module), ModuleWritten: w.written(c.ModuleWritten),
		Sends: w.list(c.Sends), Rooted: c.RootCertificate, Missing: w.list(c.Missing),
	}
	for i := range c.Lineage {
		row.Lineage = append(row.Lineage, w.describe(&c.Lineage[i]))
	}
	return row
}

func (w *stateWriter) written(one *Written) *writtenState {
	if one == nil {
		return nil
	}
	return &writtenState{By: w.describe(&one.By), At: stamp(one.At)}
}

func (w *stateWriter) module(m *event.Module) moduleState {
	return moduleState{
		Path: w.text(m.Path), OriginalFileName: w.text(m.OriginalFileName), Company: w.text(m.Company), Product: w.text(m.Product),
		Description: w.text(m.Description), FileVersion: w.text(m.FileVersion), Hashes: w.hashes(&m.Hashes), Signature: w.signature(&m.Signature),
	}
}

// event is the place of an event among those written; an event is written once
// however many contexts are about it.
func (w *stateWriter) event(e *event.Event) int {
	if n := w.events[e]; n != 0 {
		return n
	}
	w.s.Events = append(w.s.Events, eventState{
		Kind: w.text(string(e.Kind)), Shape: w.text(string(e.Shape)), Provider: w.text(e.Provider), Channel: w.text(e.Channel),
		EventID: e.EventID, RecordID: e.RecordID, Host: w.text(e.Host), Time: stamp(e.Time), Stamp: stamp(e.Stamp),
		Process: w.fact(&e.Process), Parent: w.fact(&e.Parent), Module: w.module(&e.Module),
		File: fileEventState{Path: w.text(e.File.Path), Hashes: w.hashes(&e.File.Hashes), Contents: w.text(e.File.Contents), Stream: w.text(e.File.Stream)},
		Registry: registryState{
			Operation: w.text(e.Registry.Operation), Key: w.text(e.Registry.Key), Value: w.text(e.Registry.Value), NewName: w.text(e.Registry.NewName),
		},
		Network: networkState{
			Protocol: w.text(e.Network.Protocol), DestinationIP: w.text(e.Network.DestinationIP), DestinationHost: w.text(e.Network.DestinationHost),
			DestinationPort: e.Network.DestinationPort, QueryName: w.text(e.Network.QueryName), QueryStatus: w.text(e.Network.QueryStatus),
			QueryResults: w.text(e.Network.QueryResults),
		},
		Installer: installerState{
			Package: w.text(e.Installer.Package), ClientPID: e.Installer.ClientPID, Product: w.text(e.Installer.Product), Version: w.text(e.Installer.Version),
			Language: w.text(e.Installer.Language), Status: w.text(e.Installer.Status), Manufacturer: w.text(e.Installer.Manufacturer),
			ProductCode: w.text(e.Installer.ProductCode),
		},
		Sensor: sensorState{
			State: w.text(e.Sensor.State), Configuration: w.text(e.Sensor.Configuration), Error: w.text(e.Sensor.Error), Description: w.text(e.Sensor.Description),
		},
		Missing: w.list(e.Missing), Mangled: w.list(e.Mangled),
	})
	if w.events == nil {
		w.events = map[*event.Event]int{}
	}
	w.events[e] = len(w.s.Events)
	return len(w.s.Events)
}
