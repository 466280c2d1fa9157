package finding

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"msigate/gateway/policy"
)

// Default bounds of Rollups.
const (
	DefaultMaxRollups       = 1024
	DefaultMaxRollupMembers = 100_000
	DefaultMaxMembers       = 1_000_000
	maxRollupShown          = 20  // findings and host names of one rollup that are told
	maxRollupText           = 400 // bytes of what is kept of each
	rollupInterval          = time.Minute
)

// RollupLimits bounds what Rollups keeps.
type RollupLimits struct {
	MaxGroups  int // 0: DefaultMaxRollups
	MaxMembers int // findings of one group; 0 or more than it: DefaultMaxRollupMembers
	MaxTotal   int // findings of all groups; 0: DefaultMaxMembers
}

// Rollups counts on how many hosts the same thing stands as alert or review:
// one rollout that nobody approved is one rollup with a host count, and not a
// page for each host. It is not safe for concurrent use. What it is shown twice
// counts once.
type Rollups struct {
	limits  RollupLimits
	version string
	groups  map[string]*rollup
	changed map[string]bool // since they were told
	unsaved map[string]bool // since they were exported
	total   int             // members of all groups
	clock   uint64          // counts what was observed
	evicted uint64
}

// Rollup is a document for verdicts.rollup.<group>.
type Rollup struct {
	Group    string
	MsgID    string
	Revision int // from 1
	Activity Activity
	Document []byte // OCSF Detection Finding as JSON
	Hosts    int    // on which it stands
	AtLeast  bool   // there are more hosts than could be counted
}

// rollup is one group.
type rollup struct {
	members members
	head    RollupHead
	seen    uint64 // Rollups.clock when it was last observed
}

// RollupHead is what is known of a group beside its members. Times are
// milliseconds since 1970.
type RollupHead struct {
	Group    string        `json:"group"`
	Revision int           `json:"revision,omitzero"`
	Told     bool          `json:"told,omitzero"` // it is open on the bus
	ToldAt   int64         `json:"told_at,omitzero"`
	Created  int64         `json:"created,omitzero"`
	First    int64         `json:"first_seen,omitzero"`
	Last     int64         `json:"last_seen,omitzero"`
	Beyond   bool          `json:"beyond,omitzero"` // members were left out
	Package  string        `json:"package,omitempty"`
	Signal   string        `json:"signal,omitempty"`
	Child    string        `json:"child,omitempty"`
	What     string        `json:"what,omitempty"` // of its worst finding, as far as they are shown
	Why      string        `json:"why,omitempty"`
	Shown    []RollupShown `json:"shown,omitempty"`
}

// RollupShown is a finding of a group that is told by name.
type RollupShown struct {
	UID  string `json:"uid"`
	Host string `json:"host"`
	Grade
	What string `json:"what"`
	Why  string `json:"why"`
}

// NewRollups has counted nothing yet. The version is msigate's own.
func NewRollups(limits RollupLimits, version string) *Rollups {
	limits.MaxGroups = cmp.Or(max(limits.MaxGroups, 0), DefaultMaxRollups)
	limits.MaxTotal = cmp.Or(max(limits.MaxTotal, 0), DefaultMaxMembers)
	limits.MaxMembers = min(cmp.Or(max(limits.MaxMembers, 0), DefaultMaxRollupMembers), DefaultMaxRollupMembers)
	return &Rollups{limits: limits, version: version, groups: map[string]*rollup{}, changed: map[string]bool{}, unsaved: map[string]bool{}}
}

// Observe counts what became of a finding. One that is told in another group,
// is closed, or moves to approved, leaves its rollup.
func (r *Rollups) Observe(u Update) {
	r.clock++
	if u.Left != "" && u.Left != u.Group {
		r.leave(u.Left, &u)
	}
	switch {
	case u.Activity == Close && rolled(u.MovedTo): // the Create that follows tells
	case u.Activity == Close || !rolled(u.Disposition):
		r.leave(u.Group, &u)
	case u.Group != "":
		r.join(&u)
	}
}

// rolled reports whether findings on a queue are rolled up.
func rolled(d policy.Disposition) bool { return rank(d) >= rank(policy.Review) }

func (r *Rollups) join(u *Update) {
	grade := Grade{u.Disposition, u.Severity}
	one := r.groups[u.Group]
	if one == nil {
		r.makeRoom(len(r.groups)+1-r.limits.MaxGroups, nil)
		one = &rollup{head: RollupHead{Group: text(u.Group, maxName)}}
		r.groups[u.Group] = one
	}
	one.seen = r.clock
	h := &one.head
	if len(one.members.list) >= r.limits.MaxMembers && !one.members.has(u.Host, u.UID) {
		h.Beyond = true
	} else if one.members.put(u.Host, u.UID, grade) {
		r.total++
		r.makeRoom(0, one)
	}
	if u.FirstSeen != 0 && (h.First == 0 || u.FirstSeen < h.First) {
		h.First = u.FirstSeen
	}
	h.Last = max(h.Last, u.LastSeen)
	if h.Package == "" {
		h.Package = text(u.Package, maxRollupText)
	}
	if h.Child == "" {
		h.Child = text(u.Child, maxRollupText)
	}
	h.Signal = text(cmp.Or(u.Signal, h.Signal), maxRollupText)
	h.show(RollupShown{
		UID: text(u.UID, maxName), Host: text(u.Host, maxName), Grade: grade,
		What: text(u.What, maxRollupText), Why: text(u.Why, maxRollupText),
	})
	r.touch(u.Group)
}

