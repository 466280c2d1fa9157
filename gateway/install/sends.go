package install

import "msigate/gateway/event"

// sendSet is a set of kinds of record, a bit each.
type sendSet uint8

// sentKinds are the kinds that a sensor may or may not be set up to send, in
// the order of their names.
var sentKinds = [...]event.Kind{
	event.KindFileCreate, event.KindImageLoad, event.KindInstall, event.KindNetwork, event.KindProcessEnd, event.KindRegistry,
}

// sendSets are the names of every set, so that a Context needs no list of its own.
var sendSets = func() (all [1 << len(sentKinds)][]string) {
	for set := range all {
		for bit, kind := range sentKinds {
			if set&(1<<bit) != 0 {
				all[set] = append(all[set], string(kind))
			}
		}
	}
	return all
}()

func (s *sendSet) saw(kind event.Kind) {
	for bit, one := range sentKinds {
		if one == kind {
			*s |= 1 << bit
		}
	}
}

func (s sendSet) names() []string { return sendSets[int(s)%len(sendSets)] }
