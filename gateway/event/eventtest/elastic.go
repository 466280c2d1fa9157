package eventtest

import (
	"strings"
	"testing"
	"time"
)

func encodeElastic(t testing.TB, r *Record, _ int) []byte {
	if !sensed(r, 1, 5, 7, 11, 23) {
		return nil
	}
	domain, name := account(r.Get("User"))
	process := object{"entity_id": strings.Trim(r.Get("ProcessGuid"), "{}"), "pid": number(r.Get("ProcessId")), "executable": r.Get("Image"), "name": base(r.Get("Image"))}
	hash := object{"md5": r.Digest("MD5"), "sha1": r.Digest("SHA1"), "sha256": r.Digest("SHA256")}
	event := object{"module": "endpoint", "kind": "event", "sequence": 34339, "id": "N0a1", "created": r.At.Format(time.RFC3339Nano)}
	root := object{
		"@timestamp": r.At.Format(time.RFC3339Nano), "agent": object{"type": "endpoint"}, "host": object{"name": strings.ToLower(r.Host), "hostname": "WS01", "os": object{"type": "windows"}},
		"user": object{"domain": domain, "name": name, "id": "S-1-5-21-1"}, "event": event, "process": process,
	}
	say := func(dataset, category, action, kind string) {
		event["dataset"], event["category"], event["action"], event["type"] = "endpoint.events."+dataset, []any{category}, action, []any{kind}
	}
	switch r.ID {
	case 1:
		say("process", "process", "start", "start")
		process["command_line"], process["hash"] = r.Get("CommandLine"), hash
		process["pe"] = object{"original_file_name": r.Get("OriginalFileName"), "imphash": r.Digest("IMPHASH")}
		process["Ext"] = object{"authentication_id": r.Get("LogonId"), "token": object{"integrity_level_name": strings.ToLower(r.Get("IntegrityLevel"))}}
		process["parent"] = object{
			"entity_id": strings.Trim(r.Get("ParentProcessGuid"), "{}"), "pid": number(r.Get("ParentProcessId")),
			"executable": r.Get("ParentImage"), "command_line": r.Get("ParentCommandLine"),
		}
	case 5:
		say("process", "process", "end", "end")
	case 7:
		say("library", "library", "load", "start")
		root["dll"] = object{
			"path": r.Get("ImageLoaded"), "name": base(r.Get("ImageLoaded")), "hash": hash, "code_signature": elasticVerdict(r),
			"pe": object{"original_file_name": r.Get("OriginalFileName"), "file_version": r.Get("FileVersion"), "imphash": r.Digest("IMPHASH")},
		}
	case 11:
		say("file", "file", "creation", "creation")
		root["file"] = object{"path": r.Get("TargetFilename"), "name": base(r.Get("TargetFilename"))}
	case 23:
		say("file", "file", "deletion", "deletion")
		root["file"] = object{"path": r.Get("TargetFilename"), "hash": hash, "pe": object{"imphash": r.Digest("IMPHASH")}}
	}
	return written(t, filled(root))
}

func elasticVerdict(r *Record) object {
	switch {
	case r.Get("SignatureStatus") == "Unavailable":
		return object{}
	case r.Get("Signed") != "true":
		return object{"exists": false}
	}
	return object{"exists": true, "trusted": true, "status": "trusted", "subject_name": r.Get("Signature")}
}
