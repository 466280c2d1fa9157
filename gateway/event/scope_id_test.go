package event

import "testing"

// In every shape that carries Windows' own logs the id stands where it is read,
// or it is not told; it is never another than the decoder's.
func TestRecordEventIDIsTheDecodersOrNone(t *testing.T) {
	told := map[Shape]int{}
	for _, shape := range storyShapes {
		for _, line := range storyLines(t, shape) {
			records, fault := Decode([]byte(line))
			if fault != nil || len(records) != 1 || records[0].Event == nil {
				if id := RecordEventID([]byte(line)); id != 0 && line[0] == '[' {
					t.Errorf("%s: a list is said to have the id %d", shape, id)
				}
				continue
			}
			e := records[0].Event
			switch id := RecordEventID([]byte(line)); {
			case id == e.EventID && id != 0:
				told[shape]++
			case id != 0:
				t.Errorf("%s: %d, and the decoder says %d: %.200s", shape, id, e.EventID, line)
			}
		}
	}
	for _, shape := range []Shape{ShapeWinlogbeat, ShapeWinlogbeatECS, ShapeWinlogbeat6, ShapeNXLog, ShapeEvtxDump, ShapeVelociraptor, ShapeEventXML, ShapeFluentBit, ShapeOTel, ShapeWazuh} {
		if told[shape] == 0 {
			t.Errorf("%s: no id was read", shape)
		}
	}
}

func TestRecordEventIDReadsWhatPeopleCannotPutThere(t *testing.T) {
	for message, want := range map[string]int{
		`{"winlog":{"event_id":"13","event_data":{"CommandLine":"a \"event_id\": 255 <EventID>16</EventID>"}}}`:   13,
		`{"event_data":{"CommandLine":"\"EventID\":16"},"event_id":7}`:                                            7,
		`<Event><System><EventID Qualifiers="0">11</EventID></System><EventData>"EventID":16</EventData></Event>`: 11,
		`<Event xmlns='x'><System><EventID>4688</EventID></System></Event>`:                                       4688,
		`{"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":16},"#text":1033}}}}`:                         1033,
		`{"System":{"EventID":{"Value":5}}}`:                                                                      5,
		`{"event_id":{"id":3,"qualifiers":0}}`:                                                                    3,
		`{"EventID":"1e3"}`:                                                                                       0,
		`{"EventID":1.5}`:                                                                                         0,
		`{"EventID":{"#text":{"a":{"#text":1}}}}`:                                                                 0,
		`[{"EventID":1}]`:                                     0,
		`{"body":"{\"EventID\":1}"}`:                          0,
		`{"DeviceName":"ws01","ActionType":"ProcessCreated"}`: 0,
		`{"EventID":`:                                         0, `{"EventID"`: 0, ``: 0, `ev`: 0, `{"EventID":12345678901}`: 0, `<EventID>7`: 0, `<x><EventID`: 0,
	} {
		if got := RecordEventID([]byte(message)); got != want {
			t.Errorf("%s: %d, not %d", message, got, want)
		}
	}
}

func FuzzRecordEventID(f *testing.F) {
	f.Add([]byte(`{"winlog":{"event_id":"13"}}`))
	f.Add([]byte(`<Event><System><EventID Qualifiers="0">11</EventID></System></Event>`))
	f.Fuzz(func(t *testing.T, message []byte) {
		if id := RecordEventID(message); id < 0 || id > 999_999_999 {
			t.Errorf("%d", id)
		}
	})
}

func TestFactsOfNamesWhatMissingNames(t *testing.T) {
	for _, shape := range storyShapes {
		for _, line := range storyLines(t, shape) {
			records, _ := Decode([]byte(line))
			for _, r := range records {
				if r.Event == nil {
					continue
				}
				known := map[string]bool{"event.time": true}
				for _, name := range FactsOf(r.Event.Kind) {
					known[name] = true
				}
				for _, name := range r.Event.Missing {
					if !known[name] {
						t.Errorf("%s %s: %s is missing, and is no fact of it", shape, r.Event.Kind, name)
					}
				}
			}
		}
	}
}
