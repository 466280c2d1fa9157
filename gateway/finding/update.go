package finding

import "msigate/gateway/policy"

// Update is one document for a queue of verdicts.
type Update struct {
	UID         string             // of the finding
	Disposition policy.Disposition // the queue: verdicts.<disposition>.<host>
	Activity    Activity
	Document    []byte // OCSF Detection Finding as JSON, at most about MaxDocument bytes
	// MsgID is the same whenever the same Decision does the same to a finding. It
	// is made of uid, Decision, queue and activity, and not of the revision: that
	// starts anew where everything was forgotten, and two documents that differ
	// must never share an id.
	MsgID    string
	Previous policy.Disposition // the queue it comes from; only of a Create that is a move
	MovedTo  policy.Disposition // the queue it goes on on; only of a Close that is a move
	Severity policy.Severity
	Host     string // as the Event names it
	Revision int    // of the finding, from 1
	Settled  bool   // told for the last time: nothing more will change

	// For rollups.
	Group     string // the same for one rollout on every host
	Left      string // the group it was told in before, where that was another one
	Stands    bool   // the finding is on some queue after this
	What, Why string // in the words of its worst event
	Package   string // identity of the package, the same on every host; "" where unknown
	Signal    string // title of the signal that weighs most; "" where none held
	Child     string // identity of what ran, was loaded or written
	FirstSeen int64  // of its events, by the host's clock, ms since 1970
	LastSeen  int64
}

// occasion says why a finding is told beside its Decision.
type occasion struct {
	settled bool
}

// tell gives the documents of what became of a finding with the last Decision.
func (f *Findings) tell(one *finding, updates []Update) []Update {
	f.live.touch(one.UID)
	return one.tell(occasion{}, f, updates)
}

func (f *finding) tell(why occasion, by *Findings, updates []Update) []Update {
	from, to := f.Queue, f.grade().Disposition
	if why.settled && to == policy.Approved {
		to = "" // nobody works on it
	}
	f.Adopted = nil
	if from == "" && to == "" {
		return updates
	}
	v := f.view()
	left := f.Group
	if left == v.group {
		left = ""
	}
	f.Revision++
	f.Queue, f.Group = to, v.group
	add := func(activity Activity, queue policy.Disposition) {
		u := Update{
			UID: f.UID, Disposition: queue, Activity: activity, MsgID: f.msgID(activity, queue, why),
			Severity: v.grade.Severity, Host: f.host, Revision: f.Revision, Settled: why.settled,
			Group: v.group, Left: left, Stands: to != "",
			What: v.lead.What, Why: v.why, Package: v.lead.Package, Child: v.lead.Child, FirstSeen: v.first, LastSeen: v.last,
		}
		if worst := bySeverity(v.lead.Signals); len(worst) > 0 {
			u.Signal = worst[0].Title
		}
		switch activity {
		case Close:
			u.MovedTo = to
		case Create:
			u.Previous = from
		case Change:
		}
		u.Document = f.document(v, &u, why, by)
		updates = append(updates, u)
	}
	switch {
	case from == to:
		add(Change, to)
	case from == "":
		add(Create, to)
	case to == "":
		add(Close, from)
	default:
		f.Previous = from
		add(Close, from)
		add(Create, to)
	}
	return updates
}

func (f *finding) msgID(activity Activity, queue policy.Disposition, why occasion) string {
	id := f.UID + "." + f.Decision + "." + string(queue)
	if why.settled {
		id = f.UID + "." + f.Decision + ".settled." + string(queue)
	}
	switch activity {
	case Close:
		return id + ".close"
	case Change:
		return id + ".update"
	default:
		return id
	}
}
