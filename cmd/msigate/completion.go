package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (c *command) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script that completes msigate's commands in bash, zsh, fish or powershell",
		Long: `completion prints a script that teaches a shell msigate's commands, flags and
their values. SHELL is bash, zsh, fish or powershell. Put the line of your shell
from the examples into its start-up file; bash needs the package bash-completion.`,
		Example: `  source <(msigate completion bash)
  source <(msigate completion zsh)
  msigate completion fish | source
  msigate completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(1, 1, "one shell: bash, zsh, fish or powershell")(cmd, args); err != nil {
				return err
			}
			if !slices.Contains(shells, args[0]) {
				return usageError(fmt.Errorf("there is no completion for %q: the shells are bash, zsh, fish and powershell", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
		},
	}
}

// complete offers a flag's values to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	// The only error is a flag that does not exist, which the tests would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// nothingToComplete keeps the shell from offering files where there is no argument.
func nothingToComplete(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}
