// Package doctor examines a deployment: its streams and consumer, what its
// credentials let it do, clocks, keys and bundles, the machine it runs on, and
// what a running gateway says of itself.
//
// It takes a configuration and a connection, and gives a Finding for each thing
// that is not as it should be: what was found, what that means, and what to run.
// What it could not look at it names, so that no finding is never mistaken for
// all is well. Of the same deployment it says the same: findings are sorted by
// severity, check and object.
//
// It alters nothing, on NATS or on disk. What it tries to find out which rights a
// user has is refused by the server or by JetStream in any case.
package doctor
