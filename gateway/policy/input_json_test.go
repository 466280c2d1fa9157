package policy

import (
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"
)

func TestInputIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := inputLike(3).Draw(t, "value")
		want, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		input, err := ast.InterfaceToValue(value)
		if err != nil {
			t.Fatal(err)
		}
		if got := inputJSON(input); string(got) != string(want) {
			t.Errorf("written\n%s\nwant\n%s", got, want)
		}
	})
}

// inputLike draws what an input is made of, strings with everything that JSON escapes.
func inputLike(depth int) *rapid.Generator[any] {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"", `c:\windows\system32\msiexec.exe`, `"c:\a b\x.msi" /qn`, "a<b>&c", "tab\tnul\x00del\x7f", "\u2028é\u00ff", "\xff\xfe", "\U0001f600"}),
		rapid.String(),
	)
	leaves := []*rapid.Generator[any]{
		text.AsAny(),
		rapid.Bool().AsAny(),
		rapid.Custom(func(t *rapid.T) any { return json.Number(rapid.StringMatching(`-?[1-9][0-9]{0,18}`).Draw(t, "number")) }),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(inputLike(depth-1), 0, 4).Draw(t, "array") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.MapOfN(text, inputLike(depth-1), 0, 4).Draw(t, "object") }),
	)...)
}
