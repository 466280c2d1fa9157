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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
