package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo is what a bug report needs.
type versionInfo struct {
	Version string            `json:"version"`
	Commit  string            `json:"commit,omitempty"`
	Go      string            `json:"go"`
	Modules map[string]string `json:"modules"`
}

// versionModules are the libraries whose version decides how msigate behaves.
var versionModules = []string{
	"github.com/open-policy-agent/opa",
	"github.com/nats-io/nats.go",
	"github.com/nats-io/nats-server/v2",
	"go.opentelemetry.io/otel",
}

func readVersion() versionInfo {
	v := versionInfo{Version: "devel", Go: runtime.Version(), Modules: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	for _, m := range info.Deps {
		for _, want := range versionModules {
			if m.Path == want {
				v.Modules[want] = m.Version
			}
		}
	}
	return v
}

func (c *command) version() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and those of OPA, NATS and OpenTelemetry inside",
		Example: `  msigate version
  msigate version --output json`,
		Args:              noArgs,
		ValidArgsFunction: nothingToComplete,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(output, "text", "json"); err != nil {
				return usageError(err)
			}
			v := readVersion()
			if output == "json" {
				return json.NewEncoder(c.out).Encode(v)
			}
			fmt.Fprintf(c.out, "msigate %s %s\n", v.Version, v.Go)
			for _, module := range versionModules {
				if version, ok := v.Modules[module]; ok {
					fmt.Fprintf(c.out, "  %s %s\n", module, version)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}
