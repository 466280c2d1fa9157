package event

import "strings"

// ecsFacts says where the Sysmon module of winlogbeat (and Elastic's Windows
// integration) moved each fact; winlog.event_data no longer has it. From the
// module's ingest pipeline, elastic/beats, x-pack/winlogbeat/module/sysmon.
var ecsFacts = [...]struct {
	name string   // Sysmon's name
	path []string // where it is now
}{
	{"ProcessGuid", []string{"process", "entity_id"}},
	{"SourceProcessGUID", []string{"process", "entity_id"}},
	{"ProcessId", []string{"process", "pid"}},
	{"SourceProcessId", []string{"process", "pid"}},
	{"Image", []string{"process", "executable"}},
	{"SourceImage", []string{"process", "executable"}},
	{"CommandLine", []string{"process", "command_line"}},
	{"CurrentDirectory", []string{"process", "working_directory"}},
	{"ParentProcessGuid", []string{"process", "parent", "entity_id"}},
	{"ParentProcessId", []string{"process", "parent", "pid"}},
	{"ParentImage", []string{"process", "parent", "executable"}},
	{"ParentCommandLine", []string{"process", "parent", "command_line"}},
	{"TargetFilename", []string{"file", "path"}},
	{"ImageLoaded", []string{"file", "path"}},
	{"ImageLoaded", []string{"dll", "path"}},
	{"Protocol", []string{"network", "transport"}},
	{"DestinationIp", []string{"destination", "ip"}},
	{"DestinationHostname", []string{"destination", "domain"}},
	{"DestinationPort", []string{"destination", "port"}},
	{"QueryName", []string{"dns", "question", "name"}},
	{"QueryStatus", []string{"sysmon", "dns", "status"}},
	{"TargetObject", []string{"registry", "path"}},
	{"ID", []string{"error", "code"}},
}

// isMovedToECS tells the record of a pipeline that moved facts: the module says
// so of itself, and elsewhere the acting process is in ECS alone.
func (r *record) isMovedToECS(root jsonRef) bool {
	if root.at("event", "module").value().equalFold("sysmon") {
		return true
	}
	return r.provider.equalFold(ProviderSysmon) && root.at("process", "executable").value().present() &&
		!r.get("Image").present() && !r.get("SourceImage").present()
}

// winlogbeatECS adds the facts that the pipeline moved out of event_data, under
// the names they had there. What event_data still has stays as it is.
func (r *record) winlogbeatECS(root jsonRef) {
	r.shape = ShapeWinlogbeatECS
	for _, fact := range ecsFacts {
		r.fallback(fact.name, root.at(fact.path...).value())
	}
	r.ecsVersion(root)
	r.ecsHashes(root)
	r.fallback("User", ecsUser(root.member("user")))
	r.fallback("QueryResults", joined(root.at("dns", "answers"), "data"))
	r.fallback("Details", joined(root.at("registry", "data", "strings"), ""))
}

// ecsVersion adds the version resource: of the module in event 7, of the
// process elsewhere.
func (r *record) ecsVersion(root jsonRef) {
	pe := root.at("process", "pe")
	if id := r.eventID.string(); id == "6" || id == "7" {
		pe = either(root.at("file", "pe"), root.at("dll", "pe"))
		signature := either(root.at("file", "code_signature"), root.at("dll", "code_signature"))
		r.fallback("Signed", signature.member("signed").value())
		r.fallback("Signature", signature.member("subject_name").value())
		r.fallback("SignatureStatus", signature.member("status").value())
	}
	r.fallback("OriginalFileName", pe.member("original_file_name").value())
	r.fallback("Company", pe.member("company").value())
	r.fallback("Description", pe.member("description").value())
	r.fallback("FileVersion", pe.member("file_version").value())
	r.fallback("Product", pe.member("product").value())
}

// ecsHashes adds the hashes. The pipeline puts those of a deleted file (23, 26)
// under process, although they are the file's.
func (r *record) ecsHashes(root jsonRef) {
	if !absent(r.get("Hashes").string()) {
		return
	}
	owner := root.member("process")
	switch r.eventID.string() {
	case "6", "7", "11", "15", "29":
		owner = either(root.member("file"), root.member("dll"))
	case "23", "26":
		if owner.member("hash").kind() != jsonObject {
			owner = root.member("file")
		}
	}
	r.fallback("MD5", owner.at("hash", "md5").value())
	r.fallback("SHA1", owner.at("hash", "sha1").value())
	r.fallback("SHA256", owner.at("hash", "sha256").value())
	r.fallback("IMPHASH", firstOf(owner.at("pe", "imphash"), owner.at("hash", "imphash")))
}

func either(a, b jsonRef) jsonRef {
	if a.kind() == jsonObject {
		return a
	}
	return b
}

// ecsUser joins user.domain and user.name as Sysmon writes them.
func ecsUser(user jsonRef) value {
	name := user.member("name").value()
	domain := user.member("domain").value()
	if !name.present() || !domain.present() {
		return name
	}
	return textValue(domain.string() + `\` + name.string())
}

// joined is a list's texts (or the named member of each element), separated by
// semicolons as Sysmon separates query results.
func joined(list jsonRef, name string) value {
	var texts []string
	list.each(func(element jsonRef) {
		if name != "" {
			element = element.member(name)
		}
		if v := element.value(); v.present() {
			texts = append(texts, v.string())
		}
	})
	if texts == nil {
		return list.value()
	}
	return textValue(strings.Join(texts, ";"))
}
