package governance

import "testing"

func TestBuiltInBundlesAreReadAndNamed(t *testing.T) {
	policy, governance, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(policy.Summary, policy.Revision)
	t.Log(governance.Summary, governance.Revision)
	for _, b := range []*Bundle{policy, governance} {
		if b.Serial != 0 || len(b.Revision) != 64 {
			t.Errorf("%s: serial %d revision %q, want 0 and a SHA-256", b.Name, b.Serial, b.Revision)
		}
	}
}
