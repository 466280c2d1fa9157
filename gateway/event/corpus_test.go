package event

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const corpus = "../../../shared/corpus"

// corpusFiles lists the corpus's files; it skips the test where there is none.
func corpusFiles(t testing.TB, pattern string) []string {
	t.Helper()
	if _, err := os.Stat(corpus); err != nil {
		if os.Getenv("MSIGATE_SHARED") == "required" {
			t.Fatalf("the corpus is required here: %v", err)
		}
		t.Skip("shared/corpus is not beside this clone: nothing to compare with")
	}
	files, err := filepath.Glob(filepath.Join(corpus, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s: %v", pattern, err)
	}
	return files
}

// corpusLines gives each line of a .jsonl or .jsonl.gz file to yield.
func corpusLines(t testing.TB, path string, yield func(number int, line []byte)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var reader io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if reader, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(reader)
	lines.Buffer(nil, 1<<24)
	for number := 1; lines.Scan(); number++ {
		yield(number, lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestWholeCorpusDecodesWithoutAFault(t *testing.T) {
	for _, path := range append(corpusFiles(t, "labelled/*.jsonl"), corpusFiles(t, "background/*.jsonl.gz")...) {
		kinds := map[Kind]int{}
		corpusLines(t, path, func(number int, line []byte) {
			records, fault := Decode(line)
			if fault != nil || len(records) != 1 || records[0].Fault != nil {
				t.Errorf("%s:%d: %v %v", path, number, fault, records)
				return
			}
			e := records[0].Event
			kinds[e.Kind]++
			switch {
			case e.Time.IsZero() || slices.Contains(e.Missing, "event.time"):
				t.Errorf("%s:%d: no time", path, number)
			case e.Mangled != nil:
				t.Errorf("%s:%d: mangled %v", path, number, e.Mangled)
			case e.Kind == KindProcessStart && (e.Process.Image == "" || e.Host == ""):
				t.Errorf("%s:%d: a process start without image or host: %+v", path, number, e)
			}
		})
		t.Logf("%s: %v", filepath.Base(path), kinds)
	}
}

func TestCorpusShapesOfOursDecodeAndOthersAreRefused(t *testing.T) {
	want := map[string]struct {
		shape   Shape
		records int
		pid     uint32 // of the first record's process, 0 where it has none
	}{
		"corpus_flat_sysmon1_msi.json":                      {ShapeWinlogbeat, 1, 3680},
		"winlogbeat7_sysmon_zircolite.json":                 {ShapeWinlogbeatECS, 1, 1336},
		"winlogbeat_logstash_sysmon1_sekoia.json":           {ShapeWinlogbeat, 1, 4980},
		"winlogbeat_security4688_sekoia.json":               {ShapeWinlogbeat, 1, 0x1d9c},
		"elastic_beats_winlogbeat_module_sysmon1_ecs.json":  {ShapeWinlogbeatECS, 1, 3616},
		"mordor_winlogbeat6_sysmon1_2019.json":              {ShapeWinlogbeat6, 1, 4532},
		"mordor_nxlog_flat_sysmon1_2020.json":               {ShapeNXLog, 1, 4480},
		"mordor_nxlog_flat_sysmon1_2023.json":               {ShapeNXLog, 1, 6224},
		"nxlog_sysmon1_splunk_attackrange.json":             {ShapeNXLog, 1, 2968},
		"mordor_flat_4688.json":                             {ShapeNXLog, 1, 0x1850},
		"nxlog_security4688_sekoia.json":                    {ShapeNXLog, 1, 0x5878},
		"nxlog_security4688_old_sekoia.json":                {ShapeNXLog, 1, 0x2bfc},
		"evtx_dump_sysmon1_sigma.json":                      {ShapeEvtxDump, 2, 6180},
		"powershell_GetWinEvent_ConvertToJson_arniki.json":  {ShapeEvtxDump, 1, 7156},
		"velociraptor_evtx_sysmon1_msi.json":                {ShapeVelociraptor, 1, 3680},
		"evtx_xml_zircolite.xml":                            {ShapeEventXML, 2, 0},
		"fluentbit_winevtlog.json":                          {ShapeFluentBit, 1, 0},
		"otel_windowseventlog_readme_sample.json":           {ShapeOTel, 1, 0},
		"defender_DeviceEvents_process_created_sekoia.json": {ShapeDefender, 1, 0},
		"defender_DeviceProcessEvents_sekoia.json":          {ShapeDefender, 1, 37788},
		"elastic_endpoint_process_created_windows.json":     {ShapeElastic, 1, 5},
		"ocsf_process_activity_1007.json":                   {ShapeOCSF, 1, 4696},
		"maxpatrol_raw_sysmon1_openxp.json":                 {ShapeVelociraptor, 1, 9740},
	}
	for _, path := range corpusFiles(t, "shapes/*") {
		name := filepath.Base(path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		records, fault := Decode(text)
		expected, ours := want[name]
		if !ours {
			for _, r := range records {
				if r.Fault == nil || r.Fault.Reason != ReasonShape {
					t.Errorf("%s: %+v, want a shape fault", name, r)
				}
			}
			continue
		}
		delete(want, name)
		if fault != nil || len(records) != expected.records {
			t.Errorf("%s: %d records, %v", name, len(records), fault)
			continue
		}
		for _, r := range records {
			if r.Fault != nil || r.Event.Shape != expected.shape {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if e := records[0].Event; e != nil && e.Process.PID != expected.pid {
			t.Errorf("%s: pid %d, want %d", name, e.Process.PID, expected.pid)
		}
	}
	for name := range want {
		t.Errorf("%s is not in the corpus", name)
	}
}
