package finding

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// shippedPatterns are those of the policy pack: the forms it knows are the
// forms that must not come out.
func shippedPatterns(tb testing.TB) MaskingDocument {
	tb.Helper()
	raw, err := os.ReadFile("../../policies/masking/data.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var doc struct {
		Patterns []struct{ ID, Pattern string }
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		tb.Fatal(err)
	}
	var out MaskingDocument
	for _, p := range doc.Patterns {
		out.Patterns = append(out.Patterns, MaskingPattern{ID: p.ID, Pattern: p.Pattern})
	}
	return out
}

func shippedMasker(tb testing.TB) *Masker {
	tb.Helper()
	m, err := CompileMasking(shippedPatterns(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func mustCompile(tb testing.TB, patterns ...string) *Masker {
	tb.Helper()
	var doc MaskingDocument
	for i, p := range patterns {
		doc.Patterns = append(doc.Patterns, MaskingPattern{ID: "p" + itoa(i), Pattern: p})
	}
	m, err := CompileMasking(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestSecretsAreMasked(t *testing.T) {
	for _, c := range []struct{ name, patterns, in, want string }{
		{"the capture group only", `password=(\S+)`, `setup.exe PASSWORD=Winter26 /qn`, `setup.exe PASSWORD=*** /qn`},
		{"every occurrence", `password=(\S+)`, `password=a password=b`, `password=*** password=***`},
		{"whatever the case", `api_key:(\S+)`, `API_Key:abc`, `API_Key:***`},
		{"at a fixed width", `password=(\S+)`, `password=` + strings.Repeat("x", 400), `password=***`},
		{"what was taken for a secret may be the next switch", `(?:^|\s)-p\s+(\S+)`, `run -p -p secret`, `run -p *** ***`},
		{"overlapping patterns", "token=(\\S+)\x00=(to\\S+)", `a=token=b`, `a=***`},
		{"a pattern uncovered by another", "a=(\\S+?);\x00;b=(\\S+)", `a=1;b=2`, `a=***;b=***`},
		{"an empty capture is no secret", `password=(\S*)`, `password= x`, `password= x`},
		{"nothing that is masked", `password=(\S+)`, `password=***`, `password=***`},
		{"letters that fold to ASCII", `password=(\S+)`, "pa\u017f\u017fword=abc", "pa\u017f\u017fword=***"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustCompile(t, strings.Split(c.patterns, "\x00")...)
			got, ids := m.String(c.in)
			if got != c.want {
				t.Errorf("%q became %q, want %q", c.in, got, c.want)
			}
			if (len(ids) > 0) != (c.in != c.want) {
				t.Errorf("patterns that matched: %v", ids)
			}
		})
	}
}

func TestStringNamesThePatternsThatMatched(t *testing.T) {
	m := mustCompile(t, `password=(\S+)`, `never(\d+)`, `token=(\S+)`)
	if _, ids := m.String("token=1 password=2"); !slices.Equal(ids, []string{"p0", "p2"}) {
		t.Errorf("ids %v, want p0 and p2", ids)
	}
}

func TestTheShippedPatternsKnowTheseForms(t *testing.T) {
	m := shippedMasker(t)
	for _, line := range []string{
		`msiexec /i a.msi ADMINPASSWORD=S3cretValue /qn`,
		`msiexec /i a.msi DBPWD="S3cretValue" /qn`,
		`schtasks /create /tn x /ru CORP\svc /rp S3cretValue`,
		`net use \\fs01.corp.example\s /user:CORP\svc /p:S3cretValue`,
		`net user svc S3cretValue /add`,
		`curl.exe -u svc:S3cretValue https://files.corp.example/`,
		`curl.exe -H "Authorization: Bearer S3cretValue" https://files.corp.example/`,
		`x.exe https://svc:S3cretValue@files.corp.example/a.msi`,
		`x.exe https://files.corp.example/a.msi?sig=S3cretValue&x=1`,
		`powershell ConvertTo-SecureString "S3cretValue" -AsPlainText -Force`,
	} {
		if got, ids := m.String(line); strings.Contains(got, "S3cretValue") || len(ids) == 0 {
			t.Errorf("%q became %q", line, got)
		}
	}
	if m.test.always {
		t.Error("one of the shipped patterns has no literal to look for: every text runs every expression")
	}
}

func TestAMaskingDocumentThatCannotBeUsedIsRefused(t *testing.T) {
	one := func(id, pattern string) MaskingDocument {
		return MaskingDocument{Patterns: []MaskingPattern{{ID: id, Pattern: pattern}}}
	}
	many := MaskingDocument{Patterns: make([]MaskingPattern, MaxMaskingPatterns+1)}
	twice := MaskingDocument{Patterns: []MaskingPattern{{ID: "a", Pattern: "(x)"}, {ID: "a", Pattern: "(y)"}}}
	for _, c := range []struct {
		name string
		doc  MaskingDocument
		says string
	}{
		{"no id", one("", "(x)"), "id is missing"},
		{"no pattern", one("a", ""), `(id "a"): pattern is missing`},
		{"no group", one("a", "x"), "0 capture groups"},
		{"two groups", one("a", "(x)(y)"), "2 capture groups"},
		{"not RE2", one("a", "(?=x)(y)"), `(id "a")`},
		{"too long", one("a", "("+strings.Repeat("x", MaxMaskingPatternLength)+")"), "bytes long"},
		{"too many", many, "at most 256"},
		{"same id", twice, "another pattern has the same id"},
	} {
		if _, err := CompileMasking(c.doc); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
	if m, err := CompileMasking(MaskingDocument{}); err != nil || m == nil {
		t.Errorf("an empty document: %v, %v", m, err)
	}
}

func TestTheNilMaskerMasksNothing(t *testing.T) {
	var m *Masker
	if got, ids := m.String("password=x"); got != "password=x" || ids != nil {
		t.Errorf("%q, %v", got, ids)
	}
}

func TestATextMadeToKeepTheMaskerBusyEndsSoonAndMasked(t *testing.T) {
	m := shippedMasker(t)
	for _, piece := range []string{"password=", "-p ", "net user ", "/p:", "://:", "bearer ", "password= -p "} {
		line := strings.Repeat(piece, 32<<10/len(piece)) + "S3cretValue"
		began := time.Now()
		once, _ := m.String(line)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%d bytes of %q took %s", len(line), piece, took)
		}
		if again, _ := m.String(once); again != once {
			t.Errorf("masking %q twice differs from once", piece)
		}
	}
}

// TestThePretestNeverOverlooksAMatch: no expression matches a text that the
// cheap test lets pass.
func TestThePretestNeverOverlooksAMatch(t *testing.T) {
	patterns := []string{
		`password\s*=\s*(\S+)`, `[-/](?:p|rp|pw)[:=](\S+)`, `(?:-u|--user)\s+(\S+)`, `net1?(?:\.exe)?"?\s+user\s+(\S+)`,
		`://[^:]*:(\S+)@`, `k(?:ey|iss)?s?=(\d+)`, `(?:ab|cd){2}(x)`, `(?i)straße(.)`, `a?b?c?(d+)`, `^(x)$`, `[?&](?:sig|signature|k|key|)=(\S+)`, `[x-z]{2,}(w)`,
	}
	for _, pattern := range patterns {
		var test pretest
		test.add(pattern)
		re := regexp.MustCompile("(?i:" + pattern + ")")
		rapid.Check(t, func(t *rapid.T) {
			s := rapid.OneOf(rapid.StringMatching("(?i:"+pattern+")"), rapid.String()).Draw(t, "s")
			s = rapid.String().Draw(t, "before") + s + rapid.String().Draw(t, "after")
			if re.MatchString(s) && !test.maybe(s) {
				t.Fatalf("%q matches %q", pattern, s)
			}
		})
	}
}

func TestThePretestReadsTheStringsOfAJSONText(t *testing.T) {
	m := shippedMasker(t)
	for raw, want := range map[string]bool{
		`{"user":"alice","image":"c:\\windows\\microsoft.net\\x.exe"}`: false, // net and user, but not in one text
		`{"missing":["process.signer"],"signed":"signature"}`:          false, // what nearly every decision says
		`{"a":"net user svc x"}`:                                       true,
		`{"a":"say \"hi\"","b":"password=x"}`:                          true,
		`{"a":"say \"password=x\""}`:                                   true,
		`{"a":"\\","b":"bearer abcdefgh"}`:                             true,
		`{"a":"password=`:                                              true,
		`{"a":"x\`:                                                     false,
		``:                                                             false,
	} {
		if got := m.test.maybeJSON([]byte(raw)); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

func FuzzMaskerIsIdempotentAndKeepsNoSecret(f *testing.F) {
	for _, seed := range []string{
		"", "password=abc", "-p -p x", "net user net user x", `a="b" password="c d`, "pa\u017f\u017fword=1", "***", "password=*a*", "\xff password=\xfe",
		"https://a:b@c?sig=d&sig=e", "authorization: bearer bearer abcdefghij",
	} {
		f.Add(seed)
	}
	m := shippedMasker(f)
	f.Fuzz(func(t *testing.T, s string) {
		once, ids := m.String(s)
		if len(ids) == 0 && once != s {
			t.Errorf("%q became %q by no pattern", s, once)
		}
		again, ids := m.String(once)
		if again != once || len(ids) != 0 {
			t.Errorf("%q became %q, then %q by %v", s, once, again, ids)
		}
		for _, p := range m.patterns {
			if p.re.MatchString(s) && !m.test.maybe(s) {
				t.Errorf("the cheap test overlooks %s in %q", p.id, s)
			}
		}
	})
}
