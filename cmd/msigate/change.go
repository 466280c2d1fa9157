package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/governance"
)

func (c *command) changes() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "change",
		Short: "Open, approve, close and list change windows",
		Long: `A change window says when a package may be installed on the hosts of one group. Beside
a strong fact (a hash, a verified signer) it explains an install for entries that take
one. It is a signed record: its opener signs it, then another approves it by a second
key, and a gateway counts it from its next evaluation on. See docs/changes.md.`,
		Example: `  msigate change open CHG-1042 --host-group finance-laptops --package orrery.msi \
    --from 2026-11-28T22:00:00Z --until 2026-11-29T02:00:00Z --key opener.pem
  msigate change approve CHG-1042 --key board.pem
  msigate change list`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	cmd.AddCommand(c.changeOpen(), c.changeApprove(), c.changeClose(), c.changeList(), c.changeImport())
	return cmd
}

// changeFlags are those of every command of changes.
type changeFlags struct {
	bus    busFlags
	keys   []string // bound to changes; none: those of the configuration
	key    string   // private
	output string
}

func (f *changeFlags) add(cmd *cobra.Command, signs bool) {
	f.bus.add(cmd, "nats and changes", "your")
	cmd.Flags().StringArrayVar(&f.keys, "bound-key", nil, "PEM `FILE` of a public key that is bound to changes; repeat for several (default: changes.keys of --config)")
	if signs {
		cmd.Flags().StringVar(&f.key, "key", "", "PEM `FILE` with your private key")
		_ = cmd.MarkFlagFilename("key", "pem")
	}
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
}

// open gives the store and, where the command signs, the key.
func (c *command) openChanges(ctx context.Context, f *changeFlags, signs bool) (store *gateway.ChangeStore, key *governance.SigningKey, closing func(), err error) {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return nil, nil, nil, usageError(err)
	}
	if signs {
		if f.key == "" {
			return nil, nil, nil, usageError(withHint(errors.New("--key is missing: a change is signed"), "--key FILE names your private key"))
		}
		if key, err = governance.ReadSigningKey(f.key); err != nil {
			return nil, nil, nil, usageError(fmt.Errorf("--key %s: %w", f.key, reason(err)))
		}
	}
	conn, config, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return nil, nil, nil, err
	}
	files := f.keys
	if len(files) == 0 {
		files = config.Changes.Keys
	}
	if len(files) == 0 {
		closing()
		return nil, nil, nil, usageError(withHint(errors.New("no key is bound to changes, so that no record could be believed"),
			"name the public keys in changes.keys of --config, or with --bound-key"))
	}
	keys, err := gateway.ReadChangeKeys(files)
	if err != nil {
		closing()
		return nil, nil, nil, usageError(err)
	}
	if store, err = gateway.OpenChangeStore(ctx, conn, keys); err != nil {
		closing()
		return nil, nil, nil, err
	}
	return store, key, closing, nil
}

type changeOpenFlags struct {
	changeFlags
	group, from, until, rule, lasts, reason string
	packages                                []string
}

func (c *command) changeOpen() *cobra.Command {
	var f changeOpenFlags
	cmd := &cobra.Command{
		Use:   "open [flags] TICKET",
		Short: "Sign a change window; it counts once another approves it",
		Long: `open signs a change window and stores it. It counts for nothing until another key that
is bound to changes approves it. A window is for one host group, never for all hosts,
names its packages one by one, and lasts 14 days at most, with a rule all repetitions
together. It counts from the moment at which the approval is stored: what happened
before stays unexplained.

--rrule is a recurrence rule of RFC 5545 with FREQ=DAILY or WEEKLY, and INTERVAL,
COUNT, BYDAY (with WEEKLY), BYHOUR and BYMINUTE. Its hours are those of --from's offset
from UTC. Exit codes: 0 opened, 1 refused, 2 a flag is missing or wrong.`,
		Example: `  msigate change open CHG-1042 --host-group finance-laptops --package orrery.msi \
    --until 2026-11-29T02:00:00Z --reason "Orrery 4.2" --key opener.pem
  msigate change open CHG-1043 --host-group lab --package '{0B6E5F5C-0C7B-6D6D-3B1F-6E1E0D5A7C84}' \
    --from 2026-11-30T22:00:00+01:00 --until 2026-12-11T23:59:00+01:00 \
    --rrule 'FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=22' --lasts 4h --key opener.pem`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one ticket"),
		ValidArgsFunction:     nothingToComplete,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.runChangeOpen(cmd.Context(), &f, args[0]) },
	}
	f.add(cmd, true)
	flags := cmd.Flags()
	flags.StringVar(&f.group, "host-group", "", "the `GROUP` of hosts; msigate hosts list shows them")
	flags.StringArrayVar(&f.packages, "package", nil, "`PACKAGE`: full path, URL, file name, {ProductCode} or SHA-256; repeat for several")
	flags.StringVar(&f.from, "from", "", "`TIME` at which it opens, RFC 3339 (default: now)")
	flags.StringVar(&f.until, "until", "", "`TIME` at which it ends for good, RFC 3339")
	flags.StringVar(&f.rule, "rrule", "", "`RULE` by which it opens again between --from and --until")
	flags.StringVar(&f.lasts, "lasts", "", "with --rrule: `DURATION` for which it is open each time, 1m to 24h")
	flags.StringVar(&f.reason, "reason", "", "`WHY`, for whoever approves it")
	return cmd
}

