package event

import (
	"path/filepath"
	"strings"
)

// ProviderDefender names the sensor of the advanced hunting tables, which carry
// no Windows provider.
const ProviderDefender = "Microsoft Defender XDR"

// defender reads a row of Defender XDR's advanced hunting tables, as the
// streaming API writes it (the row under properties, its table in category) or
// bare: DeviceProcessEvents, DeviceImageLoadEvents, DeviceFileEvents and
// DeviceFileCertificateInfo. Rows of other tables are KindOther.
//
// FolderPath includes the file's name, though the documentation calls it the
// folder; the initiating process's path is in lower case. A process is known by
// its id and its creation time, as Microsoft's own queries join it, since not
// every table has the newer unique ids. The signer of the new process is not in
// its row: DeviceFileCertificateInfo tells it by SHA-1.
func (r *record) defender(root, row jsonRef) {
	r.shape = ShapeDefender
	r.provider = textValue(ProviderDefender)
	table := strings.TrimPrefix(root.member("category").value().string(), "AdvancedHunting-")
	action := row.member("ActionType").value()
	r.kind, r.channel = defenderKind(table, action, row)
	r.host = row.member("DeviceName").value()
	r.recordID = row.member("ReportId").value()
	r.times = [3]value{row.member("Timestamp").value(), row.member("TimeGenerated").value(), root.member("time").value()}
	names := defenderActor
	switch r.kind {
	case KindProcessStart:
		names = defenderStart
		r.times[2] = r.times[0]
		r.times[0] = row.member("ProcessCreationTime").value()
		r.add(plainName, defenderIdentity(row, "ProcessId", "ProcessCreationTime"))
		r.add(parentName, defenderIdentity(row, "InitiatingProcessId", "InitiatingProcessCreationTime"))
		r.add([]byte("User"), accountOf(row.member("AccountDomain").value(), row.member("AccountName").value()))
		r.add([]byte("ParentUser"), defenderInitiator(row))
	case KindOther:
		if r.channel.equalFold(defenderCertificates) {
			r.defenderCertificate(row)
		}
		return
	default:
		r.add(plainName, defenderIdentity(row, "InitiatingProcessId", "InitiatingProcessCreationTime"))
		r.add([]byte("User"), defenderInitiator(row))
	}
	path := "TargetFilename"
	switch r.kind {
	case KindProcessStart:
		path = "Image"
	case KindImageLoad:
		path = "ImageLoaded"
	}
	r.add([]byte(path), defenderPath(row, "FolderPath", "FileName"))
	initiator := "Image"
	if r.kind == KindProcessStart {
		initiator = "ParentImage"
	}
	r.add([]byte(initiator), defenderPath(row, "InitiatingProcessFolderPath", "InitiatingProcessFileName"))
	row.each(func(column jsonRef) {
		if name, known := names[string(column.name())]; known {
			r.add(name, column.value())
		}
	})
}

// isDefender tells a row by the columns that every table of a device has.
func isDefender(row jsonRef) bool {
	return row.member("DeviceName").kind() == jsonString &&
		(row.member("ActionType").kind() != jsonNone || row.member("IsSigned").kind() != jsonNone)
}

const (
	defenderProcesses    = "DeviceProcessEvents"
	defenderModules      = "DeviceImageLoadEvents"
	defenderFiles        = "DeviceFileEvents"
	defenderCertificates = "DeviceFileCertificateInfo"
)

// defenderKind tells what a row says happened; where the table is not named, by
// what only one table has. A renamed or changed file is one that was written.
func defenderKind(table string, action value, row jsonRef) (Kind, value) {
	named := func(name string) bool { return table == name || table == "" }
	is := func(word string) bool { return action.present() && action.string() == word }
	switch {
	case named(defenderProcesses) && is("ProcessCreated"):
		return KindProcessStart, textValue(defenderProcesses)
	case named(defenderModules) && is("ImageLoaded"):
		return KindImageLoad, textValue(defenderModules)
	case named(defenderFiles) && (is("FileCreated") || is("FileModified") || is("FileRenamed")):
		return KindFileCreate, textValue(defenderFiles)
	case named(defenderFiles) && is("FileDeleted"):
		return KindFileDelete, textValue(defenderFiles)
	case named(defenderCertificates) && row.member("IsSigned").value().present():
		return KindOther, textValue(defenderCertificates)
	}
	return KindOther, textValue(table)
}

