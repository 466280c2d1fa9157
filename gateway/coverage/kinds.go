package coverage

import (
	"strconv"

	"msigate/gateway/event"
)

// RecordKind tells the kinds of records of a host apart. It is exported for the
// sake of how it is written down.
type RecordKind struct {
	Provider string      `json:"p"`
	Channel  string      `json:"c,omitzero"`
	EventID  int         `json:"i,omitzero"`
	Shape    event.Shape `json:"s"`
	Kind     event.Kind  `json:"k"`
}

// kindCount is what arrived of one kind of record. Times are seconds since 1970.
type kindCount struct {
	*RecordKind        // shared by all hosts of a Recorder
	First       int64  `json:"f"`
	Last        int64  `json:"l"`
	Count       uint64 `json:"n"`
	// Decoded is how many of the latest were decoded, and Lacks of how many of
	// those each fact was absent, in the order of factsOf; both are halved when
	// Decoded reaches forgetAt, so that what was mended is forgotten.
	Decoded uint32   `json:"d"`
	Lacks   []uint16 `json:"m,omitempty"`

	channel int32 // in host.channels; -1: none
}

// forgetAt is how many decoded records of a kind are remembered alike.
const forgetAt = 4096

// factNames are the facts that a record of each kind can lack, in a fixed order.
var factNames, factIndex = func() (map[event.Kind][]string, map[event.Kind]map[string]int) {
	names, index := map[event.Kind][]string{}, map[event.Kind]map[string]int{}
	for _, kind := range event.Kinds() {
		names[kind] = event.FactsOf(kind)
		index[kind] = make(map[string]int, len(names[kind]))
		for i, name := range names[kind] {
			index[kind][name] = i
		}
	}
	return names, index
}()

// keys are the kinds that the hosts of a Recorder send, each kept once.
type keys map[RecordKind]*RecordKind

// maxKeys bounds them: hosts that invent kinds keep their own.
const maxKeys = 4096

func (all keys) shared(k RecordKind) *RecordKind {
	if one := all[k]; one != nil {
		return one
	}
	own := k
	if len(all) < maxKeys {
		all[own] = &own
	}
	return &own
}

// lacking counts the facts that a decoded record lacks.
func (k *kindCount) lacking(missing []string) {
	if k.Decoded++; k.Decoded >= forgetAt {
		k.Decoded /= 2
		for i := range k.Lacks {
			k.Lacks[i] /= 2
		}
	}
	index := factIndex[k.Kind]
	if k.Lacks == nil && len(index) > 0 {
		k.Lacks = make([]uint16, len(index))
	}
	for _, fact := range missing {
		if i, known := index[fact]; known {
			k.Lacks[i]++
		}
	}
}

// share is in which share of the decoded records a fact is absent, 0 to 1.
func (k *kindCount) share(fact string) float64 {
	i, known := factIndex[k.Kind][fact]
	if !known || k.Decoded == 0 || i >= len(k.Lacks) {
		return 0
	}
	return float64(k.Lacks[i]) / float64(k.Decoded)
}

// foreign reports a kind that msigate does not read.
func (k *kindCount) foreign() bool { return k.Kind == event.KindOther }

// name is what people call the kind: by provider and event id.
func (k *RecordKind) name() string {
	switch {
	case k.EventID == 0:
		return k.Provider + " " + string(k.Kind)
	case k.Provider == event.ProviderSysmon:
		return "Sysmon " + strconv.Itoa(k.EventID)
	case k.Provider == event.ProviderSecurity:
		return "Security " + strconv.Itoa(k.EventID)
	}
	return k.Provider + " " + strconv.Itoa(k.EventID)
}
