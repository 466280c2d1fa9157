package install

import (
	"strings"

	"msigate/gateway/event"
)

// rootStores are the parts of a registry key's name below which Windows keeps
// the certificates that a host trusts as root authorities or as publishers, in
// lower case (learn.microsoft.com, "System Store Locations").
var rootStores = [...]string{
	`\systemcertificates\root\certificates\`,
	`\systemcertificates\authroot\certificates\`,
	`\systemcertificates\trustedpublisher\certificates\`,
	`\enterprisecertificates\root\certificates\`,
}

// noteRoot keeps that a process of a tree added a root certificate: from then
// on a valid signature says less on this host. One that Windows' own automatic
// update adds is written by no process of a tree.
func (h *host) noteRoot(e *event.Event, p *process) {
	if e.Kind != event.KindRegistry || p == nil || !h.inTree(p) || strings.HasPrefix(event.LowerASCII(e.Registry.Operation), "delete") {
		return
	}
	key := event.LowerASCII(e.Registry.Key)
	for _, store := range rootStores {
		if strings.Contains(key, store) {
			h.rooted = max(h.rooted, stamp(e.Time))
			return
		}
	}
}
