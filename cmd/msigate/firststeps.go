package main

import (
	"fmt"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
)

// firstHost is the host that the first event is about.
const firstHost = "ws03"

// firstEvent is a program that a package carried, run by the installer
// service: an alert whatever the governance data says. It is in NXLog's shape,
// the shortest, and holds no single quote: it is pasted between two.
func firstEvent(now time.Time) string {
	return fmt.Sprintf(`{"EventTime":%q,"Hostname":%q,"SourceName":"Microsoft-Windows-Sysmon","EventID":1,`+
		`"UtcTime":%q,"ProcessId":4100,"Image":"C:\\Windows\\Installer\\MSI7F2A.tmp","CommandLine":"MSI7F2A.tmp /stage2",`+
		`"User":"NT AUTHORITY\\SYSTEM","ParentProcessId":900,"ParentImage":"C:\\Windows\\System32\\msiexec.exe",`+
		`"ParentCommandLine":"C:\\Windows\\System32\\msiexec.exe /V"}`,
		now.UTC().Format(time.RFC3339), firstHost, now.UTC().Format("2006-01-02 15:04:05.000"))
}

// firstSteps says how to publish a first event and where verdicts come out.
func (c *command) firstSteps(r gateway.Running, config gateway.Config) {
	nats := "nats --server " + r.URL
	if config.NATS.Context != "" {
		nats = "nats --context " + config.NATS.Context
	}
	verdicts := "verdicts.>"
	if config.Observe {
		verdicts = "verdicts.observe.>"
	}
	c.say.line("msigate is reading events from %s", r.URL)
	c.say.line("  watch verdicts    %s sub '%s'", nats, verdicts)
	c.say.line("  a first event     %s pub %s '%s'", nats, bus.EventSubject(firstHost), firstEvent(time.Now()))
	c.say.line("  all verdicts      %s stream view %s", nats, bus.StreamVerdicts)
	if r.HTTP != "" {
		c.say.line("  health, metrics   http://%s/readyz  http://%s/metrics", r.HTTP, r.HTTP)
	}
}
