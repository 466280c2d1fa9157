package bus

import "strings"

// Keys of the bucket msigate-state, besides those of hosts, coverage and rollups.
const StateWatermark = "watermark" // the stream sequence below which every host is written

// The first tokens of the keys of hosts and rollups.
const (
	StateHosts    = "host."
	StateRollups  = "rollup."
	StateCoverage = "coverage." // what arrives of a host: of people's interest alone, no decision rests on it
	StateBundles  = "bundle."   // the floor of a bundle's serial: of the account, not of a stream
)

// StateKey is where the state of a host is kept. It is made of HostToken, with
// "=" for its "%", which a key must not hold: so two names that differ by more
// than ASCII case have different keys, and every name has a valid one.
func StateKey(host string) string { return StateHosts + keyToken(HostToken(host)) }

// CoverageKey is where it is kept what arrives of a host.
func CoverageKey(host string) string { return StateCoverage + keyToken(HostToken(host)) }

// RollupKey is where the state of a rollup is kept.
func RollupKey(group string) string { return StateRollups + keyToken(GroupToken(group)) }

func keyToken(token string) string { return strings.ReplaceAll(token, "%", "=") }

// maxKey bounds a key as maxSubject does a subject.
const maxKey = maxSubject - len("$KV.") - len(BucketState) - len(".")

// validKey reports whether JetStream's key-value buckets take the key.
func validKey(key string) bool {
	if key == "" || len(key) > maxKey || key[0] == '.' || key[len(key)-1] == '.' || strings.Contains(key, "..") {
		return false
	}
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-/_=.", c) >= 0:
		default:
			return false
		}
	}
	return true
}
