package policytest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
)

// LeastLines is the least share of the policy's lines, in per cent, that its
// Rego tests must reach. Rules have none: each must be reached.
const LeastLines = 95.0

// Coverage is what the Rego tests reach of the policy. Only lines that hold a
// rule's head or an expression count.
type Coverage struct {
	Rules      int     `json:"rules"`
	RulesShare float64 `json:"rules_percent"`
	Lines      int     `json:"lines"`
	LinesShare float64 `json:"lines_percent"`
	MissRules  []Gap   `json:"rules_missed"`
	MissLines  []Gap   `json:"lines_missed"`
}

// Gap is a place that no Rego test reaches.
type Gap struct {
	File  string `json:"file"`
	First int    `json:"first"` // line, from 1
	Last  int    `json:"last"`
	Rule  string `json:"rule,omitempty"`
}

func (g Gap) String() string {
	place := fmt.Sprintf("%s:%d", g.File, g.First)
	if g.Last > g.First {
		place += fmt.Sprintf("-%d", g.Last)
	}
	if g.Rule != "" {
		place += ": " + g.Rule
	}
	return place
}

func newCoverage(rules map[string]*ast.Module, report cover.Report) *Coverage {
	c := &Coverage{MissRules: []Gap{}, MissLines: []Gap{}}
	covered := 0
	for name, module := range rules {
		file := report.Files[name]
		if file == nil {
			file = &cover.FileReport{}
		}
		covered += file.CoveredLines
		c.Lines += file.CoveredLines + file.NotCoveredLines
		for _, gap := range file.NotCovered {
			c.MissLines = append(c.MissLines, Gap{File: name, First: gap.Start.Row, Last: gap.End.Row})
		}
		for _, rule := range module.Rules {
			ast.WalkRules(rule, func(rule *ast.Rule) bool {
				if c.Rules++; !reached(file, rule) {
					row := rule.Head.Location.Row
					c.MissRules = append(c.MissRules, Gap{File: name, First: row, Last: row, Rule: rule.Head.Ref().String()})
				}
				return false
			})
		}
	}
	inOrder := func(a, b Gap) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.First, b.First)) }
	slices.SortFunc(c.MissRules, inOrder)
	slices.SortFunc(c.MissLines, inOrder)
	c.LinesShare = share(covered, c.Lines)
	c.RulesShare = share(c.Rules-len(c.MissRules), c.Rules)
	return c
}

func share(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}

// reached tells whether a test came into a rule: its head held, or a line of its body was evaluated.
func reached(file *cover.FileReport, rule *ast.Rule) bool {
	if file.IsCovered(rule.Head.Location.Row) {
		return true
	}
	return slices.ContainsFunc(rule.Body, func(e *ast.Expr) bool { return file.IsCovered(e.Location.Row) })
}

// judge holds the coverage to what is asked of it.
func (c *Coverage) judge() []Result {
	rules, lines := Result{Kind: Cover, Name: "rules"}, Result{Kind: Cover, Name: "lines"}
	if len(c.MissRules) > 0 {
		rules.Failure = fmt.Sprintf("%.1f %% of %d rules are reached by Rego tests; each must be:\n%s", c.RulesShare, c.Rules, listed(c.MissRules))
	}
	if c.LinesShare < LeastLines {
		lines.Failure = fmt.Sprintf("%.1f %% of %d lines are reached by Rego tests, less than %.0f %%:\n%s", c.LinesShare, c.Lines, LeastLines, listed(c.MissLines))
	}
	return []Result{rules, lines}
}

func listed(gaps []Gap) string {
	lines := make([]string, len(gaps))
	for i, gap := range gaps {
		lines[i] = gap.String()
	}
	return strings.Join(lines, "\n")
}
