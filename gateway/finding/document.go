package finding

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/policy"
)

// document renders a finding for one of its updates.
func (f *finding) document(v *view, u *Update, why occasion, by *Findings) []byte {
	doc := DetectionFinding{
		ActivityID:   u.Activity,
		ActivityName: u.Activity.String(),
		CategoryUID:  ocsfCategory,
		CategoryName: ocsfCategoryName,
		ClassUID:     ocsfClass,
		ClassName:    ocsfClassName,
		TypeUID:      ocsfClass*100 + int(u.Activity),
		TypeName:     ocsfClassName + ": " + u.Activity.String(),
		Time:         f.Created,
		StartTime:    v.first,
		EndTime:      v.last,
		SeverityID:   severityID(v.grade.Severity),
		Severity:     severityName(v.grade.Severity),
		IsAlert:      u.Disposition == policy.Alert && u.Activity != Close,
		Message:      v.lead.What + ": " + v.why,
		Count:        f.Revision,
		FindingInfo:  f.info(v),
		Metadata: Metadata{
			Version:          ocsfVersion,
			UID:              u.MsgID,
			CorrelationUID:   v.group,
			Sequence:         f.Revision,
			Product:          Product{Name: "msigate", Version: by.version},
			LogName:          v.lead.Channel,
			LogProvider:      v.lead.Provider,
			OriginalEventUID: fmt.Sprintf("%s:%d.%d", f.At.Stream, f.At.Sequence, f.At.Record),
			Profiles:         []string{"host"},
		},
		Device:      f.device,
		Actor:       v.lead.Actor,
		Anomalies:   v.anomalies(),
		Remediation: remediation(v.grade.Disposition),
		Unmapped:    Unmapped{Msigate: f.gate(v, u)},
	}
	doc.Unmapped.Msigate.Degraded = by.degraded
	for _, ticket := range v.tickets {
		doc.Tickets = append(doc.Tickets, Ticket{UID: ticket})
	}
	doc.StatusID, doc.Status, doc.StatusDetail = f.status(v, u, why)
	return f.render(&doc)
}

func (f *finding) info(v *view) FindingInfo {
	if f.descOf != v.lead {
		f.desc, f.descOf = clip(v.lead.explanation(), maxDesc), v.lead
	}
	info := FindingInfo{
		UID:         f.UID,
		Title:       v.lead.Title,
		Desc:        f.desc,
		Analytic:    an0940,
		DataSources: v.sources,
		FirstSeen:   v.first,
		LastSeen:    v.last,
		Created:     f.Created,
		Modified:    f.Modified,
	}
	if len(v.signals) > 0 {
		info.Types = make([]string, len(v.signals))
		info.RelatedAnalytics = make([]Analytic, len(v.signals))
	}
	for i := range v.signals {
		s := &v.signals[i]
		info.Types[i] = s.ID
		info.RelatedAnalytics[i] = Analytic{UID: "an0940/" + s.ID, Name: s.Title, TypeID: analyticRule, Type: "Rule"}
	}
	return info
}

func (f *finding) gate(v *view, u *Update) Gate {
	g := Gate{
		Disposition: u.Disposition,
		Revision:    f.Revision,
		Settled:     u.Settled,
		Cause:       f.Cause,
		Session:     f.Session,
		Group:       v.group,
		What:        v.lead.What,
		Why:         v.why,
		Root:        v.root,
		TraceID:     f.Trace.TraceID,
		SpanID:      f.Trace.SpanID,
		Counts:      f.Counts,
		Standing:    v.standing,
		Dropped:     v.dropped,
		Evidence:    v.events,
		Signals:     v.signals,
		Approval:    v.lead.Approval,
		NearMisses:  v.lead.NearMisses,
		Pending:     v.pending,
		Missing:     v.missing,
		Mangled:     v.mangled,
		Masked:      v.masked,
		Faults:      v.faults,
		Bundles:     f.Bundles,
	}
	switch {
	case u.Activity != Close:
		g.Previous = f.Previous
	case u.MovedTo != "":
		g.MovedTo = u.MovedTo
	case !u.Settled:
		g.BelongsTo = f.wentTo()
	}
	return g
}

// wentTo is the uid of the finding that the last event went to; "" where it
// stays here.
func (f *finding) wentTo() string {
	if f.Last == nil || !f.Last.stands() {
		return ""
	}
	for _, r := range slices.Backward(f.refs) {
		if r.at() == f.Last.At {
			return r.Finding
		}
	}
	return ""
}

