//go:build !race

package gateway

// underRace is whether the race detector slows everything down.
const underRace = false
