package event

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// dataOfXML reads name and text of every EventData/Data with encoding/xml, for
// comparison; ok is false where that parser refuses the text.
func dataOfXML(text []byte) (data []string, ok bool) {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("no charset") }
	var path []string
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return data, len(path) == 0
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if strings.Join(path, "/") == "Event/EventData/Data" {
				name := ""
				for _, attr := range token.Attr {
					if attr.Name.Local == "Name" && attr.Name.Space == "" {
						name = attr.Value
					}
				}
				data = append(data, name+"=")
			}
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != token.Name.Local {
				return nil, false
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if strings.Join(path, "/") == "Event/EventData/Data" {
				data[len(data)-1] += string(token)
			}
		case xml.Directive:
			return nil, false
		}
		if err != nil {
			return nil, false
		}
	}
}

// dataOfScanner reads the same with our scanner.
func dataOfScanner(text []byte) (data []string, ok bool) {
	s := xmlScanner{text: text}
	var r record
	if tag, fault := s.next(); fault != nil || string(tag.name) != "Event" {
		return nil, false
	}
	s.at, s.open = 0, nil
	if fault := s.eventXML(&r); fault != nil {
		return nil, false
	}
	for _, d := range r.data {
		if string(d.name) != "Binary" {
			data = append(data, string(d.name)+"="+d.value.string())
		}
	}
	return data, true
}

func TestXMLReadsWhatEncodingXMLReads(t *testing.T) {
	for i, line := range storyLines(t, ShapeEventXML) {
		want, ok := dataOfXML(line)
		got, gotOK := dataOfScanner(line)
		if !ok || !gotOK || !slices.Equal(got, want) {
			t.Errorf("line %d: %v %q, want %q", i, gotOK, got, want)
		}
	}
}

func TestXMLContent(t *testing.T) {
	tests := []struct {
		text string
		want []string // nil: refused
	}{
		{`<Event><EventData><Data Name="a">1</Data><Data Name='b' >2</Data ></EventData></Event>`, []string{"a=1", "b=2"}},
		{`<Event><EventData><Data Name = "a&amp;b">1</Data></EventData></Event>`, []string{"a&b=1"}},
		{"<Event><EventData><Data Name=\"a\rb\">1</Data><Data Name='c\r\nd'>2\r</Data></EventData></Event>", []string{"a\nb=1", "c\nd=2\n"}},
		{`<Event><EventData><Data Name="a"/><Data>x</Data></EventData></Event>`, []string{"a=", "=x"}},
		{`<Event><EventData><Data Name="a">1<b/>2</Data><Data Name="c">3</Data></EventData></Event>`, []string{"c=3"}},
		{`<Event><UserData><Data Name="a">1</Data></UserData><EventData><Data Name="c">3</Data></EventData></Event>`, []string{"c=3"}},
		{`<Event><EventData><!-- <Data Name="a">1</Data> --><Data Name="c">3</Data></EventData></Event>`, []string{"c=3"}},
		{`<Event><EventData><Data Name="a">1<!-->2-->3</Data><!--><Data Name="b">1</Data>--></EventData></Event>`, []string{"a=13"}},
		{`<Event><EventData><Data Name="a">1<?>2?>3</Data></EventData></Event>`, []string{"a=13"}},
		{`<Event><EventData><Data Name="a">1<!--></Data></EventData></Event>`, nil},
		{`<Event><EventData><Data Name="a"><![CDATA[</Data>]]></Data></EventData></Event>`, []string{"a=</Data>"}},
		{`<Event><EventData><Data Name="a">a > b</Data></EventData></Event>`, []string{"a=a > b"}},
		{`<Event><EventData><Data Name="a">1</EventData></Event>`, nil},
		{`<Event><EventData><Data Name=a>1</Data></EventData></Event>`, nil},
		{`<Event><EventData><Data Name>1</Data></EventData></Event>`, nil},
		{`<Event><EventData><Data Name="a"b="c">1</Data></EventData></Event>`, nil},
		{`<Event><EventData><Data Name="<">1</Data></EventData></Event>`, nil},
		{`<Event><EventData><Data Name="a">1 < 2</Data></EventData></Event>`, nil},
		{`<Event><EventData><1/></EventData></Event>`, nil},
		{`<Event><EventData></EventData>`, nil},
		{`<Event></Event x>`, nil},
	}
	for _, test := range tests {
		got, ok := dataOfScanner([]byte(test.text))
		if ok != (test.want != nil) || ok && !slices.Equal(got, test.want) {
			t.Errorf("%s: %v %q, want %q", test.text, ok, got, test.want)
		}
	}
}

// Text between Events is a record of its own that cannot be read, and hides none.
func TestTextOutsideOfAnyEventIsAFault(t *testing.T) {
	one := string(storyLines(t, ShapeEventXML)[0])
	for between, want := range map[string]string{
		"":                        "",
		"\n<!-- a --><!--> -->\n": "",
		"<?a b?>":                 "",
		"<!-->":                   "cut short: no -->",
		"a":                       `text outside of any Event: "a"`,
		"<!-- a -->b":             `text outside of any Event: "b"`,
		"<![CDATA[a]]>":           `text outside of any Event: "<![CDATA[a]]>"`,
		"<![CDATA[]]>":            `text outside of any Event: "<![CDATA[]]>"`,
	} {
		records, fault := Decode([]byte(one + between + one))
		if fault != nil {
			t.Fatalf("%q: %v", between, fault)
		}
		events, faults := 0, ""
		for _, r := range records {
			if r.Fault == nil {
				events++
			} else {
				faults += r.Fault.Detail
			}
		}
		if events != 2 || (faults == "") != (want == "") || !strings.Contains(faults, want) {
			t.Errorf("%q: %d events, %q, want %q", between, events, faults, want)
		}
	}
}

// However its words are written in XML, a value is compared by what they say.
func TestXMLIsComparedByWhatItSays(t *testing.T) {
	for _, raw := range []string{`System`, `SYSTEM`, `&#83;ystem`, `<![CDATA[System]]>`, `Sys<!-- -->tem`} {
		if v := (value{raw: []byte(raw), form: formXML}); !v.equalFold("system") {
			t.Errorf("%s is not system", raw)
		}
	}
}

// FuzzXMLAgainstEncodingXML: where encoding/xml accepts one Event with plain
// Data, our scanner reads the same names and texts.
func FuzzXMLAgainstEncodingXML(f *testing.F) {
	for _, line := range storyLines(f, ShapeEventXML) {
		f.Add(line)
	}
	f.Add([]byte(`<Event><EventData><Data Name="a&#65;">x<![CDATA[y]]>&lt;&#x1F600;<!-- c -->z` + "\r\n" + `</Data></EventData></Event>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		want, ok := dataOfXML(text)
		if !ok || !bytes.HasPrefix(text, []byte("<Event")) {
			return
		}
		got, ok := dataOfScanner(text)
		if !ok {
			return // stricter: attributes twice, depth
		}
		for _, entry := range got {
			if !slices.Contains(want, entry) {
				t.Fatalf("%q is not in encoding/xml's %q", entry, want)
			}
		}
	})
}
