package eventtest

import (
	"strings"
	"testing"
)

func encodeOCSF(t testing.TB, r *Record, _ int) []byte {
	if !sensed(r, 1, 5, 7, 11, 23) {
		return nil
	}
	user := func(s string) object {
		domain, name := account(s)
		return object{"domain": domain, "name": name}
	}
	process := func(role string) object {
		image := r.Get(role + "Image")
		return object{
			"uid": strings.ToUpper(r.Get(role + "ProcessGuid")), "pid": number(r.Get(role + "ProcessId")), "cmd_line": r.Get(role + "CommandLine"),
			"file": object{"path": image, "name": base(image), "type_id": 1}, "user": user(r.Get(role + "User")),
		}
	}
	described := func(path string) object {
		file := object{
			"path": path, "name": base(path), "company_name": r.Get("Company"), "desc": r.Get("Description"), "version": r.Get("FileVersion"),
			"product": object{"name": r.Get("Product")},
		}
		var hashes []any
		for id, name := range []string{"MD5", "SHA1", "SHA256"} {
			if digits := r.Digest(name); digits != "" {
				hashes = append(hashes, object{"algorithm_id": id + 1, "algorithm": name, "value": digits})
			}
		}
		if hashes != nil {
			file["hashes"] = hashes
		}
		if r.Get("Signed") == "true" {
			file["signature"] = object{"algorithm_id": 2, "state_id": 1, "certificate": object{"subject": `CN="` + r.Get("Signature") + `", O=x, C=DE`}}
		}
		return file
	}
	root := object{
		"time": r.At.UnixMilli(), "category_uid": 1, "severity_id": 1, "device": object{"hostname": strings.ToLower(r.Host), "type_id": 0},
		"metadata": object{"version": "1.8.0", "product": object{"name": "Contoso Sensor", "vendor_name": "Contoso"}},
	}
	say := func(class int, name string, activity int) {
		root["class_uid"], root["class_name"], root["activity_id"], root["type_uid"] = class, name, activity, 100*class+activity
	}
	switch r.ID {
	case 1:
		say(1007, "Process Activity", 1)
		started := process("")
		started["file"], started["integrity"], started["working_directory"] = described(r.Get("Image")), r.Get("IntegrityLevel"), r.Get("CurrentDirectory")
		started["session"] = object{"uid": r.Get("LogonId")}
		root["process"], root["actor"] = started, object{"process": process("Parent"), "user": user(r.Get("ParentUser"))}
	case 5:
		say(1007, "Process Activity", 2)
		root["process"], root["actor"] = process(""), object{"process": process("")}
	case 7:
		say(1005, "Module Activity", 1)
		root["module"], root["actor"] = object{"file": described(r.Get("ImageLoaded"))}, object{"process": process("")}
	case 11:
		say(1001, "File System Activity", 1)
		root["file"], root["actor"] = object{"path": r.Get("TargetFilename"), "name": base(r.Get("TargetFilename")), "type_id": 1}, object{"process": process("")}
	case 23:
		say(1001, "File System Activity", 4)
		root["file"], root["actor"] = described(r.Get("TargetFilename")), object{"process": process("")}
	}
	return written(t, filled(root))
}
