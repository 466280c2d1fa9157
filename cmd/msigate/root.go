package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// Exit codes. They are part of the interface: scripts rely on them.
const (
	exitOK     = 0
	exitError  = 1 // it was tried and did not work
	exitUsage  = 2 // the command line or the configuration is wrong; nothing was tried
	exitFailOn = 3 // eval --fail-on: a disposition at or above the one named
)

// command is what every subcommand shares: the three streams.
type command struct {
	in  io.Reader
	out io.Writer
	say *speaker
}

// run is main without the process around it. It returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, stderr io.Writer) int {
	c := &command{in: in, out: out, say: newSpeaker(stderr)}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var coded *exitCodeError
	if errors.As(err, &coded) {
		if coded.err != nil {
			c.say.failure(coded.err)
		}
		return coded.code
	}
	c.say.failure(err)
	return exitError
}

// exitCodeError carries an exit code other than exitError; without an err it is silent.
type exitCodeError struct {
	code int
	err  error
}

func (e *exitCodeError) Error() string {
	if e.err == nil {
		return "exit"
	}
	return e.err.Error()
}

func (e *exitCodeError) Unwrap() error { return e.err }

func usageError(err error) error { return &exitCodeError{code: exitUsage, err: err} }

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "msigate",
		Short: "Tell a real software install from an attack that hides in one",
		Long: `msigate reads Windows endpoint events from NATS JetStream, decides each by Rego
policies that encode MITRE ATT&CK analytic AN0940 (msiexec.exe running installer
packages that result in anomalous process creation), and publishes verdicts with
their reasons.`,
		Example: `  msigate demo                       watch it work, nothing to install
  msigate eval events.jsonl          decide recorded events
  msigate run                        the gateway, with a NATS server inside
  msigate run --config msigate.yaml  the gateway, on your NATS`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError(withHint(errors.New("unknown command "+args[0]), "msigate --help lists them"))
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(withHint(err, cmd.CommandPath()+" --help lists the flags"))
	})
	root.AddCommand(c.demo(), c.eval(), c.run(), c.setup(), c.config(), c.version())
	return root
}

// usageArgs makes an error of cobra's argument check a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(withHint(err, cmd.CommandPath()+" --help shows how it is called"))
		}
		return nil
	}
}
