package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/msi"
)

func (c *command) packages() *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "package",
		Short:                 "Look into Windows Installer packages before they are rolled out",
		Example:               "  msigate package inspect agent.msi\n  msigate package inspect --output yaml agent.msi",
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	cmd.AddCommand(c.packageInspect())
	return cmd
}

type inspectFlags struct {
	output  string
	entry   msi.Entry
	created string
	days    int
}

func (c *command) packageInspect() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect [flags] FILE…",
		Short: "Show who signed a package, what it runs, and the approval that would fit it",
		Long: `inspect reads Windows Installer files (.msi, .msp, .mst) and runs nothing of them. It
shows who signed a package and whether the signature covers its content, every custom
action by its type with what it runs and when, and the SHA-1 and SHA-256 of every
binary stream: the files that Windows Installer extracts as MSIxxxx.tmp show these
hashes in events. What a reviewer should read first stands at the end. Whether a
certificate is trusted is decided where the package is installed.

--output yaml proposes an entry of installers.yaml by those hashes. Owner, reason and
a source or deployment tool are for a person: what the flags leave out stays empty, and
the governance build refuses the entry until it is filled in.
--output json: an array, one object a file.

A file that cannot be read is an error (exit code 1); the others are shown.`,
		Example: `  msigate package inspect agent.msi
  msigate package inspect --output json *.msi | jq '.[] | .file, .signature.signer'
  msigate package inspect --output yaml agent.msi
  msigate package inspect --output yaml --owner endpoint-engineering \
    --reason "Monitoring agent, rolled out by CHG-1042" --source intune-win32-content agent.msi`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, -1, "a package: .msi, .msp or .mst"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"msi", "msp", "mst"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.inspect(cmd, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text, json, or yaml (the approval entry it proposes)")
	flags.StringVar(&f.entry.Owner, "owner", "", "with yaml: the team `ROLE` that answers for the entry")
	flags.StringVar(&f.entry.Reason, "reason", "", "with yaml: `WHY` it is approved, in 20 to 2000 characters")
	flags.StringVar(&f.entry.Ticket, "ticket", "", "with yaml: the `REFERENCE` of a change or request")
	flags.StringArrayVar(&f.entry.Sources, "source", nil, "with yaml: `ID` of sources.yaml that it must come from; repeat for several")
	flags.StringArrayVar(&f.entry.DeploymentTools, "deployment-tool", nil, "with yaml: `ID` of deployment_tools.yaml that must install it; repeat for several")
	flags.StringVar(&f.created, "created", "", "with yaml: the entry's `DATE` (default: today)")
	flags.IntVar(&f.days, "days", 180, "with yaml: `DAYS` until the entry expires, at most 366")
	complete(cmd, "output", "text", "json", "yaml")
	for _, name := range []string{"owner", "reason", "ticket", "source", "deployment-tool", "created", "days"} {
		complete(cmd, name)
	}
	return cmd
}

func (f *inspectFlags) check(cmd *cobra.Command) error {
	if err := checkOutput(f.output, "text", "json", "yaml"); err != nil {
		return usageError(err)
	}
	for _, name := range []string{"owner", "reason", "ticket", "source", "deployment-tool", "created", "days"} {
		if f.output != "yaml" && cmd.Flags().Changed(name) {
			return usageError(withHint(fmt.Errorf("--%s is a field of the entry, which --output %s does not write", name, f.output), "--output yaml does"))
		}
	}
	f.entry.Created = time.Now().UTC()
	if f.created != "" {
		created, err := time.Parse(time.DateOnly, f.created)
		if err != nil {
			return usageError(withHint(fmt.Errorf("--created %s: this is no date", f.created), "year, month and day, for instance 2026-11-24"))
		}
		f.entry.Created = created
	}
	if f.days < 1 || f.days > 366 {
		return usageError(fmt.Errorf("--days %d: it is 1 to 366", f.days))
	}
	f.entry.Expires = f.entry.Created.AddDate(0, 0, f.days)
	return nil
}

func (c *command) inspect(cmd *cobra.Command, f inspectFlags, paths []string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return usageError(fmt.Errorf("%s: %w", path, reason(err)))
		}
	}
	var failed []error
	reports := []*msi.Report{}
	entries := 0
	printer := &packagePrinter{w: c.out, say: &speaker{w: c.out, colour: c.out.colour}}
	for _, path := range paths {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		report, err := inspectFile(path)
		if err != nil {
			failed = append(failed, fmt.Errorf("inspect %s: %w", path, err))
			continue
		}
		switch f.output {
		case "json":
			reports = append(reports, report)
		case "yaml":
			entry, err := report.Propose(f.entry)
			if err != nil {
				failed = append(failed, fmt.Errorf("propose an entry for %s: %w", path, err))
				continue
			}
			if entries++; entries == 1 {
				fmt.Fprintln(c.out, "# Proposed by msigate package inspect, for installers.yaml.\ninstallers:")
			}
			if entries > 1 {
				fmt.Fprintln(c.out)
			}
			fmt.Fprint(c.out, entry)
		default:
			printer.report(report)
		}
	}
	if f.output == "json" {
		encoder := json.NewEncoder(c.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(reports); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

func inspectFile(path string) (*msi.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	report, err := msi.Inspect(file, info.Size())
	if err != nil {
		return nil, err
	}
	report.File = path
	return report, nil
}
