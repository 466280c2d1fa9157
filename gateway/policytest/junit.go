package policytest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of JUnit's XML, as Jenkins, GitLab and GitHub's readers take
// them: https://github.com/testmoapp/junitxml.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"` // s
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML: one suite a kind, one case a test.
func (r *Report) WriteJUnit(w io.Writer) error {
	suites := junitSuites{Name: "msigate", Tests: len(r.Results), Failures: r.Failed(), Skipped: r.Skipped(), Time: seconds(r.Took)}
	var took time.Duration
	for i := range r.Results {
		result := &r.Results[i]
		if last := len(suites.Suites) - 1; last < 0 || suites.Suites[last].Name != string(result.Kind) {
			suites.Suites = append(suites.Suites, junitSuite{Name: string(result.Kind)})
			took = 0
		}
		suite := &suites.Suites[len(suites.Suites)-1]
		one := junitCase{Name: result.Name, Class: string(result.Kind), File: result.File, Line: result.Line, Time: seconds(result.Took)}
		suite.Tests++
		if result.Failed() {
			suite.Failures++
			first, _, _ := strings.Cut(result.Failure, "\n")
			one.Failure = &junitMessage{Message: first, Text: result.Failure}
		}
		if result.Skipped != "" {
			suite.Skipped++
			one.Skipped = &junitMessage{Message: result.Skipped}
		}
		took += result.Took
		suite.Time = seconds(took)
		suite.Cases = append(suite.Cases, one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suites); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