func (c *command) runChangeOpen(ctx context.Context, f *changeOpenFlags, ticket string) error {
	now := time.Now().UTC().Truncate(time.Second)
	change := governance.Change{
		Ticket: ticket, HostGroup: f.group, Packages: f.packages, From: now, RRule: f.rule, Lasts: f.lasts, Reason: f.reason, OpenedAt: now,
	}
	for _, t := range []struct {
		flag, value string
		into        *time.Time
	}{{"--from", f.from, &change.From}, {"--until", f.until, &change.Until}} {
		if t.value == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.value)
		if err != nil {
			return usageError(withHint(fmt.Errorf("%s %s: this is no time", t.flag, t.value), "RFC 3339, for instance 2026-11-28T22:00:00Z"))
		}
		*t.into = at
	}
	switch {
	case f.group == "":
		return usageError(errors.New("--host-group is missing: a change window is for one group of hosts"))
	case len(f.packages) == 0:
		return usageError(errors.New("--package is missing: a change window names its packages"))
	case f.until == "":
		return usageError(errors.New("--until is missing: a change window ends, after 14 days at most"))
	}
	change.Normalise()
	if err := change.Check(); err != nil {
		return usageError(err)
	}
	store, key, closing, err := c.openChanges(ctx, &f.changeFlags, true)
	if err != nil {
		return err
	}
	defer closing()
	w, err := store.Open(ctx, change, key)
	if err != nil {
		return err
	}
	return c.tellChange(f.output, "opened", w, "another than key "+key.ID+" is to approve it: msigate change approve "+w.Ticket+" --opening "+w.ID[:12])
}

func (c *command) changeApprove() *cobra.Command {
	var f changeFlags
	var opening string
	cmd := &cobra.Command{
		Use:   "approve [flags] TICKET",
		Short: "Approve a change window that somebody else opened",
		Long: `approve adds your signature to a window that another key opened, and shows what you
signed. From then on it counts. --opening makes sure that it is the one you looked at: it
is the beginning of the opening's SHA-256, as list shows it.
Exit codes: 0 approved, 1 refused, 2 a flag is missing or wrong.`,
		Example:               "  msigate change approve CHG-1042 --opening 3f9ab21c0d4e --key board.pem --config msigate.yaml",
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one ticket"),
		ValidArgsFunction:     nothingToComplete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.signStored(cmd.Context(), &f, args[0], "approved", func(ctx context.Context, store *gateway.ChangeStore, key *governance.SigningKey) (*governance.Window, error) {
				if opening != "" {
					stored, err := store.Get(ctx, args[0])
					if err != nil {
						return nil, err
					}
					if id := stored.Record.ID(); !strings.HasPrefix(id, strings.ToLower(opening)) {
						return nil, fmt.Errorf("%s was opened anew: its opening is %.12s, and --opening says %s; hint: msigate change list shows it", args[0], id, opening)
					}
				}
				return store.Approve(ctx, args[0], key)
			})
		},
	}
	f.add(cmd, true)
	cmd.Flags().StringVar(&opening, "opening", "", "beginning of the opening's `SHA-256`: refuse any other")
	return cmd
}

func (c *command) changeClose() *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use:   "close [flags] TICKET",
		Short: "End a change window now",
		Long: `close ends a window now. One key that is bound to changes is enough, since it only
narrows; what the window explained before stays explained. A closed window stays closed:
the change can be opened anew. Exit codes: 0 closed, 1 refused, or closed and not told to
the audit trail, 2 a flag is missing or wrong.`,
		Example:               "  msigate change close CHG-1042 --key opener.pem --config msigate.yaml",
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one ticket"),
		ValidArgsFunction:     nothingToComplete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.signStored(cmd.Context(), &f, args[0], "closed", func(ctx context.Context, store *gateway.ChangeStore, key *governance.SigningKey) (*governance.Window, error) {
				return store.Close(ctx, args[0], key)
			})
		},
	}
	f.add(cmd, true)
	return cmd
}

func (c *command) signStored(ctx context.Context, f *changeFlags, ticket, done string, sign func(context.Context, *gateway.ChangeStore, *governance.SigningKey) (*governance.Window, error)) error {
	store, key, closing, err := c.openChanges(ctx, f, true)
	if err != nil {
		return err
	}
	defer closing()
	w, err := sign(ctx, store, key)
	if w == nil {
		if errors.Is(err, gateway.ErrNoChange) {
			err = withHint(err, "msigate change list shows those there are")
		}
		return err
	}
	return errors.Join(c.tellChange(f.output, done, w, ""), err)
}

func (c *command) changeImport() *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use:   "import [flags] FILE",
		Short: "Open the change windows of a CSV file",
		Long: `import opens every change of a CSV file, each signed by your key and waiting for its
approval like any other. The first line names the columns: ticket, host_group, packages
(with ; between several), from, until (RFC 3339), and rrule, lasts, reason, which may be
absent. A file with one wrong line opens nothing; a ticket that is open already is an
error, and the others are opened.
Exit codes: 0 all opened, 1 some were not, 2 the file or a flag is wrong.`,
		Example:               "  msigate change import changes.csv --key opener.pem --config msigate.yaml",
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one CSV file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"csv"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runChangeImport(cmd.Context(), &f, args[0]) },
	}
	f.add(cmd, true)
	return cmd
}

func (c *command) runChangeImport(ctx context.Context, f *changeFlags, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return usageError(fmt.Errorf("read %s: %w", path, reason(err)))
	}
	defer file.Close()
	changes, err := governance.ReadChangesCSV(file, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return usageError(fmt.Errorf("nothing is opened, %s is wrong: %w", path, err))
	}
	store, key, closing, err := c.openChanges(ctx, f, true)
	if err != nil {
		return err
	}
	defer closing()
	var failed []error
	for _, change := range changes {
		w, err := store.Open(ctx, change, key)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if err := c.tellChange(f.output, "opened", w, ""); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}
