package finding

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"msigate/gateway/policy"
)

func TestWordsForPeopleReadAsTheGoldenText(t *testing.T) {
	var b strings.Builder
	all := []policy.Decision{shellChild(), approvedChild(), reviewChild(), expectedChild(), moduleLoad(), installRecord(), quarantined()}
	for _, d := range append(all, otherKinds()...) {
		fmt.Fprintf(&b, "%s\n", Summary(plain(d)))
	}
	for _, d := range all {
		fmt.Fprintf(&b, "\n%s\n", Explanation(plain(d)))
	}
	golden(t, "explain.golden.txt", []byte(b.String()))
}

func TestPrintableMakesEveryControlVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain C:\\Windows\\x.exe": "plain C:\\Windows\\x.exe",
		"red \x1b[31m":             "red <U+001B>[31m",
		"a\r\nb\tc":                "a<U+000D><U+000A>b<U+0009>c",
		"\u202egpj.exe":            "<U+202E>gpj.exe",
		"zero\u200bwidth":          "zero<U+200B>width",
		"nb\u00a0sp":               "nb<U+00A0>sp",
		"line\u2028end":            "line<U+2028>end",
		"c1 \u009b31m":             "c1 <U+009B>31m",
		"bad \xff byte":            "bad <0xFF> byte",
		"Ünïcode 日本":               "Ünïcode 日本",
		"\x7f":                     "<U+007F>",
		"":                         "",
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNoLineForPeopleHoldsAControlCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDecision(t, 1)
		if len(d.Answer.Signals) > 0 {
			d.Answer.Signals[0].Title = rapid.String().Draw(t, "title")
		}
		m := plain(d)
		one := Summary(m) + title(m)
		if strings.ContainsFunc(one, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Fatalf("%q", one)
		}
		if strings.ContainsFunc(Explanation(m), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Fatalf("%q", Explanation(m))
		}
	})
}

func TestArgumentsAreWhatFollowsTheFirstWord(t *testing.T) {
	for in, want := range map[string]string{
		`"C:\Program Files\a b.exe" /x "1 2"`: `/x "1 2"`,
		`cmd.exe /c ver`:                      `/c ver`,
		`cmd.exe`:                             ``,
		`  cmd.exe   /c`:                      `/c`,
		`"unterminated`:                       ``,
		``:                                    ``,
	} {
		if got := arguments(in); got != want {
			t.Errorf("arguments(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestExcerptsEndWithAWholeCharacterAndSayWhatIsMissing(t *testing.T) {
	if got, want := excerpt("ab\u00e4cd", 3), "ab…"; got != want {
		t.Errorf("excerpt: %q, want %q", got, want)
	}
	if got, want := clip("ab\u00e4cd", 3), "ab… (4 more bytes)"; got != want {
		t.Errorf("clip: %q, want %q", got, want)
	}
}
