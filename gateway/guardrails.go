package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// tried are scopes of entries that were put into the canaries and blinded none.
// What was learnt holds under the same policy, canaries and deny list.
type tried struct {
	under  string
	scopes map[string]bool // by policy.Filling.Key
}

// tryEntries puts the scopes of the candidate's entries into its canaries, but
// for those that the policy active until now has tried, and for all of them where
// they were tried under what they rest on now before the gateway was started.
func (a *active) tryEntries(ctx context.Context, before *active, triedUnder string) error {
	untried, err := a.untried(before)
	if err != nil || triedUnder == a.tried.under {
		return err
	}
	return a.tryFillings(ctx, untried)
}

// untried are the scopes of the candidate's entries that are new: before has not
// tried them under the same policy. What the binary brings itself is not tried at
// every start; a test of the project does. It notes what will have been tried.
func (a *active) untried(before *active) ([]policy.Filling, error) {
	under, err := a.triedUnder()
	if err != nil {
		return nil, err
	}
	a.tried = tried{under: under, scopes: map[string]bool{}}
	same := before != nil && before.tried.under == under
	shipped := a.shipped()
	var untried []policy.Filling
	for _, f := range a.snapshot.Fillings() {
		key := f.Key()
		a.tried.scopes[key] = true
		if !shipped && !(same && before.tried.scopes[key]) {
			untried = append(untried, f)
		}
	}
	return untried, nil
}

// triedUnder names what a result rests on besides the scope itself. A denial
// makes an alert of what an entry would approve, so that without it a result may
// not hold.
func (a *active) triedUnder() (string, error) {
	sum := sha256.New()
	for _, stamp := range a.snapshot.Bundles() {
		if stamp.Name != governance.NameGovernance {
			fmt.Fprintln(sum, stamp.Name, stamp.Revision, stamp.Serial)
		}
	}
	encoder := json.NewEncoder(sum)
	if err := encoder.Encode(a.snapshot.Canaries()); err != nil {
		return "", fmt.Errorf("name the set of canaries: %w", err)
	}
	if err := encoder.Encode(a.snapshot.Denials()); err != nil {
		return "", fmt.Errorf("name the deny list: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// shipped tells whether nothing but the bundles of the binary is active.
func (a *active) shipped() bool {
	revisions, err := shippedRevisions()
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(a.snapshot.Bundles(), func(stamp policy.BundleStamp) bool { return revisions[stamp.Name] != stamp.Revision })
}

var shippedRevisions = sync.OnceValues(func() (map[string]string, error) {
	rules, entries, err := governance.BuiltIn()
	if err != nil {
		return nil, err
	}
	return map[string]string{rules.Name: rules.Revision, entries.Name: entries.Revision}, nil
})

// tryTogether is how many scopes are tried before it is looked what came of them:
// a refusal need not wait for the rest.
const tryTogether = 8

// tryFillings runs the canaries with each filling put in: those that nothing
// excuses with whole scopes, the others with what must not suffice.
func (a *active) tryFillings(ctx context.Context, fillings []policy.Filling) error {
	for together := range slices.Chunk(fillings, tryTogether) {
		missed := make([][]miss, len(together))
		next := make(chan int)
		var running sync.WaitGroup
		for range min(a.triers(), len(together)) {
			running.Go(func() {
				for i := range next {
					missed[i] = a.tryFilling(ctx, together[i])
				}
			})
		}
		for i := range together {
			next <- i
		}
		close(next)
		running.Wait()
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("put entries into the canaries: %w", err)
		}
		if all := slices.Concat(missed...); len(all) > 0 {
			return hiding(all)
		}
	}
	return nil
}

// triers is how many scopes are tried at once: half the processors where events
// are decided meanwhile, which must not wait for them.
func (a *active) triers() int {
	if a.live {
		return max(1, runtime.GOMAXPROCS(0)/2)
	}
	return runtime.GOMAXPROCS(0)
}

// miss is a canary that an entry hides.
type miss struct{ canary, how string }

// hiding names each canary once, with the first entry that hides it.
func hiding(all []miss) error {
	var lines []string
	named := map[string]bool{}
	for _, m := range all {
		if !named[m.canary] {
			named[m.canary] = true
			lines = append(lines, m.how)
		}
	}
	return fmt.Errorf("the bundles are refused, entries of the governance data hide %d canaries:\n  %s\n"+
		"hint: an entry may explain what shows one strong fact (sha256, signer; sha1) and one situational fact (deployment_tool, source), or tool and source together, "+
		"and an interpreter or a system tool only with its exact command line; narrow the entry, or mend the policy that lets it excuse more", len(lines), strings.Join(lines, "\n  "))
}

func (a *active) tryFilling(ctx context.Context, f policy.Filling) (missed []miss) {
	for _, canary := range a.snapshot.Canaries() {
		if canary.Excusable == f.Whole {
			continue // what suffices may excuse it; where nothing may, the whole scope is put in at once
		}
		if ctx.Err() != nil {
			return missed
		}
		if err := a.tryWith(ctx, canary, f); err != nil {
			entry := "entry " + f.Entry
			if f.Entry == "" {
				entry = "a change window"
			}
			if f.Count > 1 {
				entry += fmt.Sprintf(" (and %d more of the same scope)", f.Count-1)
			}
			missed = append(missed, miss{canary.Name, fmt.Sprintf("%s (%s): %v, with this of %s put in: %s", canary.Name, canary.Title, err, entry, f)})
		}
	}
	return missed
}

// tryWith runs one canary with a scope put in.
func (a *active) tryWith(ctx context.Context, canary policy.Canary, f policy.Filling) error {
	messages, ok, err := canary.Fill(f)
	if err != nil || !ok {
		return err
	}
	groups, open := inWindow(f)
	d, err := a.decideIn(ctx, canaryRun{ask: (*policy.Snapshot).Outcome, groups: groups, open: open}, messages, f.Now)
	if err != nil {
		return err
	}
	return seen(canary, d)
}
