package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"msigate/gateway/bus"
)

// setupReport is what setup did and what differs still, for a script.
type setupReport struct {
	Changes    []changeRow   `json:"changes"`
	Mismatches []mismatchRow `json:"mismatches"`
}

type changeRow struct {
	Object string `json:"object"`
	Field  string `json:"field,omitempty"` // absent: the object was created
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

type mismatchRow struct {
	Object string `json:"object"`
	Field  string `json:"field,omitempty"` // absent: the object is
	Have   string `json:"have,omitempty"`
	Want   string `json:"want,omitempty"`
	Why    string `json:"why"`
	Mend   string `json:"mend"`
}

func (c *command) report(changes []bus.Change, mismatches []bus.Mismatch) error {
	r := setupReport{Changes: []changeRow{}, Mismatches: []mismatchRow{}}
	for _, change := range changes {
		r.Changes = append(r.Changes, changeRow(change))
	}
	for _, m := range mismatches {
		r.Mismatches = append(r.Mismatches, mismatchRow(m))
	}
	return json.NewEncoder(c.out).Encode(r)
}

// tellSetup says what was done, also where err kept it from doing all.
func (c *command) tellSetup(output string, changes []bus.Change, err error) error {
	var mismatches bus.MismatchError
	refused := errors.As(err, &mismatches)
	if output == "json" {
		if lost := c.report(changes, mismatches); lost != nil {
			return lost
		}
		if refused {
			return &exitCodeError{code: exitError}
		}
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(c.out, change)
	}
	switch {
	case refused:
		return withHint(eachMismatch(mismatches), "the rest is done; msigate run starts once these are mended")
	case err != nil:
		return err
	case len(changes) == 0:
		fmt.Fprintln(c.out, "nothing to do: the streams, the consumer and the buckets are as msigate needs them")
	}
	return nil
}

// tellCheck says what differs.
func (c *command) tellCheck(f setupFlags, mismatches []bus.Mismatch) error {
	if f.output == "json" {
		if err := c.report(nil, mismatches); err != nil {
			return err
		}
		if len(mismatches) > 0 {
			return &exitCodeError{code: exitError}
		}
		return nil
	}
	if len(mismatches) > 0 {
		return withHint(eachMismatch(mismatches), f.command()+" mends what can be mended")
	}
	fmt.Fprintln(c.out, "the streams, the consumer and the buckets are as msigate needs them")
	return nil
}

// eachMismatch is one error a difference. What setup mends is not said on each:
// the hint below them says how.
func eachMismatch(mismatches []bus.Mismatch) error {
	faults := make([]error, len(mismatches))
	for i, m := range mismatches {
		text := m.String()
		if strings.Contains(m.Mend, "msigate setup") {
			text = strings.TrimSuffix(text, ". To mend it: "+m.Mend)
		}
		faults[i] = errors.New(text)
	}
	return errors.Join(faults...)
}
