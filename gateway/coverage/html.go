package coverage

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"
	"unicode"
)

//go:embed page.html
var pageText string

// page is one self-contained page: no script, and nothing from elsewhere. Every
// text goes through html/template, which escapes it where it stands.
var page = template.Must(template.New("coverage").Funcs(template.FuncMap{
	"when": func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return t.UTC().Format("2006-01-02 15:04:05Z")
	},
	"at": func(t time.Time) string {
		if t.Unix() <= 0 { // its records have no time
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05Z")
	},
	"percent": percent,
	"plain":   plain,
	"lacking": func(s Sight) string {
		all := make([]string, len(s.Lacking))
		for i, l := range s.Lacking {
			all[i] = l.String()
		}
		return strings.Join(all, ", ")
	},
	"isBlind": func(s Sight) bool { return s.Sight == Blind },
	"sees":    func(f FleetReport) int { return f.Hosts - f.Blind - f.HalfBlind },
	"stopped": func(s *Sensor) bool { return s.State != "" && !strings.EqualFold(s.State, "Started") },
}).Parse(pageText))

// HTML writes the report as one page that needs nothing from elsewhere.
func (r *Report) HTML(w io.Writer) error {
	var b bytes.Buffer // half a page would look like a whole one
	if err := page.Execute(&b, r); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// plain takes the characters out of a text that a reader would not see, or that
// change the order in which he sees others.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return '\uFFFD'
		}
		return r
	}, s)
}
