package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes. They are part of the interface: scripts rely on them.
const (
	exitOK          = 0
	exitError       = 1   // it was tried and did not work
	exitUsage       = 2   // the command line or the configuration is wrong; nothing was tried
	exitFailOn      = 3   // --fail-on of eval: a disposition at or above the one named, of coverage: a host that is blind; doctor: warnings and nothing worse
	exitInterrupted = 130 // SIGINT or SIGTERM before the end; run ends with exitOK
	exitUnread      = 141 // nobody reads stdout any more; said to nobody
)

// command is what every subcommand shares: the three streams.
type command struct {
	in  io.Reader
	out *output
	say *speaker
}

// run is main without the process around it. It returns the exit code.
func run(signals context.Context, args []string, in io.Reader, out, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(signals)
	defer cancel()
	c := &command{in: in, out: newOutput(out, cancel), say: newSpeaker(stderr)}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(c.out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)

	var coded *exitCodeError
	switch lost := c.out.err; {
	case errors.Is(lost, syscall.EPIPE):
		return exitUnread
	case lost != nil:
		c.say.failure(fmt.Errorf("write the output: %w", lost))
		return exitError
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		if coded.err != nil {
			c.say.failure(coded.err)
		}
		return coded.code
	case signals.Err() != nil && errors.Is(err, context.Canceled):
		c.say.failure(errors.New("interrupted"))
		return exitInterrupted
	default:
		c.say.failure(err)
		return exitError
	}
}

// exitCodeError carries an exit code other than exitError; without an err it is silent.
type exitCodeError struct {
	code int
	err  error
}

func (e *exitCodeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
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
their reasons.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 it did not
work, 2 the command line or the configuration is wrong, 3 --fail-on was met or
doctor has warnings, 130 interrupted.`,
		Example: `  msigate demo                       watch it work, nothing to install
  msigate eval events.jsonl          decide recorded events
  msigate test --bundles ./policies  test a policy before it is published
  msigate run                        the gateway, with a NATS server inside
  msigate run --config msigate.yaml  the gateway, on your NATS`,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 {
			return unknownCommand(cmd, cmd.Flags().Arg(0)) // of which the flag is
		}
		return usageError(withHint(err, cmd.CommandPath()+" --help lists the flags"))
	})
	root.AddCommand(c.demo(), c.eval(), c.test(), c.packages(), c.bundles(), c.changes(), c.hosts(), c.auditTrail(), c.coverage(), c.ship(), c.run(), c.selftest(), c.setup(), c.doctor(), c.config(), c.version(), c.completion())
	root.SetHelpCommand(c.help())
	return root
}

// groupOnly is a command that does nothing itself: it shows its help, and
// refuses a word that names none of its subcommands.
func groupOnly(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return cmd.Help()
}

func unknownCommand(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	hint := cmd.CommandPath() + " --help lists them"
	if close := cmd.SuggestionsFor(word); len(close) > 0 {
		hint = fmt.Sprintf("did you mean %s %s? %s", cmd.CommandPath(), strings.Join(close, " or "), hint)
	}
	return usageError(withHint(fmt.Errorf("%s has no command %q", cmd.CommandPath(), word), hint))
}

func (c *command) help() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show what a command does and how it is called",
		Example: "  msigate help eval\n  msigate help config check",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []cobra.Completion
			for _, sub := range about.Commands() {
				if sub.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return unknownCommand(cmd.Root(), args[0])
			case len(rest) > 0:
				return unknownCommand(about, rest[0])
			default:
				about.InitDefaultHelpFlag() // cobra adds it to the command it runs only
				about.InitDefaultHelpFlag() // as calling it with --help would
				return about.Help()
			}
		},
	}
}

// noArgs refuses arguments, in the command's own words.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError(withHint(fmt.Errorf("%s takes no argument, and there is %q", cmd.CommandPath(), args[0]),
		cmd.CommandPath()+" --help shows how it is called"))
}

// wantArgs refuses a number of arguments other than from least to most (-1: any).
func wantArgs(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := cmd.CommandPath() + " --help shows how it is called"
		switch {
		case len(args) < least:
			return usageError(withHint(fmt.Errorf("%s needs %s", cmd.CommandPath(), what), hint))
		case most >= 0 && len(args) > most:
			return usageError(withHint(fmt.Errorf("%s takes %s, and there is %q besides", cmd.CommandPath(), what, args[most]), hint))
		default:
			return nil
		}
	}
}
