// Package install is step 2, correlate: it takes Events in the order they came
// and gives each one that is in scope back as a [Context], with the process
// tree it belongs to. All state of the gateway about hosts lives here.
//
// A [Tracker] keeps, for every host, a compact record of each process that
// started and, in full, the installer trees: msiexec in each of its roles, the
// MSIxxxx.tmp programs it extracts, every descendant however deep, and the
// files they wrote within ExecutionTimeWindow. A wrapper (setup.exe) belongs to
// the tree from when it becomes an ancestor of the installer, with what it does
// and starts from then on. Other ancestors (a deployment tool) are seen but never
// belong to it.
//
// Each Context names its install [Session]. Sessions are never stored: they are
// worked out from the msiexec clients and the MsiInstaller records that are
// kept, so that these end in the same sessions whatever order they came in.
// What the service does belongs to the one session that was alive then; where
// several were and no record singles one out, it is ambiguous, with all of them
// beside it. MsiInstaller records can be forged, so they open, name, narrow and
// raise doubts, and every fact that rests on them says so.
//
// Records may come in any order, the sensor's some minutes late and the
// Application log's up to ten. What a decided event's context says is told again
// when that makes it another one: [Tracker.Watch] keeps the event, [Tracker.Late]
// tells, and is asked after every record, also one that is only remembered.
// What was passed over, because nothing told yet that it belongs to a tree, is
// read again: [Tracker.Joined], [Tracker.Awaits], [Tracker.Heard]. Two things
// stay lost: what a stranger loaded before it was told that a tree had written
// it, and what a process did before its own start was told while the host had
// no tree at all.
//
// It guarantees that memory is bounded for each host and in all, that what a
// bound made it forget is counted, that no host can push another's records
// out, and that reading (Tracks, HasTrees) changes nothing. It never decides,
// never guesses a fact nobody reported, and knows neither the bus nor OPA.
//
// [Tracker.Export] gives all that is known of a host as plain values, and
// [Tracker.Import] takes it over, after which a Tracker tells the same as if it
// had never stopped. What is derived is not in it. A state that is too large to
// be stored gets smaller by [HostState.Trim], the least wanted first; one that
// Export cannot have made is refused whole.
//
// Processes are joined by ProcessGuid, else by host and PID between start and
// end. Facts: learn.microsoft.com, "Debugging Custom Actions", "_MSIExecute
// Mutex" and "Command-Line Options".
package install
