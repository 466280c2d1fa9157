// Package browser opens the pages that msigate writes in a real Chromium: what
// is on them is to be seen, and what a host says is text and nothing else. It is
// a module of its own, so that users of msigate need no browser.
//
//	go build -o msigate ./cmd/msigate
//	cd .ci/browser && MSIGATE=../../msigate go test ./...
//
// CHROMIUM names the browser where it is not chromium in the path, SCREENSHOTS a
// folder that pictures of the pages are left in.
package browser
