package event

import "strings"

// ProviderOCSF stands where an OCSF event names no product.
const ProviderOCSF = "OCSF"

// The OCSF classes that are read; events of the others are KindOther.
const (
	ocsfFiles     = 1001 // File System Activity
	ocsfModules   = 1005 // Module Activity
	ocsfProcesses = 1007 // Process Activity
)

// ocsf reads an Open Cybersecurity Schema Framework event, from 1.0.0-rc.2 on:
// actor.process is who acted, which for a launch is the parent; process is the
// new one. Times are milliseconds since 1970.
func (r *record) ocsf(root jsonRef) {
	r.shape = ShapeOCSF
	r.provider = firstOf(root.at("metadata", "product", "name"))
	if absent(r.provider.string()) {
		r.provider = textValue(ProviderOCSF)
	}
	r.kind = ocsfKind(root)
	r.channel = root.member("class_name").value()
	r.host = firstOf(root.at("device", "hostname"), root.at("device", "name"))
	r.times[0] = root.member("time").value()
	process, actor := root.member("process"), root.at("actor", "process")
	switch r.kind {
	case KindProcessStart:
		r.ocsfProcess(process, ocsfPlain, &plainNames)
		r.add([]byte("CurrentDirectory"), process.member("working_directory").value())
		r.add([]byte("User"), ocsfUser(process.member("user")))
		parent := either(process.member("parent_process"), actor)
		r.ocsfProcess(parent, ocsfParent, &parentNames)
		r.add([]byte("ParentUser"), ocsfUser(either(parent.member("user"), root.at("actor", "user"))))
		return
	case KindProcessEnd:
		actor = either(process, actor)
	case KindOther:
		return
	}
	r.ocsfProcess(actor, ocsfPlain, &actorNames)
	r.add([]byte("User"), ocsfUser(either(actor.member("user"), root.at("actor", "user"))))
	switch r.kind {
	case KindImageLoad:
		r.ocsfFile(root.at("module", "file"), []byte("ImageLoaded"), &plainNames)
	case KindFileCreate, KindFileDelete:
		r.ocsfFile(either(root.member("file_result"), root.member("file")), []byte("TargetFilename"), &plainNames)
	}
}

// ocsfKind tells what happened by class and activity.
func ocsfKind(root jsonRef) Kind {
	class, _ := parseUint(root.member("class_uid").value().string())
	activity, _ := parseUint(root.member("activity_id").value().string())
	switch class {
	case ocsfProcesses:
		switch activity {
		case 1: // Launch
			return KindProcessStart
		case 2: // Terminate
			return KindProcessEnd
		}
	case ocsfModules:
		if activity == 1 { // Load
			return KindImageLoad
		}
	case ocsfFiles:
		switch activity {
		case 1, 3, 5: // Create, Update, Rename: a file is there that was not so before
			return KindFileCreate
		case 4: // Delete
			return KindFileDelete
		}
	}
	return KindOther
}

// ocsfPlaces are the names of a process's identity in one role.
type ocsfPlaces struct{ guid, pid, image []byte }

var (
	ocsfPlain  = ocsfPlaces{[]byte("ProcessGuid"), []byte("ProcessId"), []byte("Image")}
	ocsfParent = ocsfPlaces{[]byte("ParentProcessGuid"), []byte("ParentProcessId"), []byte("ParentImage")}
)

func (r *record) ocsfProcess(process jsonRef, places ocsfPlaces, names *roleNames) {
	r.add(places.guid, process.member("uid").value())
	r.add(places.pid, process.member("pid").value())
	r.add(names.commandLine, process.member("cmd_line").value())
	r.add(names.integrity, process.member("integrity").value())
	r.add(names.logon, process.at("session", "uid").value())
	r.ocsfFile(process.member("file"), places.image, names)
}

// ocsfFile adds what is told of a process's, module's or written file. Its
// internal_name is not taken for OriginalFileName, which a version resource has
// besides.
func (r *record) ocsfFile(file jsonRef, path []byte, names *roleNames) {
	r.add(path, ocsfPath(file))
	r.add(names.company, file.member("company_name").value())
	r.add(names.product, firstOf(file.at("product", "name"), file.member("product")))
	r.add(names.description, file.member("desc").value())
	r.add(names.version, file.member("version").value())
	hashes := func(hash jsonRef) {
		switch id, algorithm := hash.member("algorithm_id").value(), hash.member("algorithm").value(); {
		case id.equalFold("1"), !id.present() && algorithm.equalFold("MD5"):
			r.add(names.md5, hash.member("value").value())
		case id.equalFold("2"), !id.present() && (algorithm.equalFold("SHA-1") || algorithm.equalFold("SHA1")):
			r.add(names.sha1, hash.member("value").value())
		case id.equalFold("3"), !id.present() && (algorithm.equalFold("SHA-256") || algorithm.equalFold("SHA256")):
			r.add(names.sha256, hash.member("value").value())
		}
	}
	file.member("hashes").each(hashes)
	if file.member("hashes").kind() != jsonArray {
		file.member("fingerprints").each(hashes) // before 1.0
	}
	r.ocsfSignature(file.member("signature"), names)
}

func ocsfPath(file jsonRef) value {
	path := file.member("path").value()
	folder, name := file.member("parent_folder").value(), file.member("name").value()
	if path.present() || !folder.present() || !name.present() {
		return path
	}
	return textValue(strings.TrimRight(folder.string(), `\`) + `\` + name.string())
}

func ocsfUser(user jsonRef) value {
	return accountOf(user.member("domain").value(), user.member("name").value())
}

// ocsfStates are the words for a signature's state_id.
var ocsfStates = map[string]string{
	"1": "Valid", "2": "Expired", "3": "Revoked", "4": "Suspended", "5": "Pending",
	"6": "Untrusted", "7": "Distrusted", "8": "WrongUsage", "9": "Bad", "10": "Broken",
}

// ocsfSignature adds a digital signature. One of unknown state (0) says nothing
// that could be relied on.
func (r *record) ocsfSignature(signature jsonRef, names *roleNames) {
	if signature.kind() != jsonObject {
		return
	}
	certificate := signature.member("certificate")
	id := signature.member("state_id").value()
	status, known := ocsfStates[id.string()]
	if !known && !id.present() {
		status = signature.member("state").value().string()
		known = certificate.member("subject").value().present()
	}
	if known {
		r.add(names.signed, textValue("true"))
	}
	r.add(names.status, textValue(status))
	r.add(names.signature, commonName(certificate.member("subject").value()))
	r.add(names.issuer, commonName(certificate.member("issuer").value()))
	first := true
	certificate.member("fingerprints").each(func(hash jsonRef) {
		if v := hash.member("value").value(); first && v.present() {
			r.add(names.thumbprint, v)
			first = false
		}
	})
}

// commonName is the CN of a distinguished name, which is what other sensors
// give as the signer; a text that is none stays as it is.
func commonName(v value) value {
	for rest := v.string(); rest != ""; {
		rest = strings.TrimLeft(rest, " ")
		key, after, found := strings.Cut(rest, "=")
		if !found {
			return v
		}
		text, next, ok := attributeValue(after)
		if !ok {
			return v
		}
		if EqualFoldASCII(strings.TrimSpace(key), "CN") {
			return textValue(text)
		}
		rest = next
	}
	return v
}

// attributeValue reads up to the comma that ends it; inside quotes and behind a
// backslash a comma is text.
func attributeValue(s string) (text, rest string, ok bool) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return strings.TrimSpace(b.String()), s[i+1:], true
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String()), "", !quoted
}
