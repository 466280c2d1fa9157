package finding

import (
	"cmp"
	"fmt"
	"slices"

	"msigate/gateway/policy"
)

// RollupFinding is a rollup's document: a Detection Finding without a device.
type RollupFinding struct {
	DetectionFinding
	Resources []Resource     `json:"resources,omitempty"` // the hosts that are named
	Unmapped  RollupUnmapped `json:"unmapped"`
}

// Resource is a host.
type Resource struct {
	Name     string `json:"name"`
	Hostname string `json:"hostname"`
	Type     string `json:"type"`
}

// RollupUnmapped holds what OCSF has no field for.
type RollupUnmapped struct {
	Msigate RollupGate `json:"msigate"`
}

// RollupGate is unmapped.msigate of a rollup.
type RollupGate struct {
	Rollup      bool                       `json:"rollup"`                // always
	Disposition policy.Disposition         `json:"disposition,omitempty"` // the worst of its findings
	Revision    int                        `json:"revision"`
	Group       string                     `json:"group"`
	Hosts       int                        `json:"host_count"`
	AtLeast     bool                       `json:"at_least"` // there are more than could be counted
	Counts      map[policy.Disposition]int `json:"finding_counts"`
	HostNames   []string                   `json:"hosts"`    // at most 20, those of the worst findings
	Findings    []string                   `json:"findings"` // uids, likewise
	What        string                     `json:"what"`     // of the worst
	Why         string                     `json:"why"`
	Package     string                     `json:"package,omitempty"`
	Signal      string                     `json:"signal,omitempty"`
	Child       string                     `json:"child,omitempty"`
}

func (one *rollup) document(u *Rollup, version string) []byte {
	h, m := &one.head, &one.members
	worst := m.worst()
	on := counted(u)
	doc := RollupFinding{
		DetectionFinding: DetectionFinding{
			ActivityID:   u.Activity,
			ActivityName: u.Activity.String(),
			CategoryUID:  ocsfCategory,
			CategoryName: ocsfCategoryName,
			ClassUID:     ocsfClass,
			ClassName:    ocsfClassName,
			TypeUID:      ocsfClass*100 + int(u.Activity),
			TypeName:     ocsfClassName + ": " + u.Activity.String(),
			Time:         h.Created,
			StartTime:    h.First,
			EndTime:      h.Last,
			SeverityID:   severityID(worst.Severity),
			Severity:     severityName(worst.Severity),
			IsAlert:      worst.Disposition == policy.Alert && u.Activity != Close,
			Message:      fmt.Sprintf("%s on %s: %s", h.What, on, h.Why),
			Count:        len(m.list),
			FindingInfo: FindingInfo{
				UID:       "rollup." + h.Group,
				Title:     fmt.Sprintf("%s on %s", cmp.Or(h.Signal, "Unexplained installer activity"), on),
				Desc:      h.describe(on),
				Analytic:  an0940,
				FirstSeen: h.First,
				LastSeen:  h.Last,
				Created:   h.Created,
				Modified:  h.ToldAt,
			},
			Metadata: Metadata{
				Version:        ocsfVersion,
				UID:            u.MsgID,
				CorrelationUID: h.Group,
				Sequence:       h.Revision,
				Product:        Product{Name: "msigate", Version: version},
			},
			StatusID: statusNew,
			Status:   "New",
		},
		Unmapped: RollupUnmapped{RollupGate{
			Rollup: true, Disposition: worst.Disposition, Revision: h.Revision, Group: h.Group, Hosts: u.Hosts, AtLeast: u.AtLeast,
			Counts: map[policy.Disposition]int{policy.Review: m.count(policy.Review), policy.Alert: m.count(policy.Alert)},
			What:   h.What, Why: h.Why, Package: h.Package, Signal: h.Signal, Child: h.Child,
		}},
	}
	doc.StatusDetail = "one and the same on " + on
	if u.Activity == Close {
		doc.StatusID, doc.Status, doc.StatusDetail = statusOther, "Dissolved", "it stands on "+on+" now: what is left is told by itself"
	} else {
		doc.Remediation = remediation(worst.Disposition)
	}
	g := &doc.Unmapped.Msigate
	for i := range h.Shown {
		g.HostNames = append(g.HostNames, h.Shown[i].Host)
		g.Findings = append(g.Findings, h.Shown[i].UID)
	}
	slices.Sort(g.HostNames)
	g.HostNames = slices.Compact(g.HostNames)
	for _, name := range g.HostNames {
		doc.Resources = append(doc.Resources, Resource{Name: name, Hostname: name, Type: "Host"})
	}
	return encode(&doc)
}

// counted is the number of hosts in words.
func counted(u *Rollup) string {
	switch {
	case u.AtLeast:
		return fmt.Sprintf("at least %d hosts", u.Hosts)
	case u.Hosts == 1:
		return "1 host"
	default:
		return fmt.Sprintf("%d hosts", u.Hosts)
	}
}

func (h *RollupHead) describe(on string) string {
	desc := fmt.Sprintf("%s\non %s: %s", h.What, on, h.Why)
	for _, fact := range [...]struct{ name, value string }{{"package", h.Package}, {"signal", h.Signal}, {"child", h.Child}} {
		if fact.value != "" {
			desc += "\n" + fact.name + ": " + excerpt(fact.value, maxRollupText)
		}
	}
	return desc
}
