package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"msigate/gateway/bus"
)

func TestFailureSaysWhatFailedThenWhatToDo(t *testing.T) {
	first, second := errors.New("workers: too many"), errors.New("drain: too short")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"one error": {first, "msigate: error: workers: too many\n"},
		"a hint beside": {
			withHint(first, "choose fewer"),
			"msigate: error: workers: too many\nmsigate: hint: choose fewer\n",
		},
		"a hint at the end of the text": {
			errors.New("listen on :80: in use; hint: choose a free port"),
			"msigate: error: listen on :80: in use\nmsigate: hint: choose a free port\n",
		},
		"a hint on a line of its own": {
			errors.New("compile policy: undefined function\nhint: only these: abs"),
			"msigate: error: compile policy: undefined function\nmsigate: hint: only these: abs\n",
		},
		"a hint beside wins over one within": {
			withHint(errors.New("in use; hint: general"), "particular"),
			"msigate: error: in use\nmsigate: hint: particular\n",
		},
		"several errors, one hint": {
			withHint(errors.Join(first, second), "see the schema"),
			"msigate: error: workers: too many\nmsigate: error: drain: too short\nmsigate: hint: see the schema\n",
		},
		"several errors with words of their own are one": {
			fmt.Errorf("read: %w", errors.Join(first, second)),
			"msigate: error: read: workers: too many\ndrain: too short\n",
		},
		"a connection": {
			fmt.Errorf("start: %w", &bus.ConnectError{Target: "nats://a.example", Reason: "connection refused", Hint: "is one running?"}),
			"msigate: error: connecting to NATS at nats://a.example: connection refused\nmsigate: hint: is one running?\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			newSpeaker(&said).failure(c.err)
			if got := said.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
