package doctor

import (
	"fmt"
	"slices"
)

// Severity says how soon somebody has to act.
type Severity string

// The severities.
const (
	Warning Severity = "warning" // it works, and will not always, or not as its owners mean it to
	Error   Severity = "error"   // events are lost, undecided or decided on what nobody vouches for, or a gateway does not start
)

// Check is one thing that is looked for. docs/doctor.md lists them all.
type Check struct {
	ID       string // stable: family.what
	Severity Severity
	Finds    string // when it is found
	Means    string // what goes wrong
	Run      string // what to run or to change
}

// Finding is a Check that found something.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Object   string   `json:"object"` // e.g. stream EVENTS
	Found    string   `json:"found"`
	Means    string   `json:"means"`
	Run      string   `json:"run"`
}

// Checks are all there are, by id.
func Checks() []Check {
	all := slices.Concat(streamChecks(), connectionChecks, consumerChecks, quarantineChecks, bundleChecks, peopleChecks, gatewayChecks, machineChecks)
	slices.SortFunc(all, func(a, b Check) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		default:
			return 0
		}
	})
	return all
}

// find notes a finding in the check's own words.
func (e *examination) find(c Check, object, format string, args ...any) {
	e.report.Findings = append(e.report.Findings, Finding{
		Check: c.ID, Severity: c.Severity, Object: object, Found: fmt.Sprintf(format, args...), Means: c.Means, Run: e.commands(c.Run),
	})
}

// skip notes what could not be looked at.
func (e *examination) skip(about, format string, args ...any) {
	e.report.Skipped = append(e.report.Skipped, Skipped{About: about, Why: fmt.Sprintf(format, args...)})
}