// status says where the finding stands and why.
func (f *finding) status(v *view, u *Update, why occasion) (id int, label, detail string) {
	switch {
	case u.Activity == Close && u.MovedTo != "":
		return statusOther, "Moved", fmt.Sprintf("moved from %s to %s under the same uid: %s", u.Disposition, u.MovedTo, v.why)
	case u.Activity == Close && why.settled:
		return statusSuppressed, "Suppressed", settledDetail + v.why
	case u.Activity == Close:
		if uid := f.wentTo(); uid != "" {
			return statusOther, "Moved", fmt.Sprintf("belongs to finding %s now: the install it is part of became known (%s)", uid, becauseOf(f.Cause))
		}
		return statusSuppressed, "Suppressed", "explained by " + v.why
	case u.Disposition == policy.Approved:
		return statusSuppressed, "Suppressed", v.why
	case why.settled:
		return statusNew, "New", settledDetail + v.why
	default:
		return statusNew, "New", v.why
	}
}

const settledDetail = "settled, nothing more will change: "

// anomalies sets the signals that hold against the approved behaviour that
// came nearest.
func (v *view) anomalies() []AnomalyAnalysis {
	if len(v.signals) == 0 {
		return nil
	}
	analysis := AnomalyAnalysis{
		Targets:   []AnalysisTarget{{Name: v.lead.Subject, Type: "installer activity"}},
		Anomalies: make([]Pattern, 0, len(v.signals)),
	}
	for i := range v.signals {
		s := &v.signals[i]
		p := Pattern{Parameter: s.ID, Type: "Association Analysis", Pattern: s.Title, Observations: make([]Observation, 0, max(1, len(s.Evidence)))}
		for _, fact := range sortedKeys(s.Evidence) {
			p.Observations = append(p.Observations, Observation{Value: fact + "=" + s.Evidence[fact]})
		}
		if len(p.Observations) == 0 {
			p.Observations = []Observation{{Value: s.Title}}
		}
		p.Observations[0].Count = s.Count
		analysis.Anomalies = append(analysis.Anomalies, p)
	}
	if a := v.lead.Approval; a != nil {
		analysis.Baselines = append(analysis.Baselines, baseline(a.Entry, "approved", a.Matched, nil))
	}
	for i := range v.lead.NearMisses {
		n := &v.lead.NearMisses[i]
		analysis.Baselines = append(analysis.Baselines, baseline(n.Entry, "fits in part", n.Matched, n.Failed))
	}
	if b := v.lead.Baseline; b != nil {
		analysis.Baselines = append(analysis.Baselines, prevalence(b))
	}
	return []AnomalyAnalysis{analysis}
}

func baseline(entry, pattern string, matched, failed []string) Pattern {
	p := Pattern{Parameter: entry, Type: "Approved Behaviour", Pattern: pattern}
	if len(matched) > 0 {
		p.Observations = append(p.Observations, Observation{Value: "fits: " + strings.Join(matched, ", ")})
	}
	if len(failed) > 0 {
		p.Observations = append(p.Observations, Observation{Value: "does not fit: " + strings.Join(failed, ", ")})
	}
	if len(p.Observations) == 0 {
		p.Observations = []Observation{{Value: "names no fact"}}
	}
	return p
}

// prevalence says on how many hosts the package did the same. It explains
// nothing, and whoever decides should know it.
func prevalence(b *policy.Prevalence) Pattern {
	hosts := fmt.Sprintf("seen on %d hosts", b.Hosts)
	if b.Hosts == 1 {
		hosts = "seen on 1 host"
	}
	return Pattern{Parameter: b.Package, Type: "Prevalence", Pattern: "started or loaded " + b.Child, Observations: []Observation{{
		Value: fmt.Sprintf("%s, from %s to %s", hosts, b.FirstSeen.UTC().Format(time.DateOnly), b.LastSeen.UTC().Format(time.DateOnly)),
	}}}
}

// procedure is where the documentation says how to get from a finding to a
// decision: a page of the project, and its section.
const procedure = "docs/investigate.md#the-procedure"

// remediation says what to do next, and where the whole procedure stands; nil
// where nothing is to be done.
func remediation(d policy.Disposition) *Remediation {
	r := &Remediation{References: []string{procedure}}
	switch d {
	case policy.Alert:
		r.Desc = "Isolate or watch the host, keep the package and the child's file, and find out who started the install and where the package came from before anything is removed. If it was a wanted install, ask for an approval that names its hash or signer and how it is deployed; approve no name or path."
	case policy.Review:
		r.Desc = "Compare what happened with change records and with the nearest approval: what does not fit is named. Where facts are missing, switch on the telemetry that is named there and decide again."
	default:
		return nil
	}
	return r
}

func newDevice(host string) Device {
	if host == "" {
		host = "unknown"
	}
	host = clip(host, maxText)
	return Device{
		Hostname: host, Name: host, TypeID: 0, Type: "Unknown",
		OS: OS{Name: "Windows", TypeID: 100, Type: "Windows"},
	}
}

// millis is OCSF's timestamp; 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
