package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// output is stdout. The first write that fails ends the command, since nobody
// gets what it would still say, and run reports it.
type output struct {
	w      io.Writer
	tty    bool
	colour bool
	lost   func()
	err    error
}

func newOutput(w io.Writer, lost func()) *output {
	tty := isTerminal(w)
	return &output{w: w, tty: tty, colour: tty && wantsColour(), lost: lost}
}

func (o *output) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(b)
	if err != nil {
		o.err = err
		o.lost()
	}
	return n, err
}

// checkOutput holds --output to the formats that a command writes, two at least.
func checkOutput(output string, formats ...string) error {
	if slices.Contains(formats, output) {
		return nil
	}
	last := len(formats) - 1
	return fmt.Errorf("--output %s: it is %s or %s", output, strings.Join(formats[:last], ", "), formats[last])
}
