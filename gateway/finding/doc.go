// Package finding is step 4, tell: a [policy.Decision] goes in; what people
// and machines read comes out.
//
//   - [Masker.Mask] takes the secrets out of a Decision and gives a [Masked].
//     Everything else here takes a Masked, so that nothing can be told that
//     was not masked before.
//   - [Findings.Apply] folds it into the finding of its install session, or
//     of its lineage root where no session is known, and gives the OCSF
//     documents to publish, each with the queue it belongs to.
//   - [Findings.Settle] tells a finding for the last time.
//   - [Findings.Export] and [Findings.Import] let findings outlive the process;
//     [Findings.Adopt] takes note of a document that was published and not
//     remembered.
//   - [Rollups] counts on how many hosts the same thing stands.
//   - [NewDecisionLog] gives the event for the decision log, with the field
//     names that OPA documents.
//   - [Summary], [WhatHappened], [Why] and [Explanation] give words for people,
//     with control characters made visible.
//
// A finding is about events, and each event counts as its current Decision
// says: the last one, whatever caused it. So a finding rises and falls at once;
// it is closed where nothing of it stands any more, and moves, under the same
// uid, from queue to queue. A life reads by its files: standing.go (an event
// with its current Decision), fold.go (what a Decision changes), view.go (what
// all of them come to), update.go (what is told of it), document.go and
// render.go (how), settle.go (the end).
//
// Guarantees: the same Decisions in the same order give the same uids, Msg-Ids
// and documents, also when the state was written down and read again in
// between; a Decision that was folded before gives nothing; a finding is never
// milder than the worst current Decision of its events, nor than any that it
// had to forget; each queue alone is complete; an expected Decision opens
// nothing; evidence keeps the case the sensor gave it; everything kept is
// bounded, and what a bound cut is counted.
//
// It never decides, never closes an alert or a review but for a reason that it
// names, never infers an actor, a campaign or a technique (it cites the
// analytic AN0940 and nothing else), and knows nothing of NATS or OPA.
package finding
