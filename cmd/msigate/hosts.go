package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/finding"
	"msigate/gateway/governance"
)

func (c *command) hosts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hosts",
		Short: "Import and list the groups that hosts are in",
		Long: `Entries and change windows speak of host groups. They are imported, each host with the
source that names it; a host that nobody imported is in no group. See docs/changes.md.`,
		Example: `  msigate hosts import hosts.csv --source cmdb
  msigate hosts list --group finance-laptops`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	cmd.AddCommand(c.hostsImport(), c.hostsList())
	return cmd
}

type hostsFlags struct {
	bus                   busFlags
	source, group, output string
}

func (c *command) hostsImport() *cobra.Command {
	var f hostsFlags
	cmd := &cobra.Command{
		Use:   "import [flags] FILE",
		Short: "Have the hosts of a source be those of a CSV file, or of stdin (-)",
		Long: `import reads the columns host and groups (with ; between several) and stores them under
the name of their source. A host that the source named before and does not name now is in
no group any more; the hosts of other sources stay, but for those that the file names too.
A file with one wrong line changes nothing. A running gateway has the groups at once.
The audit trail says who ran it, by the name of the system's user, and the file's SHA-256.
Exit codes: 0 imported, 1 it did not work, 2 the file or a flag is wrong.`,
		Example: `  msigate hosts import hosts.csv --source cmdb
  export-hosts | msigate hosts import - --source cmdb --output json`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one CSV file, or - for stdin"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"csv"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runHostsImport(cmd.Context(), &f, args[0]) },
	}
	f.bus.add(cmd, "nats", "your")
	cmd.Flags().StringVar(&f.source, "source", "", "`NAME` of where the file comes from, e.g. cmdb")
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

func (c *command) runHostsImport(ctx context.Context, f *hostsFlags, path string) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if f.source == "" {
		return usageError(errors.New("--source is missing: it says where the groups come from, e.g. cmdb"))
	}
	in := c.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return usageError(fmt.Errorf("read %s: %w", path, reason(err)))
		}
		defer file.Close()
		in = file
	}
	sum := sha256.New()
	hosts, err := governance.ReadHostsCSV(io.TeeReader(in, sum), f.source, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return usageError(fmt.Errorf("nothing is imported, %s is wrong: %w", path, err))
	}
	store, _, closing, err := c.openHosts(ctx, f)
	if err != nil {
		return err
	}
	defer closing()
	report, err := store.Import(ctx, hosts, gateway.HostImport{Source: f.source, File: hex.EncodeToString(sum.Sum(nil)), By: whoami()})
	if err != nil {
		return err
	}
	if f.output == "json" {
		return json.NewEncoder(c.out).Encode(report)
	}
	fmt.Fprintf(c.out, "%s of %s in %s: %d added, %d altered (%d of them from another source), %d the same, %d removed\n",
		counted(report.Hosts, "host"), report.Source, counted(len(report.Groups), "group"), report.Added, report.Altered, report.Taken, report.Same, report.Removed)
	return nil
}

func (c *command) openHosts(ctx context.Context, f *hostsFlags) (*gateway.HostStore, gateway.Config, func(), error) {
	conn, config, closing, err := c.connect(ctx, f.bus)
	if err != nil {
		return nil, config, nil, err
	}
	store, err := gateway.OpenHostStore(ctx, conn)
	if err != nil {
		closing()
		return nil, config, nil, err
	}
	return store, config, closing, nil
}

// whoami names who runs the command as the system does.
func whoami() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

func (c *command) hostsList() *cobra.Command {
	var f hostsFlags
	cmd := &cobra.Command{
		Use:   "list [flags] [HOST…]",
		Short: "Show which groups hosts are in, who says so, and how old that is",
		Example: `  msigate hosts list
  msigate hosts list ws01.corp.example
  msigate hosts list --group finance-laptops --output json`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(0, -1, "hosts"),
		ValidArgsFunction:     nothingToComplete,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.runHostsList(cmd.Context(), &f, args) },
	}
	f.bus.add(cmd, "nats and hosts", "your")
	cmd.Flags().StringVar(&f.group, "group", "", "only hosts in this `GROUP`")
	cmd.Flags().StringVar(&f.source, "source", "", "only hosts of this `SOURCE`")
	cmd.Flags().StringVar(&f.output, "output", "text", "`FORMAT`: text or json (one object a line)")
	complete(cmd, "output", "text", "json")
	return cmd
}

// hostRow is an entry for a script.
type hostRow struct {
	Host     string     `json:"host"`
	Groups   []string   `json:"groups"`
	Source   string     `json:"source,omitempty"`
	Imported *time.Time `json:"imported,omitempty"`
	Age      int64      `json:"age_seconds"`
	Refused  string     `json:"refused,omitempty"`
}

func (c *command) runHostsList(ctx context.Context, f *hostsFlags, names []string) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	store, config, closing, err := c.openHosts(ctx, f)
	if err != nil {
		return err
	}
	defer closing()
	all, err := store.List(ctx)
	if err != nil {
		return err
	}
	short := func(name string) string {
		return gateway.HostName(name, config.Hosts.DNSSuffixes)
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[short(name)] = true
	}
	shown := 0
	for _, h := range all {
		if len(wanted) > 0 && !wanted[short(h.Host.Host)] || f.source != "" && h.Source != f.source || f.group != "" && !slices.Contains(h.Groups, f.group) {
			continue
		}
		shown++
		row := hostRow{Host: h.Host.Host, Groups: h.Groups, Source: h.Source}
		if row.Groups == nil || h.Refused != nil {
			row.Groups = []string{}
		}
		if !h.Imported.IsZero() {
			row.Imported, row.Age = &h.Imported, int64(time.Since(h.Imported).Seconds())
		}
		if h.Refused != nil {
			row.Refused = h.Refused.Error()
		}
		if f.output == "json" {
			if err := json.NewEncoder(c.out).Encode(row); err != nil {
				return err
			}
			continue
		}
		if row.Refused != "" {
			fmt.Fprintf(c.out, "%s  in no group, its entry is refused: %s\n", finding.Printable(row.Host), finding.Printable(row.Refused))
			continue
		}
		fmt.Fprintf(c.out, "%s  %s  by %s, %s ago\n", row.Host, strings.Join(row.Groups, ", "), row.Source, age(time.Since(h.Imported)))
	}
	if shown == 0 && f.output == "text" {
		c.say.line("no host: it is in no group")
	}
	return nil
}

// age is how long ago, in the largest unit that fits.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return counted(int(d.Hours()/24), "day")
	case d >= 2*time.Hour:
		return counted(int(d.Hours()), "hour")
	default:
		return counted(int(d.Minutes()), "minute")
	}
}
