package policytest

import (
	"fmt"
	"io"
	"strings"
)

// WriteTAP writes the report in the Test Anything Protocol, version 14
// (https://testanything.org/tap-version-14-specification.html): the plan, a line
// a test, and for one that failed a YAML block with where and why.
func (r *Report) WriteTAP(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", len(r.Results))
	for i := range r.Results {
		result := &r.Results[i]
		verdict, directive := "ok", ""
		if result.Failed() {
			verdict = "not ok"
		}
		if result.Skipped != "" {
			directive = " # SKIP " + oneLine(result.Skipped)
		}
		fmt.Fprintf(&b, "%s %d - %s%s\n", verdict, i+1, tapEscaped(result.FullName()), directive)
		if !result.Failed() {
			continue
		}
		b.WriteString("  ---\n")
		if result.File != "" {
			fmt.Fprintf(&b, "  at: %q\n", result.Place())
		}
		b.WriteString("  message: |\n")
		for line := range strings.Lines(result.Failure) {
			b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
		}
		b.WriteString("  ...\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write TAP: %w", err)
	}
	return nil
}

// tapEscaped keeps a name from being read as a directive.
func tapEscaped(name string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`, "\n", " ").Replace(name)
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }
