package policy

import (
	"testing"

	"msigate/gateway/install"
)

func TestPackagesThatRecordsNameAreInTheirOwnCaseToo(t *testing.T) {
	c := shellBelowServer()
	c.Session = &install.Session{
		Package: &install.Package{Kind: install.PackagePath, Name: `C:\Pkg\A.msi`},
		Named:   []install.Package{{Kind: install.PackagePath, Name: `C:\Pkg\B.msi`}, {Kind: install.PackagePath, Name: `C:\Pkg\C.msi`}},
	}
	for _, test := range []struct {
		fact, value, want string
		without           bool // a session
	}{
		{"session.package.name", `c:\pkg\a.msi`, `C:\Pkg\A.msi`, false},
		{"session.named", `c:\pkg\c.msi`, `C:\Pkg\C.msi`, false},
		{"session.named", `c:\pkg\d.msi`, `c:\pkg\d.msi`, false},
		{"session.named", `c:\pkg\c.msi`, `c:\pkg\c.msi`, true},
	} {
		around := *c
		if test.without {
			around.Session = nil
		}
		a := Answer{Signals: []Signal{{Evidence: map[string]string{test.fact: test.value}}}}
		restoreCase(&a, &around)
		if got := a.Signals[0].Evidence[test.fact]; got != test.want {
			t.Errorf("%s %s becomes %q, not %q", test.fact, test.value, got, test.want)
		}
	}
}
