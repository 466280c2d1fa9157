package policytest

import (
	"strings"
	"time"
)

// The cost checks, each a test.
const (
	walkTest  = "no-walk-over-governance"
	regexTest = "regexes-say-where-they-begin"
)

// checkCosts looks at the rules for what costs more than it should.
func (p *Pack) checkCosts(o Options) ([]Result, error) {
	var results []Result
	for _, name := range []string{walkTest, regexTest} {
		if !o.wants(Costs, name) {
			continue
		}
		began := time.Now()
		compiler, err := p.compiled()
		if err != nil {
			return nil, err
		}
		var found []Finding
		if name == walkTest {
			found = walks(compiler)
		} else {
			found = searches(compiler, p.data)
		}
		result := Result{Kind: Costs, Name: name, Took: time.Since(began)}
		if len(found) > 0 {
			lines := make([]string, len(found))
			for i, f := range found {
				lines[i] = f.String()
			}
			result.File, result.Line, result.Failure = found[0].File, found[0].Line, strings.Join(lines, "\n")
		}
		results = append(results, result)
	}
	return results, nil
}
