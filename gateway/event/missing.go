package event

// fact is one fact that a kind of record can carry: its path in the policy's
// input, and whether this Event lacks it.
type fact struct {
	path   string
	absent func(*Event) bool
}

// missing names the facts that a record of this kind could carry, whatever
// sensor wrote it, and that this one does not. A driver load (Sysmon 6) has no
// process, so none is missed.
func (r *reading) missing() {
	e := r.event
	add := func(facts []fact) {
		for i := range facts {
			if facts[i].absent(e) {
				e.Missing = append(e.Missing, facts[i].path)
			}
		}
	}
	switch e.Kind {
	case KindProcessStart:
		add(actorFacts)
		add(startFacts)
	case KindProcessEnd:
		add(actorFacts)
	case KindImageLoad:
		if e.EventID != driverLoaded {
			add(actorFacts)
		}
		add(moduleFacts)
	case KindFileCreate:
		add(actorFacts)
		add(fileFacts[:1])
	case KindFileStream:
		add(actorFacts)
		add(fileFacts)
		if e.File.Stream != "" { // the unnamed stream's text is the file itself
			add(streamFacts)
		}
	case KindFileExecutable, KindFileDelete:
		add(actorFacts)
		add(fileFacts)
	case KindNetwork:
		add(actorFacts)
		add(networkFacts)
	case KindDNS:
		add(actorFacts)
		add(dnsFacts)
	case KindRegistry:
		add(actorFacts)
		add(registryFacts)
		switch e.EventID {
		case registryValueSet:
			add(registryValueFacts)
		case registryRenamed:
			add(registryRenameFacts)
		}
	case KindInstall:
		switch e.EventID {
		case 1040, 1042:
			add(transactionFacts)
		case 11707, 11708, 11724:
			add(productFacts[:2])
		default:
			add(productFacts)
		}
	}
}

// Sysmon event ids that share a kind and differ in what they carry.
const (
	driverLoaded     = 6
	registryValueSet = 13
	registryRenamed  = 14
)

var actorFacts = []fact{
	{"process.guid", func(e *Event) bool { return e.Process.GUID == "" }},
	{"process.image", func(e *Event) bool { return e.Process.Image == "" }},
	{"process.pid", func(e *Event) bool { return e.Process.PID == 0 }},
	{"process.user", func(e *Event) bool { return e.Process.User == "" }},
}

var startFacts = []fact{
	{"parent.command_line", func(e *Event) bool { return e.Parent.CommandLine == "" }},
	{"parent.guid", func(e *Event) bool { return e.Parent.GUID == "" }},
	{"parent.image", func(e *Event) bool { return e.Parent.Image == "" }},
	{"parent.pid", func(e *Event) bool { return e.Parent.PID == 0 }},
	{"parent.user", func(e *Event) bool { return e.Parent.User == "" }},
	{"process.command_line", func(e *Event) bool { return e.Process.CommandLine == "" }},
	{"process.company", func(e *Event) bool { return e.Process.Company == "" }},
	{"process.current_directory", func(e *Event) bool { return e.Process.CurrentDirectory == "" }},
	{"process.description", func(e *Event) bool { return e.Process.Description == "" }},
	{"process.file_version", func(e *Event) bool { return e.Process.FileVersion == "" }},
	{"process.integrity_level", func(e *Event) bool { return e.Process.IntegrityLevel == "" }},
	{"process.original_file_name", func(e *Event) bool { return e.Process.OriginalFileName == "" }},
	{"process.product", func(e *Event) bool { return e.Process.Product == "" }},
	{"process.sha256", func(e *Event) bool { return e.Process.Hashes.SHA256 == "" }},
}

var moduleFacts = []fact{
	{"module.company", func(e *Event) bool { return e.Module.Company == "" }},
	{"module.description", func(e *Event) bool { return e.Module.Description == "" }},
	{"module.file_version", func(e *Event) bool { return e.Module.FileVersion == "" }},
	{"module.original_file_name", func(e *Event) bool { return e.Module.OriginalFileName == "" }},
	{"module.path", func(e *Event) bool { return e.Module.Path == "" }},
	{"module.product", func(e *Event) bool { return e.Module.Product == "" }},
	{"module.sha256", func(e *Event) bool { return e.Module.Hashes.SHA256 == "" }},
	{"module.signer", func(e *Event) bool { return !e.Module.Signature.Known }},
}

var fileFacts = []fact{
	{"file.path", func(e *Event) bool { return e.File.Path == "" }},
	{"file.sha256", func(e *Event) bool { return e.File.Hashes.SHA256 == "" }},
}

var streamFacts = []fact{
	{"file.contents", func(e *Event) bool { return e.File.Contents == "" }},
}

var networkFacts = []fact{
	{"event.network.destination_ip", func(e *Event) bool { return e.Network.DestinationIP == "" }},
	{"event.network.destination_port", func(e *Event) bool { return e.Network.DestinationPort == 0 }},
	{"event.network.protocol", func(e *Event) bool { return e.Network.Protocol == "" }},
}

var dnsFacts = []fact{
	{"event.network.query_name", func(e *Event) bool { return e.Network.QueryName == "" }},
	{"event.network.query_results", func(e *Event) bool { return e.Network.QueryResults == "" }},
	{"event.network.query_status", func(e *Event) bool { return e.Network.QueryStatus == "" }},
}

var registryFacts = []fact{
	{"event.registry.key", func(e *Event) bool { return e.Registry.Key == "" }},
	{"event.registry.operation", func(e *Event) bool { return e.Registry.Operation == "" }},
}

var registryValueFacts = []fact{
	{"event.registry.value", func(e *Event) bool { return e.Registry.Value == "" }},
}

var registryRenameFacts = []fact{
	{"event.registry.new_name", func(e *Event) bool { return e.Registry.NewName == "" }},
}

var transactionFacts = []fact{
	{"event.install.client_pid", func(e *Event) bool { return e.Installer.ClientPID == 0 }},
	{"event.install.package", func(e *Event) bool { return e.Installer.Package == "" }},
}

var productFacts = []fact{
	{"event.install.product", func(e *Event) bool { return e.Installer.Product == "" }},
	{"event.install.product_code", func(e *Event) bool { return e.Installer.ProductCode == "" }},
	{"event.install.language", func(e *Event) bool { return e.Installer.Language == "" }},
	{"event.install.manufacturer", func(e *Event) bool { return e.Installer.Manufacturer == "" }},
	{"event.install.status", func(e *Event) bool { return e.Installer.Status == "" }},
	{"event.install.version", func(e *Event) bool { return e.Installer.Version == "" }},
}

// FactsOf names every fact that [Event.Missing] may name of a record of the
// kind, in no particular order. The slice is the caller's.
func FactsOf(kind Kind) []string {
	lists := map[Kind][][]fact{
		KindProcessStart:   {actorFacts, startFacts},
		KindProcessEnd:     {actorFacts},
		KindImageLoad:      {actorFacts, moduleFacts},
		KindFileCreate:     {actorFacts, fileFacts[:1]},
		KindFileStream:     {actorFacts, fileFacts, streamFacts},
		KindFileExecutable: {actorFacts, fileFacts},
		KindFileDelete:     {actorFacts, fileFacts},
		KindNetwork:        {actorFacts, networkFacts},
		KindDNS:            {actorFacts, dnsFacts},
		KindRegistry:       {actorFacts, registryFacts, registryValueFacts, registryRenameFacts},
		KindInstall:        {transactionFacts, productFacts},
	}
	var names []string
	for _, list := range lists[kind] {
		for _, f := range list {
			names = append(names, f.path)
		}
	}
	return names
}
