package finding

import (
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/policy"
)

// Constants of OCSF 1.8, class Detection Finding (2004) in category Findings (2).
const (
	ocsfVersion      = "1.8.0"
	ocsfCategory     = 2
	ocsfClass        = 2004
	ocsfCategoryName = "Findings"
	ocsfClassName    = "Detection Finding"
)

// Activity says what happened to a finding (OCSF activity_id).
type Activity int

// The activities.
const (
	Create Activity = 1 // opened on this queue
	Change Activity = 2 // OCSF calls it Update
	Close  Activity = 3 // closed on this queue
)

// String is OCSF's caption.
func (a Activity) String() string {
	switch a {
	case Create:
		return "Create"
	case Change:
		return "Update"
	case Close:
		return "Close"
	default:
		return "Unknown"
	}
}

// OCSF status_id of a finding.
const (
	statusNew        = 1
	statusSuppressed = 3  // determined to be benign
	statusOther      = 99 // the label then is our own
)

// DetectionFinding is the part of OCSF's Detection Finding that msigate fills.
// Times are milliseconds since 1970.
type DetectionFinding struct {
	ActivityID   Activity          `json:"activity_id"`
	ActivityName string            `json:"activity_name"`
	CategoryUID  int               `json:"category_uid"`
	CategoryName string            `json:"category_name"`
	ClassUID     int               `json:"class_uid"`
	ClassName    string            `json:"class_name"`
	TypeUID      int               `json:"type_uid"`
	TypeName     string            `json:"type_name"`
	Time         int64             `json:"time"` // when the finding was first opened
	StartTime    int64             `json:"start_time,omitzero"`
	EndTime      int64             `json:"end_time,omitzero"`
	SeverityID   int               `json:"severity_id"`
	Severity     string            `json:"severity"`
	StatusID     int               `json:"status_id"`
	Status       string            `json:"status"`
	StatusDetail string            `json:"status_detail,omitempty"`
	IsAlert      bool              `json:"is_alert"`
	Message      string            `json:"message"` // what happened, and why it is told
	Count        int               `json:"count"`   // how often it was told: its revision
	FindingInfo  FindingInfo       `json:"finding_info"`
	Metadata     Metadata          `json:"metadata"`
	Device       Device            `json:"device,omitzero"` // absent from a rollup
	Actor        jsontext.Value    `json:"actor,omitempty"` // an [Actor], the process and user that acted; never a threat actor
	Evidences    []Evidence        `json:"evidences,omitempty"`
	Anomalies    []AnomalyAnalysis `json:"anomaly_analyses,omitempty"`
	Tickets      []Ticket          `json:"tickets,omitempty"`
	Remediation  *Remediation      `json:"remediation,omitempty"`
	Unmapped     Unmapped          `json:"unmapped"`
}

// FindingInfo is what a finding is about.
type FindingInfo struct {
	UID              string     `json:"uid"` // the same over the finding's life and every queue
	Title            string     `json:"title"`
	Desc             string     `json:"desc"`
	Types            []string   `json:"types,omitempty"` // ids of the signals that held
	Analytic         Analytic   `json:"analytic"`        // AN0940
	RelatedAnalytics []Analytic `json:"related_analytics,omitempty"`
	DataSources      []string   `json:"data_sources,omitempty"`
	FirstSeen        int64      `json:"first_seen_time,omitzero"`
	LastSeen         int64      `json:"last_seen_time,omitzero"`
	Created          int64      `json:"created_time,omitzero"`
	Modified         int64      `json:"modified_time,omitzero"`
}

// Analytic names what found it: AN0940, or one of the pack's signals.
type Analytic struct {
	UID     string `json:"uid"`
	Name    string `json:"name"`
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	Version string `json:"version,omitempty"`
}

// OCSF type_id of an analytic.
const (
	analyticRule       = 1
	analyticBehavioral = 2
)

// an0940 cites the ATT&CK analytic, v1.0. It names no technique: AN0940 has
// no relationship of its own to one.
var an0940 = Analytic{
	UID:     "AN0940",
	Name:    "Analytic 0940",
	TypeID:  analyticBehavioral,
	Type:    "Behavioral",
	Version: "1.0",
}

// Metadata says who told it and from what.
type Metadata struct {
	Version          string   `json:"version"`
	UID              string   `json:"uid"` // the document's own: its Msg-Id
	CorrelationUID   string   `json:"correlation_uid,omitempty"`
	Sequence         int      `json:"sequence"` // revision of the finding
	Product          Product  `json:"product"`
	LogName          string   `json:"log_name,omitempty"`
	LogProvider      string   `json:"log_provider,omitempty"`
	OriginalEventUID string   `json:"original_event_uid,omitempty"`
	Profiles         []string `json:"profiles,omitempty"`
	IsTruncated      bool     `json:"is_truncated,omitzero"` // evidence was left out to fit MaxDocument
}

// Product is msigate itself, or what an executable says it belongs to.
type Product struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name,omitempty"`
	Version    string `json:"version,omitempty"`
}

// Device is the host.
type Device struct {
	Hostname string `json:"hostname"`
	Name     string `json:"name"`
	TypeID   int    `json:"type_id"`
	Type     string `json:"type"`
	OS       OS     `json:"os"`
}

// OS is always Windows: nothing else has a Windows Installer.
type OS struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

// Ticket is what an approval refers to.
type Ticket struct {
	UID string `json:"uid"`
}

// Remediation says what to do next.
type Remediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

// AnomalyAnalysis sets what was observed against what is approved.
type AnomalyAnalysis struct {
	Targets   []AnalysisTarget `json:"analysis_targets"`
	Anomalies []Pattern        `json:"anomalies"`
	Baselines []Pattern        `json:"baselines,omitempty"`
}

// AnalysisTarget is what was looked at.
type AnalysisTarget struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Pattern is an anomaly (a signal that held) or a baseline (an entry of the
// approved behaviour).
type Pattern struct {
	Parameter    string        `json:"observation_parameter"`
	Type         string        `json:"observation_type,omitempty"`
	Pattern      string        `json:"observed_pattern,omitempty"`
	Observations []Observation `json:"observations"`
}

// Observation is one fact in words.
type Observation struct {
	Value string `json:"value"`
	Count int    `json:"count,omitzero"`
}

// Unmapped holds what OCSF has no field for.
type Unmapped struct {
	Msigate Gate `json:"msigate"`
}

// severityID is OCSF's severity_id.
func severityID(s policy.Severity) int {
	switch s {
	case policy.Informational:
		return 1
	case policy.Low:
		return 2
	case policy.Medium:
		return 3
	case policy.High:
		return 4
	case policy.Critical:
		return 5
	default:
		return 0
	}
}

// severityName is OCSF's caption of it.
func severityName(s policy.Severity) string {
	return [...]string{"Unknown", "Informational", "Low", "Medium", "High", "Critical"}[severityID(s)]
}
