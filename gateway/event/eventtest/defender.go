package eventtest

import (
	"strings"
	"testing"
	"time"
)

// The endpoint sensors have records of their own; these write what such a sensor
// would have told of the same happening.

// sensed says which Sysmon events an endpoint sensor has a like of.
func sensed(r *Record, ids ...int) bool {
	for _, id := range ids {
		if r.Provider == providerSysmon && r.ID == id {
			return true
		}
	}
	return false
}

const (
	deviceID = "1f0c9d4e5b6a"
	tenantID = "00000000-0000-0000-0000-000000000001"
)

func encodeDefender(t testing.TB, r *Record, form int) []byte {
	if !sensed(r, 1, 7, 11, 23) {
		return nil
	}
	row := object{
		"DeviceId": deviceID, "DeviceName": strings.ToLower(r.Host), "ReportId": r.RecordID, "Timestamp": r.At.Format(sevenDigits),
		"MD5": r.Digest("MD5"), "SHA1": r.Digest("SHA1"), "SHA256": r.Digest("SHA256"), "MachineGroup": nil, "AdditionalFields": nil,
	}
	initiating := func(role string) {
		domain, name := account(r.Get(role + "User"))
		row["InitiatingProcessId"] = number(r.Get(role + "ProcessId"))
		row["InitiatingProcessCreationTime"] = r.CreatedAt(r.Get(role + "ProcessId"))
		row["InitiatingProcessFolderPath"] = strings.ToLower(r.Get(role + "Image")) // with the file's name
		row["InitiatingProcessFileName"] = base(r.Get(role + "Image"))
		row["InitiatingProcessAccountDomain"], row["InitiatingProcessAccountName"] = strings.ToLower(domain), strings.ToLower(name)
		row["InitiatingProcessSignatureStatus"] = "Valid"
	}
	table, path := "DeviceFileEvents", r.Get("TargetFilename")
	switch r.ID {
	case 1:
		table, path = "DeviceProcessEvents", r.Get("Image")
		row["ActionType"] = "ProcessCreated"
		row["ProcessId"], row["ProcessCreationTime"] = number(r.Get("ProcessId")), r.CreatedAt(r.Get("ProcessId"))
		row["Timestamp"] = r.At.Add(110 * time.Millisecond).Format(sevenDigits)
		row["ProcessCommandLine"], row["ProcessIntegrityLevel"], row["LogonId"] = r.Get("CommandLine"), r.Get("IntegrityLevel"), number(r.Get("LogonId"))
		row["AccountDomain"], row["AccountName"] = account(strings.ToLower(r.Get("User")))
		row["ProcessVersionInfoCompanyName"], row["ProcessVersionInfoProductName"] = r.Get("Company"), r.Get("Product")
		row["ProcessVersionInfoFileDescription"], row["ProcessVersionInfoOriginalFileName"] = r.Get("Description"), r.Get("OriginalFileName")
		row["ProcessVersionInfoProductVersion"] = "10.0"
		initiating("Parent")
		row["InitiatingProcessCommandLine"] = r.Get("ParentCommandLine")
	case 7:
		table, path = "DeviceImageLoadEvents", r.Get("ImageLoaded")
		row["ActionType"] = "ImageLoaded"
		initiating("")
	case 11:
		row["ActionType"] = "FileCreated"
		initiating("")
	case 23:
		row["ActionType"] = "FileDeleted"
		initiating("")
	}
	row["FolderPath"], row["FileName"] = path, base(path)
	wrapped := object{
		"time": r.At.Format(sevenDigits), "tenantId": tenantID, "operationName": "Publish",
		"category": "AdvancedHunting-" + table, "properties": row, "Tenant": "DefaultTenant",
	}
	switch form % 3 {
	case 0:
		return written(t, object{"records": []any{wrapped}})
	case 1:
		return written(t, wrapped)
	}
	return written(t, row)
}
