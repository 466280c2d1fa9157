package eventtest

import (
	"fmt"
	"strings"
	"testing"
)

func encodeWazuh(t testing.TB, r *Record, form int) []byte {
	twice := func(s string) string { return s }
	if form%2 == 1 { // as some versions write it
		twice = func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
		if r.Get("Image")+r.Get("SourceImage")+r.Get("NewProcessName")+r.Get("ProcessName")+r.Get("ImageLoaded") == "" {
			twice = func(s string) string { return s }
		}
	}
	data := object{}
	var classic []string
	for i, name := range r.Names {
		switch {
		case name == "Binary":
			data["binary"] = r.Values[i]
		case r.IsClassic():
			if r.Values[i] != "(NULL)" {
				classic = append(classic, r.Values[i])
			}
		default:
			data[strings.ToLower(name[:1])+name[1:]] = twice(r.Values[i])
		}
	}
	if classic != nil {
		data["data"] = strings.Join(classic, ", ")
	}
	win := object{"eventdata": data, "system": object{
		"providerName": r.Provider, "providerGuid": "", "eventID": fmt.Sprint(r.ID), "version": fmt.Sprint(r.Version), "level": "4", "task": "0", "opcode": "0",
		"systemTime": r.At.Format(sevenDigits), "eventRecordID": fmt.Sprint(r.RecordID), "processID": "3120", "threadID": "4211",
		"channel": r.Channel, "computer": r.Host, "severityValue": "INFORMATION", "message": `"` + twice(r.Message) + `"`,
	}}
	if form%3 == 1 {
		return written(t, object{
			"timestamp": "2026-03-02T09:14:09.001+0000", "agent": object{"id": "007", "name": "ws01"}, "manager": object{"name": "siem01"},
			"decoder": object{"name": "windows_eventchannel"}, "data": object{"win": win}, "location": "EventChannel",
		})
	}
	return written(t, object{"win": win})
}
