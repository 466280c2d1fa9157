// Package policy is step 3, decide: an [install.Context] goes in, a
// [Decision] comes out, by the active [Snapshot].
//
// A Snapshot is bundles compiled together, immutable and safe for use by many
// goroutines: one prepared query over one in-memory store. Build one aside
// with [Compile], swap it in by a pointer; an evaluation that began on the old
// one ends on it.
//
// Undefined is never benign: [Snapshot.Decide] has no error to forget. An
// evaluation that errs, outlives its deadline or is undefined is a review at
// high severity that says so in [Decision.Fault].
//
// Policies are held to the built-ins in [Builtins] and to the published input
// schema; both are checked by Compile, so that a misspelt input.proces or an
// http.send never becomes active. The package reads no bundle from anywhere
// and verifies none: gateway/governance does.
package policy
