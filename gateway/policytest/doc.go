// Package policytest tests a policy as its authors do before they publish it:
// what msigate test runs.
//
// It takes bundles ([Open]), and stories; it gives a [Report] with one [Result]
// a test, and what each signal costs. There are five kinds:
//
//	rego      the Rego tests beside the policy, through OPA's own tester     rego.go
//	story     recorded messages and what must come of them                   stories.go
//	canary    what must be seen under any governance data                    canaries.go
//	coverage  rules and lines that no Rego test reaches                      coverage.go
//	cost      walks over governance data, regular expressions that search    walk.go, regex.go
//
// All of it happens in this process, under the built-ins, the input schema and
// the store that the gateway itself uses. The same bundles and stories give the
// same results in the same order; only durations and costs vary.
//
// It never activates anything and never changes a golden file.
package policytest