func (r *Rollups) leave(group string, u *Update) {
	one := r.groups[group]
	if one == nil || !one.members.remove(u.Host, u.UID) {
		return
	}
	r.total--
	one.seen = r.clock
	one.head.Shown = slices.DeleteFunc(one.head.Shown, func(s RollupShown) bool { return s.UID == u.UID })
	one.head.lead()
	r.touch(group)
	if len(one.members.list) == 0 && !one.head.Told {
		r.drop(group)
	}
}

func (r *Rollups) touch(group string) { r.changed[group], r.unsaved[group] = true, true }

// drop forgets a group; that it is gone is still to be saved.
func (r *Rollups) drop(group string) {
	r.total -= len(r.groups[group].members.list)
	delete(r.groups, group)
	delete(r.changed, group)
	r.unsaved[group] = true
}

// makeRoom forgets so many groups, and as many more as it takes for the bound
// of all members to hold, but not the one that is kept: first those that stand
// on one host only, and of them the one observed longest ago.
func (r *Rollups) makeRoom(groups int, keep *rollup) {
	for groups > 0 || r.total > r.limits.MaxTotal {
		victim := ""
		for group, one := range r.groups {
			if one != keep && (victim == "" || one.before(r.groups[victim])) {
				victim = group
			}
		}
		if victim == "" {
			return
		}
		r.drop(victim)
		r.evicted++
		groups--
	}
}

func (one *rollup) before(other *rollup) bool {
	if many := one.members.hosts > 1; many != (other.members.hosts > 1) {
		return !many
	}
	return one.seen < other.seen
}

// Due gives a document for each rollup that changed, by group. A group is told
// once it stands on two hosts, at most once a minute of now, and closed when it
// stands on fewer.
func (r *Rollups) Due(now time.Time) []Rollup {
	var all []Rollup
	for _, group := range slices.Sorted(maps.Keys(r.changed)) {
		one := r.groups[group]
		h := &one.head
		many := one.members.hosts > 1
		if wait := now.Sub(time.UnixMilli(h.ToldAt)); wait.Abs() < rollupInterval {
			continue // later
		}
		delete(r.changed, group)
		if !many && !h.Told {
			continue
		}
		activity := Change
		switch {
		case !many:
			activity = Close
		case !h.Told:
			activity = Create
		}
		h.Revision++
		h.Told, h.ToldAt = many, now.UnixMilli()
		h.Created = cmp.Or(h.Created, h.ToldAt)
		r.unsaved[group] = true
		told := Rollup{
			Group: group, Revision: h.Revision, Activity: activity, Hosts: one.members.hosts, AtLeast: h.Beyond,
			MsgID: fmt.Sprintf("rollup.%s.%d.%d", group, h.Revision, h.ToldAt),
		}
		told.Document = one.document(&told, r.version)
		all = append(all, told)
		if len(one.members.list) == 0 {
			r.drop(group)
		}
	}
	return all
}

// Len is how many groups are counted, those on one host included.
func (r *Rollups) Len() int { return len(r.groups) }

// Open is how many groups are told: those that stand on two hosts or more.
func (r *Rollups) Open() int {
	n := 0
	for _, one := range r.groups {
		if one.head.Told {
			n++
		}
	}
	return n
}

// Evicted is how many groups were forgotten to keep the limits.
func (r *Rollups) Evicted() uint64 { return r.evicted }

// show keeps a finding to be told by name, unless there are enough that are worse.
func (h *RollupHead) show(s RollupShown) {
	if at := slices.IndexFunc(h.Shown, func(one RollupShown) bool { return one.UID == s.UID }); at >= 0 {
		h.Shown = slices.Delete(h.Shown, at, at+1)
	}
	at, _ := slices.BinarySearchFunc(h.Shown, s, compareShown)
	h.Shown = slices.Insert(h.Shown, at, s)
	if len(h.Shown) > maxRollupShown {
		h.Shown = h.Shown[:maxRollupShown]
	}
	h.lead()
}

// compareShown orders them: the worst first.
func compareShown(a, b RollupShown) int {
	return cmp.Or(b.compare(a.Grade), strings.Compare(a.UID, b.UID))
}

// lead takes over the words of the worst finding that is shown.
func (h *RollupHead) lead() {
	if len(h.Shown) > 0 {
		h.What, h.Why = h.Shown[0].What, h.Shown[0].Why
	}
}
