package eventtest

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// encodeWinlogbeatECS writes what winlogbeat's Sysmon module makes of a record:
// it moves the facts out of event_data. Another provider's record has no such
// form.
func encodeWinlogbeatECS(t testing.TB, r *Record, _ int) []byte {
	if r.Provider != providerSysmon {
		return nil
	}
	domain, name := account(r.Get("User"))
	hash := object{"md5": r.Digest("MD5"), "sha1": r.Digest("SHA1"), "sha256": r.Digest("SHA256")}
	pe := object{
		"imphash": r.Digest("IMPHASH"), "original_file_name": r.Get("OriginalFileName"), "company": r.Get("Company"), "description": r.Get("Description"),
		"file_version": r.Get("FileVersion"), "product": r.Get("Product"),
	}
	process := object{"entity_id": r.Get("ProcessGuid"), "pid": number(r.Get("ProcessId")), "executable": r.Get("Image")}
	root := object{
		"@timestamp": r.At.Format("2006-01-02T15:04:05.000Z"), "host": object{"name": "wec01.corp.example"},
		"event":   object{"code": strconv.Itoa(r.ID), "kind": "event", "provider": r.Provider, "module": "sysmon"},
		"user":    object{"domain": domain, "name": name, "id": "S-1-5-18"},
		"process": process,
	}
	switch r.ID {
	case 1:
		process["command_line"], process["working_directory"], process["hash"], process["pe"] = r.Get("CommandLine"), r.Get("CurrentDirectory"), hash, pe
		process["parent"] = object{
			"entity_id": r.Get("ParentProcessGuid"), "pid": number(r.Get("ParentProcessId")),
			"executable": r.Get("ParentImage"), "command_line": r.Get("ParentCommandLine"),
		}
	case 7:
		signature := object{"status": r.Get("SignatureStatus"), "subject_name": r.Get("Signature")}
		if signed, err := strconv.ParseBool(r.Get("Signed")); err == nil {
			signature["signed"] = signed
		}
		root["file"] = object{"path": r.Get("ImageLoaded"), "hash": hash, "pe": pe, "code_signature": signature}
	case 23, 26: // the deleted file's hash, under process
		process["hash"] = hash
		root["file"] = object{"path": r.Get("TargetFilename")}
	case 11, 15, 29:
		root["file"] = object{"path": r.Get("TargetFilename"), "hash": hash}
	}
	moved := strings.Fields("RuleName UtcTime ProcessGuid ProcessId Image User CommandLine CurrentDirectory Hashes Hash ParentProcessGuid ParentProcessId " +
		"ParentImage ParentCommandLine TargetFilename ImageLoaded OriginalFileName Signature")
	kept := object{}
	for i, name := range r.Names {
		if !slices.Contains(moved, name) {
			kept[name] = r.Values[i]
		}
	}
	root["winlog"] = object{
		"channel": r.Channel, "provider_name": r.Provider, "computer_name": r.Host, "record_id": r.RecordID, "event_id": r.ID, "version": r.Version, "event_data": kept,
	}
	return written(t, filled(root))
}
