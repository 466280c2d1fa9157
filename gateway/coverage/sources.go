package coverage

import "msigate/gateway/event"

// Source is one record that a host can send, under the name that people and
// signals' METADATA call it by.
type Source struct {
	Name     string     `json:"name"`
	Kind     event.Kind `json:"kind"`
	Official bool       `json:"official"` // a log source of AN0940 itself: Sysmon 1 and 11. The others are our additions
	About    string     `json:"about"`    // what it tells

	provider string
	ids      []int
}

// sources are what a host is looked at for: AN0940's own two first.
var sources = []Source{
	{Name: "Sysmon 1", Kind: event.KindProcessStart, Official: true, About: "a process starts", provider: event.ProviderSysmon, ids: []int{1}},
	{Name: "Sysmon 11", Kind: event.KindFileCreate, Official: true, About: "a file is written", provider: event.ProviderSysmon, ids: []int{11}},
	{Name: "Security 4688", Kind: event.KindProcessStart, About: "a process starts", provider: event.ProviderSecurity, ids: []int{4688}},
	{Name: "Sysmon 7", Kind: event.KindImageLoad, About: "a module is loaded, and who signed it", provider: event.ProviderSysmon, ids: []int{7}},
	{Name: "Sysmon 12, 13, 14", Kind: event.KindRegistry, About: "the registry is written", provider: event.ProviderSysmon, ids: []int{12, 13, 14}},
	{Name: "MsiInstaller 1040, 1042", Kind: event.KindInstall, About: "an install begins and ends, and from which package", provider: event.ProviderInstaller, ids: []int{1040, 1042}},
	{Name: "MsiInstaller 1033, 11707", Kind: event.KindInstall, About: "which product was installed", provider: event.ProviderInstaller, ids: []int{1033, 1034, 1035, 11707, 11708, 11724}},
	{Name: "Sysmon 29", Kind: event.KindFileExecutable, About: "an executable is written, with its hash", provider: event.ProviderSysmon, ids: []int{29}},
	{Name: "Sysmon 3", Kind: event.KindNetwork, About: "a process connects", provider: event.ProviderSysmon, ids: []int{3}},
	{Name: "Sysmon 23, 26", Kind: event.KindFileDelete, About: "a file is deleted", provider: event.ProviderSysmon, ids: []int{23, 26}},
	{Name: "Sysmon 15", Kind: event.KindFileStream, About: "a download is marked as such", provider: event.ProviderSysmon, ids: []int{15}},
	{Name: "Sysmon 5", Kind: event.KindProcessEnd, About: "a process ends", provider: event.ProviderSysmon, ids: []int{5}},
	{Name: "Sysmon 4, 16, 255", Kind: event.KindSensor, About: "what Sysmon says of itself", provider: event.ProviderSysmon, ids: []int{4, 16, 255}},
}

// is reports whether a kind of record is of the source.
func (s *Source) is(k *RecordKind) bool {
	if k.Provider != s.provider {
		return false
	}
	for _, id := range s.ids {
		if k.EventID == id {
			return true
		}
	}
	return false
}

// official reports whether a kind of record is one of AN0940's own log sources.
func official(k *RecordKind) bool {
	for i := range sources {
		if sources[i].Official && sources[i].is(k) {
			return true
		}
	}
	return false
}
