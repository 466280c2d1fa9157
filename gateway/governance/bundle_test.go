package governance

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// A revision must not change with the way in which it is computed.
func TestContentIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	for _, text := range []string{
		`{}`, `null`, `{"b": {}, "a": {"x<&>": "<\u2028é\"\\", "n": 12345678901234567890, "none": null, "list": [1, {"k": true}, []]}}`,
	} {
		var document map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&document); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := encode(&got, document); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got %s (%v), want %s", text, got.Bytes(), err, want)
		}
	}
}
