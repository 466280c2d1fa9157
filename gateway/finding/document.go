package finding

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/policy"
)

// MaxDocument bounds a finding's document, in bytes. It stays below NATS's
// default max_payload of 1 MiB with room for headers. Evidence is left out,
// the last first, until it fits; metadata.is_truncated then says so.
const MaxDocument = 768 << 10

// jsonOptions: text is replaced where it is no UTF-8, never refused, and the
// same value always gives the same bytes.
var jsonOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.Deterministic(true))

// update renders the state after the last Decision as a document.
func (f *finding) update(activity Activity, version string) Update {
	queue := f.disposition
	msgID := f.uid + "." + f.lastDecision + "." + string(queue)
	u := Update{UID: f.uid, Activity: activity, Severity: f.severity, Host: f.host, Revision: f.revision}
	switch activity {
	case Close:
		queue = f.movedFrom
		msgID = f.uid + "." + f.lastDecision + "." + string(queue) + ".close"
	case Create:
		u.Previous = f.movedFrom
	case Change:
	}
	u.Disposition, u.MsgID = queue, msgID
	doc := f.document(activity, queue, msgID, version)
	for {
		u.Document = encode(&doc)
		n := len(doc.Evidences)
		if len(u.Document) <= MaxDocument || n <= 1 {
			return u
		}
		doc.Evidences = doc.Evidences[:n/2]
		doc.Metadata.IsTruncated = true
	}
}

func encode(doc *DetectionFinding) []byte {
	raw, err := json.Marshal(doc, jsonOptions)
	if err != nil {
		// Only a type that JSON cannot hold gets here, and there is none.
		return fmt.Appendf(nil, `{"finding_info":{"uid":%q},"message":%q}`, doc.FindingInfo.UID, err)
	}
	return raw
}

func (f *finding) document(activity Activity, queue policy.Disposition, msgID, version string) DetectionFinding {
	doc := DetectionFinding{
		ActivityID:   activity,
		ActivityName: activity.String(),
		CategoryUID:  ocsfCategory,
		CategoryName: ocsfCategoryName,
		ClassUID:     ocsfClass,
		ClassName:    ocsfClassName,
		TypeUID:      ocsfClass*100 + int(activity),
		TypeName:     ocsfClassName + ": " + activity.String(),
		Time:         millis(f.created),
		StartTime:    millis(f.first),
		EndTime:      millis(f.last),
		SeverityID:   severityID(f.severity),
		Severity:     severityName(f.severity),
		IsAlert:      queue == policy.Alert && activity != Close,
		Message:      f.lead.what + ": " + f.lead.why,
		Count:        f.revision,
		FindingInfo:  f.info(),
		Metadata: Metadata{
			Version:          ocsfVersion,
			UID:              msgID,
			CorrelationUID:   f.group,
			Sequence:         f.revision,
			Product:          Product{Name: "msigate", Version: version},
			LogName:          f.lead.channel,
			LogProvider:      f.lead.provider,
			OriginalEventUID: fmt.Sprintf("%s:%d.%d", f.lastTrigger.Stream, f.lastTrigger.Sequence, f.lastTrigger.Record),
			Profiles:         []string{"host"},
		},
		Device:      f.device,
		Actor:       f.lead.actor,
		Evidences:   f.evidences,
		Anomalies:   f.anomalies(),
		Remediation: remediation(f.disposition),
		Unmapped:    Unmapped{Msigate: f.gate(activity, queue)},
	}
	for _, ticket := range f.tickets {
		doc.Tickets = append(doc.Tickets, Ticket{UID: ticket})
	}
	switch {
	case activity == Close:
		doc.StatusID, doc.Status = statusOther, "Moved"
		doc.StatusDetail = fmt.Sprintf("moved from %s to %s under the same uid: %s", queue, f.disposition, f.lead.why)
	case queue == policy.Approved:
		doc.StatusID, doc.Status, doc.StatusDetail = statusSuppressed, "Suppressed", f.lead.why
	default:
		doc.StatusID, doc.Status, doc.StatusDetail = statusNew, "New", f.lead.why
	}
	return doc
}

func (f *finding) info() FindingInfo {
	info := FindingInfo{
		UID:         f.uid,
		Title:       f.lead.title,
		Desc:        f.lead.explanation,
		Analytic:    an0940,
		DataSources: f.sources,
		FirstSeen:   millis(f.first),
		LastSeen:    millis(f.last),
		Created:     millis(f.created),
		Modified:    millis(f.modified),
	}
	for i := range f.signals {
		s := &f.signals[i]
		info.Types = append(info.Types, s.ID)
		info.RelatedAnalytics = append(info.RelatedAnalytics, Analytic{
			UID: "an0940/" + s.ID, Name: s.Title, TypeID: analyticRule, Type: "Rule",
		})
	}
	return info
}

func (f *finding) gate(activity Activity, queue policy.Disposition) Gate {
	g := Gate{
		Disposition: queue,
		Revision:    f.revision,
		Group:       f.group,
		What:        f.lead.what,
		Why:         f.lead.why,
		Root:        f.root,
		TraceID:     f.trace.TraceID,
		SpanID:      f.trace.SpanID,
		Decisions:   f.decisions,
		Counts:      f.counts,
		Evidence:    f.evidenceCount,
		Signals:     f.signals,
		Approval:    f.lead.approval,
		NearMisses:  f.lead.nearMisses,
		Pending:     f.lead.pending,
		Missing:     f.missing,
		Mangled:     f.mangled,
		Masked:      f.masked,
		Faults:      f.faults,
		Bundles:     f.bundles,
	}
	if activity == Close {
		g.MovedTo = f.disposition
	} else {
		g.Previous = f.previous
	}
	return g
}

// anomalies sets the signals that held against the approved behaviour that
// came nearest.
func (f *finding) anomalies() []AnomalyAnalysis {
	if len(f.signals) == 0 {
		return nil
	}
	analysis := AnomalyAnalysis{
		Targets: []AnalysisTarget{{Name: f.lead.target, Type: "installer activity"}},
	}
	for i := range f.signals {
		s := &f.signals[i]
		p := Pattern{Parameter: s.ID, Type: "Association Analysis", Pattern: s.Title}
		for _, fact := range sortedKeys(s.Evidence) {
			p.Observations = append(p.Observations, Observation{Value: fact + "=" + s.Evidence[fact]})
		}
		if len(p.Observations) == 0 {
			p.Observations = []Observation{{Value: s.Title}}
		}
		p.Observations[0].Count = s.Count
		analysis.Anomalies = append(analysis.Anomalies, p)
	}
	if a := f.lead.approval; a != nil {
		analysis.Baselines = append(analysis.Baselines, baseline(a.Entry, "approved", a.Matched, nil))
	}
	for i := range f.lead.nearMisses {
		n := &f.lead.nearMisses[i]
		analysis.Baselines = append(analysis.Baselines, baseline(n.Entry, "fits in part", n.Matched, n.Failed))
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

// remediation says what to do next; nil where nothing is to be done.
func remediation(d policy.Disposition) *Remediation {
	switch d {
	case policy.Alert:
		return &Remediation{Desc: "Isolate or watch the host, keep the package and the child's file, and find out who started the install and where the package came from before anything is removed. If it was a wanted install, ask for an approval that names its hash or signer and how it is deployed; approve no name or path."}
	case policy.Review:
		return &Remediation{Desc: "Compare what happened with change records and with the nearest approval: what does not fit is named. Where facts are missing, switch on the telemetry that is named there and decide again."}
	default:
		return nil
	}
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
