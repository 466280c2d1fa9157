package eventtest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// manifest is the order of the facts in the provider's manifest, where
// winlogbeat's sample has another, or not all.
var manifest = map[int]string{
	1:  "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
	12: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User",
	13: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User",
	14: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName User",
	17: "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User",
	22: "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User",
	23: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived",
	26: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable",
	29: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes",
}

func encodeFluentBit(t testing.TB, r *Record, form int) []byte {
	inserts := slices.Clone(r.Values)
	if order, other := manifest[r.ID]; other && r.Provider == providerSysmon {
		inserts = nil
		for _, name := range strings.Fields(order) {
			inserts = append(inserts, r.Get(name))
		}
	}
	list := make([]any, len(inserts))
	for i, text := range inserts {
		list[i] = text
		if n, plain := decimal(text); plain && !r.IsClassic() {
			list[i] = n // win:UInt32
		}
	}
	line := written(t, object{
		"date": float64(r.At.UnixMilli()+2000) / 1000, "ProviderName": r.Provider, "ProviderGuid": "", "Qualifiers": "", "EventID": r.ID, "Version": r.Version,
		"Level": 4, "Task": r.ID, "Opcode": 0, "Keywords": "0x8000000000000000", "TimeCreated": r.At.In(time.FixedZone("", 3600)).Format("2006-01-02 15:04:05 -0700"),
		"EventRecordID": r.RecordID, "ActivityID": "", "RelatedActivityID": "", "ProcessID": 3120, "ThreadID": 4211, "Channel": r.Channel, "Computer": r.Host,
		"UserID": `NT AUTHORITY\SYSTEM`, "Message": r.Message, "StringInserts": list,
	})
	if form%2 == 1 {
		return slices.Concat([]byte("["), line, []byte("]"))
	}
	return line
}