var plainName, parentName = []byte("ProcessGuid"), []byte("ParentProcessGuid")

// defenderIdentity is a process's id with its creation time, which together are
// one process of the device.
func defenderIdentity(row jsonRef, pid, created string) value {
	id, at := row.member(pid).value(), row.member(created).value()
	if parsePID(id) == 0 || !at.present() || absent(at.string()) {
		return value{}
	}
	return textValue(id.string() + "@" + at.string())
}

func defenderInitiator(row jsonRef) value {
	return accountOf(row.member("InitiatingProcessAccountDomain").value(), row.member("InitiatingProcessAccountName").value())
}

// defenderPath is the path of a file or program that two columns name: the
// folder's column holds the whole path (perhaps with a short name), the folder
// alone, or nothing.
func defenderPath(row jsonRef, folder, name string) value {
	path, file := row.member(folder).value(), row.member(name).value()
	whole, last := path.string(), file.string()
	switch {
	case !file.present() || absent(last), EqualFoldASCII(Base(whole), last):
		return path
	case path.present() && filepath.Ext(last) != "" && EqualFoldASCII(filepath.Ext(whole), filepath.Ext(last)):
		return path
	case !path.present() || absent(whole):
		return file
	}
	return textValue(strings.TrimSuffix(whole, `\`) + `\` + last)
}

// defenderCertificate reads who signed the file of a hash.
func (r *record) defenderCertificate(row jsonRef) {
	signed, status := "false", "Unsigned"
	if isTrue(row.member("IsSigned").value()) {
		signed, status = "true", ""
		switch trusted := row.member("IsTrusted").value(); {
		case !trusted.present():
		case isTrue(trusted):
			status = "Trusted"
		default:
			status = "Untrusted"
		}
	}
	r.add(plainNames.sha1, row.member("SHA1").value())
	r.add(plainNames.signed, textValue(signed))
	r.add(plainNames.status, textValue(status))
	r.add(plainNames.signature, row.member("Signer").value())
	r.add(plainNames.issuer, row.member("Issuer").value())
	r.add(plainNames.thumbprint, row.member("SignerHash").value())
}

// defenderStart and defenderActor say which column is which fact of a process
// that started, and of what a process did.
var defenderStart, defenderActor = func() (start, actor map[string][]byte) {
	start = map[string][]byte{
		"ProcessId": []byte("ProcessId"), "ProcessCommandLine": []byte("CommandLine"), "LogonId": []byte("LogonId"),
		"ProcessIntegrityLevel":              []byte("IntegrityLevel"),
		"ProcessVersionInfoCompanyName":      []byte("Company"),
		"ProcessVersionInfoProductName":      []byte("Product"),
		"ProcessVersionInfoFileDescription":  []byte("Description"),
		"ProcessVersionInfoOriginalFileName": []byte("OriginalFileName"),
		"MD5":                                plainNames.md5,
		"SHA1":                               plainNames.sha1,
		"SHA256":                             plainNames.sha256,
		"InitiatingProcessId":                []byte("ParentProcessId"),
	}
	actor = map[string][]byte{
		"MD5": plainNames.md5, "SHA1": plainNames.sha1, "SHA256": plainNames.sha256,
		"InitiatingProcessId": []byte("ProcessId"),
	}
	for _, role := range []struct {
		columns map[string][]byte
		names   *roleNames
	}{{start, &parentNames}, {actor, &actorNames}} {
		role.columns["InitiatingProcessCommandLine"] = role.names.commandLine
		role.columns["InitiatingProcessIntegrityLevel"] = role.names.integrity
		role.columns["InitiatingProcessLogonId"] = role.names.logon
		role.columns["InitiatingProcessVersionInfoCompanyName"] = role.names.company
		role.columns["InitiatingProcessVersionInfoProductName"] = role.names.product
		role.columns["InitiatingProcessVersionInfoFileDescription"] = role.names.description
		role.columns["InitiatingProcessVersionInfoOriginalFileName"] = role.names.original
		role.columns["InitiatingProcessMD5"] = role.names.md5
		role.columns["InitiatingProcessSHA1"] = role.names.sha1
		role.columns["InitiatingProcessSHA256"] = role.names.sha256
	}
	return start, actor
}()
