package policies_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sysmonEvents are the event names of a Sysmon configuration, what each logs, and
// the fields that a rule can name, as Microsoft's page on Sysmon and the schema
// that `sysmon -s` prints have them.
var sysmonEvents = map[string]struct {
	ids    []int
	fields []string
}{
	"ProcessCreate":          {[]int{1}, []string{"Image", "CommandLine", "ParentImage", "OriginalFileName", "User", "Hashes"}},
	"NetworkConnect":         {[]int{3}, []string{"Image", "DestinationIp", "DestinationPort", "Initiated", "User"}},
	"ProcessTerminate":       {[]int{5}, []string{"Image", "User"}},
	"ImageLoad":              {[]int{7}, []string{"Image", "ImageLoaded", "OriginalFileName", "Signed", "Signature", "SignatureStatus", "User", "Hashes"}},
	"FileCreate":             {[]int{11}, []string{"Image", "TargetFilename", "User"}},
	"RegistryEvent":          {[]int{12, 13, 14}, []string{"EventType", "Image", "TargetObject", "Details", "User"}},
	"FileCreateStreamHash":   {[]int{15}, []string{"Image", "TargetFilename", "Contents", "Hash", "User"}},
	"FileDeleteDetected":     {[]int{26}, []string{"Image", "TargetFilename", "Hashes", "IsExecutable", "User"}},
	"FileExecutableDetected": {[]int{29}, []string{"Image", "TargetFilename", "Hashes", "User"}},
}

var sysmonConditions = []string{
	"is", "is any", "is not", "contains", "contains any", "contains all", "excludes", "excludes any", "excludes all",
	"begin with", "not begin with", "end with", "not end with", "less than", "more than", "image",
}

// The Sysmon configuration of deploy/ is one, and logs each event that a signal
// names as a source.
func TestTheSysmonConfigurationLogsWhatTheSignalsNeed(t *testing.T) {
	raw, err := os.Open("../deploy/sysmon-an0940.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	logged, path, rules := map[int]bool{}, []string{}, 0
	attribute := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	onmatch := ""
	for decoder := xml.NewDecoder(raw); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			path = append(path, e.Name.Local)
			switch at := strings.Join(path[:len(path)-1], "/"); at {
			case "":
				if e.Name.Local != "Sysmon" || attribute(e, "schemaversion") != "4.90" {
					t.Errorf("the root is %s, schema %s", e.Name.Local, attribute(e, "schemaversion"))
				}
			case "Sysmon":
				if !slices.Contains([]string{"HashAlgorithms", "CheckRevocation", "EventFiltering"}, e.Name.Local) {
					t.Errorf("no such setting: %s", e.Name.Local)
				}
			case "Sysmon/EventFiltering":
				if e.Name.Local != "RuleGroup" || attribute(e, "groupRelation") != "or" {
					t.Errorf("%s with %q", e.Name.Local, attribute(e, "groupRelation"))
				}
			case "Sysmon/EventFiltering/RuleGroup":
				event, known := sysmonEvents[e.Name.Local]
				onmatch, rules = attribute(e, "onmatch"), 0
				if !known || onmatch != "include" && onmatch != "exclude" {
					t.Errorf("%s onmatch=%q", e.Name.Local, onmatch)
				}
				for _, id := range event.ids {
					if logged[id] {
						t.Errorf("event %d has two groups: Sysmon would take one", id)
					}
					logged[id] = true
				}
			default:
				rules++
				if !slices.Contains(sysmonEvents[path[3]].fields, e.Name.Local) || !slices.Contains(sysmonConditions, attribute(e, "condition")) {
					t.Errorf("%s: %s condition=%q", path[3], e.Name.Local, attribute(e, "condition"))
				}
			}
		case xml.EndElement:
			if len(path) == 4 && (onmatch == "include") == (rules == 0) {
				t.Errorf("%s onmatch=%s with %d rules: it logs nothing, or leaves something out", path[3], onmatch, rules)
			}
			path = path[:len(path)-1]
		}
	}
	instead := map[int]int{23: 26} // 23 tells what 26 does, and keeps each file besides
	needed := 0
	for _, s := range signals(t) {
		for _, source := range s.Sources {
			number, of := strings.CutPrefix(source.Name, "Sysmon ")
			if !of {
				continue
			}
			needed++
			id, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			if !logged[id] && !logged[instead[id]] {
				t.Errorf("%s needs Sysmon %d, and it is not logged", s.ID, id)
			}
		}
	}
	if needed < 20 {
		t.Errorf("the signals name %d sources of Sysmon: they were not read", needed)
	}
}
