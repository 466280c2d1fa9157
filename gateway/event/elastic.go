package event

import "strings"

// ProviderElastic names the sensor of Elastic Endpoint's events.
const ProviderElastic = "Elastic Endpoint"

// elastic reads a process, library or file event of Elastic Endpoint (Elastic
// Defend): Elastic Common Schema, with the sensor's own word on signatures in
// code_signature. Its other events are KindOther. entity_id is no GUID but
// Base64, in which case matters.
func (r *record) elastic(root, event jsonRef) {
	r.shape = ShapeElastic
	r.provider = textValue(ProviderElastic)
	r.kind = elasticKind(event)
	r.channel = firstOf(event.member("dataset"), root.at("data_stream", "dataset"))
	r.host = firstOf(root.at("host", "name"), root.at("host", "hostname"))
	r.times[0] = root.member("@timestamp").value()
	process := root.member("process")
	user := root.member("user")
	r.take(process, elasticProcess)
	r.add([]byte("User"), accountOf(user.member("domain").value(), user.member("name").value()))
	switch r.kind {
	case KindProcessStart:
		r.elasticDescribed(process, &plainNames)
		parent := process.member("parent")
		r.take(parent, elasticParent)
		r.elasticDescribed(parent, &parentNames)
		r.add([]byte("ParentUser"), accountOf(parent.at("user", "domain").value(), parent.at("user", "name").value()))
	case KindImageLoad:
		r.elasticDescribed(process, &actorNames)
		module := either(root.member("dll"), root.member("file"))
		r.add([]byte("ImageLoaded"), module.member("path").value())
		r.elasticDescribed(module, &plainNames)
	case KindFileCreate, KindFileDelete:
		r.elasticDescribed(process, &actorNames)
		file := root.member("file")
		r.add([]byte("TargetFilename"), file.member("path").value())
		r.elasticHashes(file, &plainNames)
	case KindProcessEnd:
		r.elasticDescribed(process, &actorNames)
	}
}

// isElastic tells the sensor by its module, or by its data stream.
func isElastic(event jsonRef) bool {
	return event.member("module").value().equalFold("endpoint") ||
		strings.HasPrefix(event.member("dataset").value().string(), "endpoint.")
}

// elasticKind tells what happened. Both type and category are lists; library
// events are of type start too.
func elasticKind(event jsonRef) Kind {
	category, kind, action := event.member("category"), event.member("type"), event.member("action")
	switch {
	case category.holds("process"):
		switch {
		case kind.holds("start"), action.holds("start"), action.holds("creation"):
			return KindProcessStart
		case kind.holds("end"), action.holds("end"):
			return KindProcessEnd
		}
	case category.holds("library"), category.holds("driver"):
		if action.holds("load") {
			return KindImageLoad
		}
	case category.holds("file"):
		switch {
		case action.holds("creation"), action.holds("overwrite"), action.holds("modification"), action.holds("rename"):
			return KindFileCreate
		case action.holds("deletion"):
			return KindFileDelete
		}
	}
	return KindOther
}

var elasticProcess = []place{
	at("ProcessGuid", "entity_id"), at("ProcessId", "pid"), at("Image", "executable"), at("CurrentDirectory", "working_directory"),
}

var elasticParent = []place{
	at("ParentProcessGuid", "entity_id"), at("ParentProcessId", "pid"), at("ParentImage", "executable"),
}

// elasticDescribed adds what is told of a process or of a module.
func (r *record) elasticDescribed(of jsonRef, names *roleNames) {
	pe := of.member("pe")
	r.add(names.commandLine, of.member("command_line").value())
	r.add(names.integrity, firstOf(of.at("Ext", "token", "integrity_level_name"), of.at("token", "integrity_level_name")))
	r.add(names.logon, of.at("Ext", "authentication_id").value())
	r.add(names.original, pe.member("original_file_name").value())
	r.add(names.company, pe.member("company").value())
	r.add(names.product, pe.member("product").value())
	r.add(names.description, pe.member("description").value())
	r.add(names.version, pe.member("file_version").value())
	r.elasticHashes(of, names)
	r.elasticSignature(of, names)
}

func (r *record) elasticHashes(of jsonRef, names *roleNames) {
	hash := of.member("hash")
	r.add(names.md5, hash.member("md5").value())
	r.add(names.sha1, hash.member("sha1").value())
	r.add(names.sha256, hash.member("sha256").value())
	if names == &plainNames {
		r.add([]byte("IMPHASH"), of.at("pe", "imphash").value())
	}
}

// elasticSignature adds code_signature, which older sensors (and parents) have
// as a list under Ext. exists: false is the sensor's word that there is none.
func (r *record) elasticSignature(of jsonRef, names *roleNames) {
	signature := of.member("code_signature")
	if signature.kind() != jsonObject {
		first := true
		of.at("Ext", "code_signature").each(func(one jsonRef) {
			if first && one.kind() == jsonObject {
				signature, first = one, false
			}
		})
	}
	exists, status, subject := signature.member("exists").value(), signature.member("status").value(), signature.member("subject_name").value()
	switch {
	case exists.present() && !isTrue(exists):
		r.add(names.signed, textValue("false"))
		if !status.present() {
			status = textValue("unsigned")
		}
	case exists.present(), subject.present():
		r.add(names.signed, textValue("true"))
	default:
		return
	}
	r.add(names.signature, subject)
	r.add(names.status, status)
	r.add(names.thumbprint, signature.member("thumbprint_sha256").value())
}
