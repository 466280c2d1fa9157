package policy

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// Defender tells a module's signer by a record of its own: correlation joins
// the two, and the policy sees one module.
func TestAModuleHasTheSignerThatACertificateRecordTold(t *testing.T) {
	told := event.Signature{Known: true, Signed: true, Status: "Valid", Subject: "Orrery Ltd"}
	e := &event.Event{Kind: event.KindImageLoad, Module: event.Module{Path: `C:\Windows\Installer\MSI1.tmp`}}
	for _, c := range []struct {
		name string
		own  event.Signature
		want string
	}{
		{"by the certificate record", event.Signature{}, "orrery ltd"},
		{"by its own record, which comes first", event.Signature{Known: true, Subject: "Somebody Else"}, "somebody else"},
	} {
		own := *e
		own.Module.Signature = c.own
		joined := own.Module
		joined.Signature = told
		input := inputValue(Facts{Context: &install.Context{Event: &own, Module: joined}}, &sessionTerms{})
		got, err := input.Find(ast.Ref{ast.StringTerm("module"), ast.StringTerm("signer"), ast.StringTerm("subject")})
		if err != nil || got.Compare(ast.String(c.want)) != 0 {
			t.Errorf("%s: %v, %v, want %q", c.name, got, err, c.want)
		}
	}
}
