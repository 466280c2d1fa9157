package finding

import "msigate/gateway/policy"

// Published is a finding's document that was found on its queue, and of which
// the Decision was never stored: the gateway ended in between. When its event
// is decided again under another Snapshot, the answer may be another one.
type Published struct {
	UID         string
	Host        string             // as the Event names it
	Session     string             // the install session's id; "" where it is about a lineage root
	Disposition policy.Disposition // the queue
	Severity    policy.Severity
	Revision    int
	Activity    Activity
	Previous    policy.Disposition // the queue it came from, of a Create that was a move
	Group       string             // "" where unknown
}

// Adopt takes note of where a finding stands on the bus, whatever led there:
// on the queue of a document that opened or went on with it, nowhere after one
// that closed it. Several of one finding are given in the order of the stream.
// The next Decision that has to do with the finding, an expected one too, then
// puts right what is to be put right: it is closed where it does not belong.
func (f *Findings) Adopt(p Published) {
	if p.UID == "" || rank(p.Disposition) == 0 || p.Activity < Create || p.Activity > Close {
		return // no document of a finding
	}
	if one, ok := f.live.get(p.UID); ok && one.host != p.Host {
		return
	}
	if rank(p.Previous) == 0 {
		p.Previous = ""
	}
	if !p.Severity.Known() {
		p.Severity = ""
	}
	one := f.open(p.UID, p.Host, p.Session)
	one.Revision = max(one.Revision, p.Revision)
	if one.Previous == "" || p.Activity == Create {
		one.Previous = p.Previous
	}
	if p.Group != "" {
		one.Group = text(p.Group, maxName)
	}
	one.Queue, one.Adopted = p.Disposition, &Grade{p.Disposition, p.Severity}
	if p.Activity == Close {
		one.Queue, one.Adopted = "", &Grade{}
	}
}
