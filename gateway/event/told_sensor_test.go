package event

import (
	"strings"
	"testing"
	"time"
)

// The endpoint sensors have records of their own; these write what such a sensor
// would have told of the same happening.

// sensed says which Sysmon events an endpoint sensor has a like of.
func sensed(d *told, ids ...int) bool {
	for _, id := range ids {
		if d.provider == ProviderSysmon && d.id == id {
			return true
		}
	}
	return false
}

func account(s string) (domain, name string) {
	domain, name, _ = strings.Cut(s, `\`)
	return domain, name
}

// createdAt is when the process with that id was created; those that the story
// does not start were there in the morning.
func (d *told) createdAt(pid string) string {
	at, known := d.created[pid]
	if !known {
		at = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	}
	return at.Format("2006-01-02T15:04:05.0000000Z")
}

func number(s string) any {
	n, ok := parseUint(s)
	if !ok {
		return nil
	}
	return n
}

func (d *told) digest(name string) string {
	list := d.get("Hashes")
	for part := range strings.SplitSeq(list, ",") {
		if digits, found := strings.CutPrefix(part, name+"="); found {
			return strings.ToLower(digits)
		}
	}
	return ""
}

func encodeDefender(t testing.TB, d *told, i int) []byte {
	if !sensed(d, 1, 7, 11, 23) {
		return nil
	}
	row := object{
		"DeviceId": "1f0c9d4e5b6a", "DeviceName": strings.ToLower(d.host), "ReportId": d.recordID, "Timestamp": d.at.Format("2006-01-02T15:04:05.0000000Z"),
		"MD5": d.digest("MD5"), "SHA1": d.digest("SHA1"), "SHA256": d.digest("SHA256"), "MachineGroup": nil, "AdditionalFields": nil,
	}
	initiating := func(role string) {
		domain, name := account(d.get(role + "User"))
		row["InitiatingProcessId"] = number(d.get(role + "ProcessId"))
		row["InitiatingProcessCreationTime"] = d.createdAt(d.get(role + "ProcessId"))
		row["InitiatingProcessFolderPath"] = strings.ToLower(d.get(role + "Image")) // with the file's name
		row["InitiatingProcessFileName"] = Base(d.get(role + "Image"))
		row["InitiatingProcessAccountDomain"], row["InitiatingProcessAccountName"] = strings.ToLower(domain), strings.ToLower(name)
		row["InitiatingProcessSignatureStatus"] = "Valid"
	}
	table, path := "DeviceFileEvents", d.get("TargetFilename")
	switch d.id {
	case 1:
		table, path = "DeviceProcessEvents", d.get("Image")
		row["ActionType"] = "ProcessCreated"
		row["ProcessId"], row["ProcessCreationTime"] = number(d.get("ProcessId")), d.createdAt(d.get("ProcessId"))
		row["Timestamp"] = d.at.Add(110 * time.Millisecond).Format("2006-01-02T15:04:05.0000000Z")
		row["ProcessCommandLine"], row["ProcessIntegrityLevel"], row["LogonId"] = d.get("CommandLine"), d.get("IntegrityLevel"), number(d.get("LogonId"))
		row["AccountDomain"], row["AccountName"] = account(strings.ToLower(d.get("User")))
		row["ProcessVersionInfoCompanyName"], row["ProcessVersionInfoProductName"] = d.get("Company"), d.get("Product")
		row["ProcessVersionInfoFileDescription"], row["ProcessVersionInfoOriginalFileName"] = d.get("Description"), d.get("OriginalFileName")
		row["ProcessVersionInfoProductVersion"] = "10.0"
		initiating("Parent")
		row["InitiatingProcessCommandLine"] = d.get("ParentCommandLine")
	case 7:
		table, path = "DeviceImageLoadEvents", d.get("ImageLoaded")
		row["ActionType"] = "ImageLoaded"
		initiating("")
	case 11:
		row["ActionType"] = "FileCreated"
		initiating("")
	case 23:
		row["ActionType"] = "FileDeleted"
		initiating("")
	}
	row["FolderPath"], row["FileName"] = path, Base(path)
	wrapped := object{
		"time": "2026-03-02T09:20:00.0000000Z", "tenantId": "00000000-0000-0000-0000-000000000001", "operationName": "Publish",
		"category": "AdvancedHunting-" + table, "properties": row, "Tenant": "DefaultTenant",
	}
	switch i % 3 {
	case 0:
		return written(t, object{"records": []any{wrapped}})
	case 1:
		return written(t, wrapped)
	}
	return written(t, row)
}

func encodeElastic(t testing.TB, d *told, _ int) []byte {
	if !sensed(d, 1, 5, 7, 11, 23) {
		return nil
	}
	domain, name := account(d.get("User"))
	process := object{"entity_id": strings.Trim(d.get("ProcessGuid"), "{}"), "pid": number(d.get("ProcessId")), "executable": d.get("Image"), "name": Base(d.get("Image"))}
	hash := object{"md5": d.digest("MD5"), "sha1": d.digest("SHA1"), "sha256": d.digest("SHA256")}
	event := object{"module": "endpoint", "kind": "event", "sequence": 34339, "id": "N0a1", "created": d.at.Format(time.RFC3339Nano)}
	root := object{
		"@timestamp": d.at.Format(time.RFC3339Nano), "agent": object{"type": "endpoint"}, "host": object{"name": strings.ToLower(d.host), "hostname": "WS01", "os": object{"type": "windows"}},
		"user": object{"domain": domain, "name": name, "id": "S-1-5-21-1"}, "event": event, "process": process,
	}
	say := func(dataset, category, action, kind string) {
		event["dataset"], event["category"], event["action"], event["type"] = "endpoint.events."+dataset, []any{category}, action, []any{kind}
	}
	switch d.id {
	case 1:
		say("process", "process", "start", "start")
		process["command_line"], process["hash"] = d.get("CommandLine"), hash
		process["pe"] = object{"original_file_name": d.get("OriginalFileName"), "imphash": d.digest("IMPHASH")}
		process["Ext"] = object{"authentication_id": d.get("LogonId"), "token": object{"integrity_level_name": strings.ToLower(d.get("IntegrityLevel"))}}
		process["parent"] = object{
			"entity_id": strings.Trim(d.get("ParentProcessGuid"), "{}"), "pid": number(d.get("ParentProcessId")),
			"executable": d.get("ParentImage"), "command_line": d.get("ParentCommandLine"),
		}
	case 5:
		say("process", "process", "end", "end")
	case 7:
		say("library", "library", "load", "start")
		root["dll"] = object{
			"path": d.get("ImageLoaded"), "name": Base(d.get("ImageLoaded")), "hash": hash, "code_signature": elasticVerdict(d),
			"pe": object{"original_file_name": d.get("OriginalFileName"), "file_version": d.get("FileVersion"), "imphash": d.digest("IMPHASH")},
		}
	case 11:
		say("file", "file", "creation", "creation")
		root["file"] = object{"path": d.get("TargetFilename"), "name": Base(d.get("TargetFilename"))}
	case 23:
		say("file", "file", "deletion", "deletion")
		root["file"] = object{"path": d.get("TargetFilename"), "hash": hash, "pe": object{"imphash": d.digest("IMPHASH")}}
	}
	return written(t, filled(root))
}

func elasticVerdict(d *told) object {
	switch {
	case d.get("SignatureStatus") == "Unavailable":
		return object{}
	case d.get("Signed") != "true":
		return object{"exists": false}
	}
	return object{"exists": true, "trusted": true, "status": "trusted", "subject_name": d.get("Signature")}
}

func encodeOCSF(t testing.TB, d *told, _ int) []byte {
	if !sensed(d, 1, 5, 7, 11, 23) {
		return nil
	}
	user := func(s string) object {
		domain, name := account(s)
		return object{"domain": domain, "name": name}
	}
	process := func(role string) object {
		image := d.get(role + "Image")
		return object{
			"uid": strings.ToUpper(d.get(role + "ProcessGuid")), "pid": number(d.get(role + "ProcessId")), "cmd_line": d.get(role + "CommandLine"),
			"file": object{"path": image, "name": Base(image), "type_id": 1}, "user": user(d.get(role + "User")),
		}
	}
	described := func(path string) object {
		file := object{
			"path": path, "name": Base(path), "company_name": d.get("Company"), "desc": d.get("Description"), "version": d.get("FileVersion"),
			"product": object{"name": d.get("Product")},
		}
		var hashes []any
		for id, name := range []string{"MD5", "SHA1", "SHA256"} {
			if digits := d.digest(name); digits != "" {
				hashes = append(hashes, object{"algorithm_id": id + 1, "algorithm": name, "value": digits})
			}
		}
		if hashes != nil {
			file["hashes"] = hashes
		}
		if d.get("Signed") == "true" {
			file["signature"] = object{"algorithm_id": 2, "state_id": 1, "certificate": object{"subject": `CN="` + d.get("Signature") + `", O=x, C=DE`}}
		}
		return file
	}
	root := object{
		"time": d.at.UnixMilli(), "category_uid": 1, "severity_id": 1, "device": object{"hostname": strings.ToLower(d.host), "type_id": 0},
		"metadata": object{"version": "1.8.0", "product": object{"name": "Contoso Sensor", "vendor_name": "Contoso"}},
	}
	say := func(class int, name string, activity int) {
		root["class_uid"], root["class_name"], root["activity_id"], root["type_uid"] = class, name, activity, 100*class+activity
	}
	switch d.id {
	case 1:
		say(1007, "Process Activity", 1)
		started := process("")
		started["file"], started["integrity"], started["working_directory"] = described(d.get("Image")), d.get("IntegrityLevel"), d.get("CurrentDirectory")
		started["session"] = object{"uid": d.get("LogonId")}
		root["process"], root["actor"] = started, object{"process": process("Parent"), "user": user(d.get("ParentUser"))}
	case 5:
		say(1007, "Process Activity", 2)
		root["process"], root["actor"] = process(""), object{"process": process("")}
	case 7:
		say(1005, "Module Activity", 1)
		root["module"], root["actor"] = object{"file": described(d.get("ImageLoaded"))}, object{"process": process("")}
	case 11:
		say(1001, "File System Activity", 1)
		root["file"], root["actor"] = object{"path": d.get("TargetFilename"), "name": Base(d.get("TargetFilename")), "type_id": 1}, object{"process": process("")}
	case 23:
		say(1001, "File System Activity", 4)
		root["file"], root["actor"] = described(d.get("TargetFilename")), object{"process": process("")}
	}
	return written(t, filled(root))
}
