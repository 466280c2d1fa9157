package policytest

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func TestTheFirstFailureOfAChangedPolicyIsTold(t *testing.T) {
	bundles, stories := shipped(t)
	ctx := context.Background()
	pack, err := Open(ctx, bundles, stories)
	if err != nil {
		t.Fatal(err)
	}
	const file = "an0940/signals/denied/denied.rego"
	source := pack.RuleFiles()[file]
	changed := func(from, to string) []byte {
		if !bytes.Contains(source, []byte(from)) {
			t.Fatalf("%s has no %s", file, from)
		}
		return bytes.Replace(source, []byte(from), []byte(to), 1)
	}
	if failed, err := pack.FirstFailure(ctx, file, source); failed != nil || err != nil {
		t.Errorf("the policy itself: %+v, %v", failed, err)
	}
	failed, err := pack.FirstFailure(ctx, file, changed(`"disposition": "alert"`, `"disposition": "review"`))
	if err != nil || failed == nil || failed.Kind != Rego || failed.File != "an0940/signals/denied/denied_test.rego" {
		t.Errorf("a disposition that is changed: %+v, %v", failed, err)
	}
	walking := append(bytes.Clone(source), "\nwalked if some entry in data.governance.installers\n"...)
	if failed, err := pack.FirstFailure(ctx, file, walking); err != nil || failed == nil || failed.Kind != Costs || failed.Name != walkTest {
		t.Errorf("a rule that walks over governance data: %+v, %v", failed, err)
	}
	for _, broken := range []string{"held := {", "held := nobody(1)"} {
		if _, err := pack.FirstFailure(ctx, file, []byte("package an0940.signals.denied\n\n"+broken+"\n")); !errors.Is(err, ErrCompile) {
			t.Errorf("%s: %v", broken, err)
		}
	}
}
