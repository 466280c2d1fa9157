package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
)

// Options say what to examine.
type Options struct {
	Config     gateway.Config
	ConfigFile string // for the commands that are proposed; "": none

	// Conn is the connection; nil: Unreachable says why there is none.
	Conn        *bus.Conn
	Unreachable error

	// Own says that Conn has the gateway's own credentials: what they allow is
	// looked at.
	Own bool

	Now  func() time.Time                                    // the clock of this machine; nil: the system's
	Disk func(folder string) (free, total uint64, err error) // bytes of the disk below a folder; nil: the system's
}

// Report is what was found.
type Report struct {
	Worst    Severity  `json:"worst,omitempty"` // "": nothing was found
	Findings []Finding `json:"findings"`
	Skipped  []Skipped `json:"skipped"` // what could not be looked at
}

// Skipped is something that was not looked at.
type Skipped struct {
	About string `json:"about"`
	Why   string `json:"why"`
}

// examination is one run.
type examination struct {
	Options
	report    Report
	now       time.Time
	inspected bus.Inspection
}

// Examine runs every check. What it cannot ask it names, and goes on. Its only
// error is that of ctx: a report that was cut short must not say that all is well.
func Examine(ctx context.Context, o Options) (Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Disk == nil {
		o.Disk = disk
	}
	e := &examination{Options: o, now: o.Now(), report: Report{Findings: []Finding{}, Skipped: []Skipped{}}}
	e.machine()
	e.sources()
	if e.connection(ctx) {
		e.streams(ctx)
		e.consumer()
		e.state(ctx)
		e.quarantine(ctx)
		e.people(ctx)
		e.rights(ctx)
	}
	e.gateway(ctx)
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	slices.SortStableFunc(e.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Object, b.Object)) // error before warning
	})
	if len(e.report.Findings) > 0 {
		e.report.Worst = e.report.Findings[0].Severity
	}
	return e.report, nil
}

// setupCommand is what a check's Run says where setup mends it.
const setupCommand = "`msigate setup`"

// commands puts the configuration's file into the commands that are proposed.
func (e *examination) commands(text string) string {
	if e.ConfigFile == "" {
		return text
	}
	return strings.ReplaceAll(text, setupCommand, "`msigate setup --config "+e.ConfigFile+"`")
}
