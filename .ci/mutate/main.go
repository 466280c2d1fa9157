// Command mutate changes the policy by fixed operators, one expression at a
// time, and looks whether msigate test would notice: a change that no test tells
// from the policy is a part of the policy that nobody tests.
//
//	go run ./.ci/mutate                            the whole policy, about an hour on two cores
//	go run ./.ci/mutate --sample 150 --seed 1      a sample, for CI
//	go run ./.ci/mutate --only an0940/signals      files whose path has that in it
//	go run ./.ci/mutate --survivors old.jsonl      again what survived in the run whose results these are
//
// Verdicts are kept in the file --results names; a run that was interrupted goes
// on from there while neither the policy nor its tests have changed. --survivors
// takes over from another run what a test killed there, whatever has changed
// since: while tests are only added, it stays killed. It exits 1
// where more than --most per cent of the mutants that compile survive.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"

	"msigate/gateway"
	"msigate/gateway/policytest"
	"msigate/testdata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutate: error:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, say io.Writer) (int, error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(say)
	sample := flags.Int("sample", 0, "judge `N` mutants only, chosen by --seed; 0: all")
	seed := flags.Uint64("seed", 1, "what a sample is chosen by")
	only := flags.String("only", "", "`PART` of the paths of the files to change; empty: all of an0940 and lib")
	results := flags.String("results", "", "`FILE` to keep verdicts in, and to go on from")
	survivors := flags.String("survivors", "", "`FILE` of an earlier run's results: judge what survived in it, and what it does not know")
	most := flags.Float64("most", 5, "per cent of the mutants that compile and may survive")
	asJSON := flags.Bool("json", false, "write every verdict as JSON, one a line, instead of the survivors")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	pack, err := shipped(ctx)
	if err != nil {
		return 1, err
	}
	mutants, err := allMutants(pack, *only)
	if err != nil {
		return 1, err
	}
	all := len(mutants)
	if *sample > 0 && *sample < all {
		mutants = sampled(mutants, *sample, *seed)
	}
	known, err := openResults(*results, fingerprint(pack))
	if err != nil {
		return 1, err
	}
	defer known.Close()
	if *survivors != "" {
		if err := known.takeOver(*survivors, mutants); err != nil {
			return 1, err
		}
	}
	fmt.Fprintf(say, "mutate: %d mutants, %d of them to judge, %d known\n", all, len(mutants), known.of(mutants))
	err = judge(ctx, pack, known.missing(mutants), func(j Judged) error {
		fmt.Fprintf(say, "%d/%d %s %s\n", known.of(mutants)+1, len(mutants), j.Verdict, j.Mutant)
		return known.add(j)
	})
	if err != nil {
		return 1, err
	}
	return report(out, known.all(mutants), *most, *asJSON)
}

// shipped is the pack that stands in the repository, which the binary has built in.
func shipped(ctx context.Context) (*policytest.Pack, error) {
	bundles, err := gateway.ReadBundles(nil)
	if err != nil {
		return nil, err
	}
	stories, err := fs.Sub(testdata.Stories, "stories")
	if err != nil {
		return nil, err
	}
	return policytest.Open(ctx, bundles, stories)
}

func allMutants(pack *policytest.Pack, only string) ([]Mutant, error) {
	files := pack.RuleFiles()
	names := make([]string, 0, len(files))
	for name := range files {
		if strings.Contains(name, only) && (strings.HasPrefix(name, "an0940/") || strings.HasPrefix(name, "lib/")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var all []Mutant
	for _, name := range names {
		of, err := mutantsOf(name, files[name])
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no file of the policy has %q in its path", only)
	}
	return all, nil
}

// sampled chooses n, the same for the same seed, in the order of all.
func sampled(all []Mutant, n int, seed uint64) []Mutant {
	chosen := rand.New(rand.NewPCG(seed, 0)).Perm(len(all))[:n]
	slices.Sort(chosen)
	some := make([]Mutant, n)
	for i, at := range chosen {
		some[i] = all[at]
	}
	return some
}

// report writes what survived, and exits by its share.
func report(out io.Writer, all []Judged, most float64, asJSON bool) (int, error) {
	counts := map[string]int{}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, j := range all {
		counts[j.Verdict]++
		if asJSON {
			if err := encoder.Encode(j); err != nil {
				return 1, err
			}
		} else if j.Verdict == survived {
			fmt.Fprintln(out, j.Mutant)
		}
	}
	compiled := counts[killed] + counts[survived]
	if compiled == 0 {
		return 1, errors.New("no mutant compiled, so that nothing was tested")
	}
	share := 100 * float64(counts[survived]) / float64(compiled)
	if !asJSON {
		fmt.Fprintf(out, "%d mutants: %d killed by a test, %d refused by the compiler, %d survive: %.1f %% of those that compile\n",
			len(all), counts[killed], counts[refused], counts[survived], share)
	}
	if share > most {
		return 1, fmt.Errorf("%.1f %% survive, more than %.0f %%", share, most)
	}
	return 0, nil
}
