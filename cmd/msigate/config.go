package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"msigate/gateway"
)

func (c *command) config() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a configuration file, or print its JSON Schema",
		Example: `  msigate config check deploy/msigate.yaml
  msigate config schema > msigate.schema.json`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	cmd.AddCommand(c.configCheck(), c.configSchema())
	return cmd
}

func (c *command) configCheck() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check [flags] FILE",
		Short: "Hold a configuration file to its schema; every fault is named with its line",
		Long: `check reads a configuration file as msigate run would and connects to nothing.
It exits 0 when the file is good and 2 when it is not.`,
		Example: `  msigate config check deploy/msigate.yaml
  msigate config check --output json deploy/msigate.yaml`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one configuration file"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkOutput(output, "text", "json"); err != nil {
				return usageError(err)
			}
			_, err := c.readConfig(args[0])
			faults := configFaults(err)
			if output == "json" {
				if err := json.NewEncoder(c.out).Encode(map[string]any{"file": args[0], "ok": err == nil, "faults": faults}); err != nil {
					return err
				}
				if err != nil {
					return &exitCodeError{code: exitUsage}
				}
				return nil
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: ok\n", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

// configFault is a ConfigError for a script.
type configFault struct {
	Line    int    `json:"line,omitempty"`
	Problem string `json:"problem"`
}

func configFaults(err error) []configFault {
	faults := []configFault{}
	if err == nil {
		return faults
	}
	var coded *exitCodeError
	if errors.As(err, &coded) {
		err = coded.err
	}
	for _, one := range separate(err) {
		var fault *gateway.ConfigError
		if errors.As(one, &fault) {
			faults = append(faults, configFault{Line: fault.Line, Problem: fault.Problem})
		} else {
			faults = append(faults, configFault{Problem: one.Error()})
		}
	}
	return faults
}

func (c *command) configSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the configuration: every setting with its meaning, unit and default",
		Example: "  msigate config schema > msigate.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(gateway.ConfigSchema())
			return err
		},
	}
}
