package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"msigate/gateway"
	"msigate/gateway/policytest"
	"msigate/testdata"
)

type testFlags struct {
	bundles []string
	stories string
	run     string
	output  string
}

func (c *command) test() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [flags]",
		Short: "Test a policy: its Rego tests, stories, canaries, coverage and costs",
		Long: `test runs everything that holds a policy to what it promises:

  rego      its Rego tests (_test.rego beside the rules), through OPA's own tester
  story     recorded messages taken through the steps of the gateway; what is decided
            and what becomes of each finding must be as the golden files say
  canary    what must be seen under any governance data
  coverage  every rule, and 95 % of the lines, must be reached by the Rego tests
  cost      no rule goes through data.governance or data.baseline, every regular
            expression says where it begins

Without --bundles the policy and the governance data built into msigate are tested,
without --stories with the stories built in. A story is a folder with events.jsonl,
decisions.golden and findings.golden, and delivery.txt where it matters when the
server stamped a message.

What each signal costs is printed as a multiple of an empty evaluation: the same
events decided by a policy that says nothing. It varies with the machine and fails
no test.

Exit codes: 0 all passed, 1 a test failed or could not be run, 2 the command line is
wrong.`,
		Example: `  msigate test
  msigate test --bundles ./policies --bundles ./bundles/governance --stories ./testdata/stories
  msigate test --run '^rego/.*shell_child|^canary/shell_child$'
  msigate test --output junit > report.xml`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.runTest(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.bundles, "bundles", nil, "bundle at `PATH`: a folder of Rego with its tests, a .tar.gz, or a folder of governance YAML; repeat for several (default: those built in)")
	flags.StringVar(&f.stories, "stories", "", "`FOLDER` with one folder a story (default: the stories built in)")
	flags.StringVar(&f.run, "run", "", "run only tests whose name, KIND/NAME, the regular expression `PATTERN` matches; coverage is not judged")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text, junit (XML), tap (Test Anything Protocol 14) or json")
	complete(cmd, "output", "text", "junit", "tap", "json")
	complete(cmd, "run")
	return cmd
}

// check holds the flags to what they may be, before anything is read.
func (f testFlags) check() (run *regexp.Regexp, stories fs.FS, err error) {
	if err := checkOutput(f.output, "text", "junit", "tap", "json"); err != nil {
		return nil, nil, usageError(err)
	}
	if f.run != "" {
		if run, err = regexp.Compile(f.run); err != nil {
			return nil, nil, usageError(fmt.Errorf("--run %s: %w", f.run, err))
		}
	}
	for _, path := range f.bundles {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, usageError(fmt.Errorf("--bundles %s: %w", path, reason(err)))
		}
	}
	if f.stories == "" {
		stories, err = fs.Sub(testdata.Stories, "stories")
		return run, stories, err
	}
	info, err := os.Stat(f.stories)
	if err != nil {
		return nil, nil, usageError(fmt.Errorf("--stories %s: %w", f.stories, reason(err)))
	}
	if !info.IsDir() {
		return nil, nil, usageError(fmt.Errorf("--stories %s: it is a folder with one folder a story", f.stories))
	}
	return run, os.DirFS(f.stories), nil
}

func (c *command) runTest(ctx context.Context, f testFlags) error {
	run, stories, err := f.check()
	if err != nil {
		return err
	}
	bundles, err := gateway.ReadBundles(gateway.SourcesFromPaths(f.bundles))
	if err != nil {
		return err
	}
	c.say.progress("compiling the policy and running its Rego tests")
	pack, err := policytest.Open(ctx, bundles, stories)
	if err != nil {
		c.say.progressDone()
		return err
	}
	ran, failed := 0, 0
	report, err := policytest.Run(ctx, pack, policytest.Options{Run: run, Each: func(r policytest.Result) {
		if ran++; r.Failed() {
			failed++
		}
		c.say.progress("%d tests run, %d failed: %s", ran, failed, r.FullName())
	}})
	c.say.progressDone()
	if err != nil {
		return err
	}
	switch f.output {
	case "junit":
		err = report.WriteJUnit(c.out)
	case "tap":
		err = report.WriteTAP(c.out)
	case "json":
		err = report.WriteJSON(c.out)
	default:
		c.printTests(report)
	}
	switch {
	case err != nil:
		return err
	case len(report.Results) == 0:
		return withHint(fmt.Errorf("--run %s matches no test", f.run), "a name is KIND/NAME, for instance story/extracted-exe/decisions; msigate test --output tap lists them")
	case report.Failed() > 0:
		return &exitCodeError{code: exitError, err: errors.New(failure(report))}
	}
	return nil
}

func failure(r *policytest.Report) string {
	return fmt.Sprintf("%d of %d tests failed", r.Failed(), len(r.Results))
}
