// Command msigate is an OPA policy-driven detection gateway for Windows
// Installer activity: events arrive over NATS, Rego policies that encode MITRE
// ATT&CK analytic AN0940 decide, verdicts go onward over NATS.
//
// One file a subcommand; each parses its flags and calls package gateway.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Where nobody reads any more (a pipe into head, a log collector that went
	// away), the write fails and the process decides: a gateway goes on, the
	// demo removes its folder.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
