package gateway

import (
	"slices"
	"testing"
	"time"

	"msigate/gateway/policy"
)

// The deployment tool that a client was started by is told of last, and nothing
// comes after it: the client's install is approved all the same.
func TestAnAncestorThatIsToldLastIsTakenIntoAccount(t *testing.T) {
	messages := storyMessages(t, "approved-install")
	tool := messages[0]
	messages = append(slices.Clone(messages[1:]), tool)
	for n, m := range messages {
		m.Sequence = uint64(n) + 1
		m.Stamp = time.Date(2026, 11, 20, 9, 1, n, 0, time.UTC)
	}
	client := policy.Disposition("")
	for _, step := range toldBy(t, builtIn(t), messages) {
		if step.Told != nil && step.At.Sequence == 1 {
			client = step.Told.Decision().Answer.Disposition
		}
	}
	if client != policy.Approved {
		t.Errorf("the client is %q", client)
	}
}
