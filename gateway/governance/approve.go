package governance

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// approvalStatement is what a second person signs: this content under this name,
// serial and end, and nothing else.
type approvalStatement struct {
	Bundle   string `json:"bundle"`
	Serial   int64  `json:"serial"`
	NotAfter string `json:"not_after"` // RFC 3339, UTC
	Revision string `json:"revision"`  // SHA-256 of the content
	At       string `json:"at"`        // RFC 3339, UTC: when it was approved
}

func (b *Bundle) statement(c Claims) approvalStatement {
	return approvalStatement{Bundle: b.Name, Serial: c.Serial, NotAfter: c.NotAfter.Format(time.RFC3339), Revision: b.Revision}
}

// Approve adds a second person's approval of the bundle as it is: name, serial,
// not_after and content. It comes before the signature, which covers it: a
// bundle that is signed already is refused. Approving again replaces the
// approval of the same key.
func (b *Bundle) Approve(by Signer, now time.Time) error {
	c, err := b.Claims()
	if err != nil {
		return fmt.Errorf("approve bundle %s: %w", b.Name, err)
	}
	switch {
	case c.Signed:
		return refuse(ErrApproval, "approve bundle %s: it is signed already, and the signature covers the approvals; hint: approve the unsigned archive, then sign it", b.Name)
	case c.Serial == 0:
		return refuse(ErrSerial, "approve bundle %s: it has no serial, and an approval is for one serial; hint: msigate bundle build --serial N", b.Name)
	case c.NotAfter.IsZero():
		return refuse(ErrNotAfter, "approve bundle %s: it has no not_after; hint: msigate bundle build --not-after DATE", b.Name)
	}
	key := by.Identity()
	if key.expired(now) {
		return refuse(ErrKey, "approve bundle %s: key %s expired on %s", b.Name, key, key.Expires.Format(time.DateOnly))
	}
	statement := b.statement(c)
	statement.At = now.UTC().Format(time.RFC3339)
	payload, err := json.Marshal(statement)
	if err != nil {
		return fmt.Errorf("approve bundle %s: %w", b.Name, err)
	}
	signed, err := signStatement(typeApproval, payload, by)
	if err != nil {
		return fmt.Errorf("approve bundle %s: %w", b.Name, err)
	}
	approvals := slices.DeleteFunc(slices.Clone(c.Approvals), func(a Approval) bool { return a.KeyID == key.ID })
	approvals = append(approvals, Approval{KeyID: key.ID, JWS: signed})
	return b.setMetadata(metadata{Serial: &c.Serial, NotAfter: c.NotAfter.Format(time.RFC3339), Approvals: approvals})
}

// approves says whether an approval is for this very bundle, whoever gave it.
func (b *Bundle) approves(c Claims, payload []byte) error {
	var statement approvalStatement
	if err := json.Unmarshal(payload, &statement); err != nil {
		return refuse(ErrStatement, "read the approval: %w", err)
	}
	want := b.statement(c)
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"bundle", statement.Bundle, want.Bundle},
		{"serial", statement.Serial, want.Serial},
		{"not_after", statement.NotAfter, want.NotAfter},
		{"revision", statement.Revision, want.Revision},
	} {
		if field.got != field.want {
			return refuse(ErrApproval, "it approves %s %v, and this is %v", field.name, field.got, field.want)
		}
	}
	return nil
}

// approvers gives the keys whose approval counts: of keys, over this very bundle,
// and not the signer's own; and of every other approval why it does not.
func (b *Bundle) approvers(c Claims, signer string, keys Keys) (by []string, disregarded []error) {
	for _, a := range c.Approvals {
		id, err := b.approver(c, a, signer, keys)
		switch {
		case err != nil:
			disregarded = append(disregarded, fmt.Errorf("the approval by key %s does not count: %w", quote(a.KeyID), err))
		case !slices.Contains(by, id):
			by = append(by, id)
		}
	}
	slices.Sort(by)
	return by, disregarded
}

func (b *Bundle) approver(c Claims, a Approval, signer string, keys Keys) (string, error) {
	payload, id, err := verifyStatement(typeApproval, a.JWS, keys)
	if err != nil {
		return "", err
	}
	if id == signer {
		return "", refuse(ErrApproval, "the same key signed the bundle: approving is a second person's part")
	}
	return id, b.approves(c, payload)
}
