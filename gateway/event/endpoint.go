package event

// endpoint reads a record of an endpoint sensor that is no Windows provider
// (Defender XDR, Elastic Endpoint, OCSF): its decoder has said what happened and
// has put the facts under the names that Sysmon has for them. What Sysmon has no
// name for stands under these prefixes:
//
//	Actor…   the process that acted, where the plain name is the module's or file's
//	Parent…  the parent of a process that started
//
// Signed, Signature, SignatureStatus, Issuer and Thumbprint without a prefix are
// of what the record is about: the new process, the module.
func (r *reading) endpoint() {
	e := r.event
	e.Kind = r.record.kind
	switch e.Kind {
	case KindProcessStart:
		r.sysmonProcessStart()
		r.signature(&e.Process.Signature, "process.signer", &plainNames)
		r.described(&e.Parent, "parent", &parentNames)
	case KindProcessEnd, KindImageLoad, KindFileCreate, KindFileDelete:
		r.sysmonActor()
		r.described(&e.Process, "process", &actorNames)
	}
	switch e.Kind {
	case KindImageLoad, KindOther: // a certificate is of a file that is named by its hash alone
		r.sysmonModule()
		r.signature(&e.Module.Signature, "module.signer", &plainNames)
	case KindFileCreate, KindFileDelete:
		e.File.Path = r.path("file.path", "TargetFilename")
		e.File.Hashes = r.hashes("file.sha256")
	}
}

// roleNames are the names of the facts that an endpoint sensor tells of a
// process in one role.
type roleNames struct {
	commandLine, integrity, logon, original, company, product, description, version []byte

	md5, sha1, sha256, signed, signature, status, issuer, thumbprint []byte
}

func namesOf(prefix string) roleNames {
	name := func(s string) []byte { return []byte(prefix + s) }
	return roleNames{
		commandLine: name("CommandLine"), integrity: name("IntegrityLevel"), logon: name("LogonId"), original: name("OriginalFileName"),
		company: name("Company"), product: name("Product"), description: name("Description"), version: name("FileVersion"),
		md5: name("MD5"), sha1: name("SHA1"), sha256: name("SHA256"),
		signed: name("Signed"), signature: name("Signature"), status: name("SignatureStatus"),
		issuer: name("Issuer"), thumbprint: name("Thumbprint"),
	}
}

var plainNames, actorNames, parentNames = namesOf(""), namesOf("Actor"), namesOf("Parent")

// described reads what an endpoint sensor tells of a process that is not the
// new one. fact is its name in the policy's input.
func (r *reading) described(p *Process, fact string, names *roleNames) {
	text := func(fact string, name []byte) string { return r.present(fact, r.record.get(string(name))) }
	digest := func(name []byte, length int) string { return hexOf(r.record.get(string(name)).string(), length) }
	p.CommandLine = text(fact+".command_line", names.commandLine)
	p.IntegrityLevel = text(fact+".integrity_level", names.integrity)
	p.LogonID = parseLogonID(r.record.get(string(names.logon)))
	p.OriginalFileName = text(fact+".original_file_name", names.original)
	p.Company = text(fact+".company", names.company)
	p.Product = text(fact+".product", names.product)
	p.Description = text(fact+".description", names.description)
	p.FileVersion = text(fact+".file_version", names.version)
	p.Hashes = Hashes{MD5: digest(names.md5, 32), SHA1: digest(names.sha1, 40), SHA256: digest(names.sha256, 64)}
	r.signature(&p.Signature, fact+".signer", names)
}

// signature reads a signature with what Sysmon does not give: the certificate's
// issuer and thumbprint.
func (r *reading) signature(s *Signature, fact string, names *roleNames) {
	text := func(fact string, name []byte) string { return r.present(fact, r.record.get(string(name))) }
	*s = parseSignature(text(fact+".signed", names.signed), text(fact+".subject", names.signature), text(fact+".status", names.status))
	s.Issuer = text(fact+".issuer", names.issuer)
	s.Thumbprint = LowerASCII(text(fact+".thumbprint", names.thumbprint))
}

// Certificate gives the signature that a sensor verified of a file it names by
// its hash alone (Defender's DeviceFileCertificateInfo): the signer of every
// process and module of that hash. ok is false of any other Event.
func (e *Event) Certificate() (file Hashes, signature Signature, ok bool) {
	ok = e.Kind == KindOther && e.Module.Signature.Known && e.Module.Path == "" && e.Module.Hashes != Hashes{}
	if !ok {
		return Hashes{}, Signature{}, false
	}
	return e.Module.Hashes, e.Module.Signature, true
}

// place is where a shape keeps the fact that Sysmon gives a name.
type place struct {
	name []byte
	path []string
}

func at(name string, path ...string) place { return place{name: []byte(name), path: path} }

// take adds the facts that are in their places below root.
func (r *record) take(root jsonRef, places []place) {
	for i := range places {
		r.add(places[i].name, root.at(places[i].path...).value())
	}
}

// accountOf joins a domain and a name as Windows writes them; the name alone
// where there is no domain.
func accountOf(domain, name value) value {
	if !name.present() || absent(name.string()) {
		return value{}
	}
	if !domain.present() || absent(domain.string()) {
		return name
	}
	return textValue(domain.string() + `\` + name.string())
}

// isTrue reports the ways a flag is written: true, "true", 1.
func isTrue(v value) bool { return v.equalFold("true") || v.equalFold("1") }

// holds reports whether a text, or an element of a list of texts, is word.
func (r jsonRef) holds(word string) bool {
	found := r.value().equalFold(word)
	if r.kind() == jsonArray {
		r.each(func(element jsonRef) { found = found || element.value().equalFold(word) })
	}
	return found
}
