// Package finding is step 4, tell: a [policy.Decision] goes in; what people
// and machines read comes out.
//
//   - [Masker.Mask] takes the secrets out of a Decision and gives a [Masked].
//     Everything else here takes a Masked, so that nothing can be told that
//     was not masked before.
//   - [Findings.Apply] folds it into the finding of its lineage root and gives
//     the OCSF documents to publish, each with the queue it belongs to.
//   - [NewDecisionLog] gives the event for the decision log, with the field
//     names that OPA documents.
//   - [Summary], [WhatHappened], [Why] and [Explanation] give words for people,
//     with control characters made visible.
//
// Guarantees: the same Decisions in the same order give the same uids, Msg-Ids
// and documents; a redelivered Decision gives again what it gave before; a
// finding is never milder than its worst Decision; an expected Decision opens
// or moves nothing; evidence keeps the case the sensor gave it; everything
// kept is bounded, and what a bound cut is counted.
//
// It never decides, never infers an actor, a campaign or a technique (it cites
// the analytic AN0940 and nothing else), and knows nothing of NATS or OPA.
package finding
