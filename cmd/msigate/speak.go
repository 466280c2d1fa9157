package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// speaker is the only way msigate speaks to a person: on stderr, lower case,
// prefixed, coloured only on a terminal that wants colour.
type speaker struct {
	w      io.Writer
	colour bool
	tty    bool
}

func newSpeaker(w io.Writer) *speaker {
	tty := isTerminal(w)
	return &speaker{w: w, tty: tty, colour: tty && wantsColour()}
}

func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// wantsColour follows no-color.org and the convention of TERM=dumb.
func wantsColour() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// hinted is an error with what the user can do about it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

func withHint(err error, hint string) error { return &hinted{error: err, hint: hint} }

func (s *speaker) failure(err error) {
	fmt.Fprintf(s.w, "msigate: %s %s\n", s.paint(red, "error:"), err)
	var h *hinted
	if errors.As(err, &h) {
		s.hint(h.hint)
	}
}

func (s *speaker) warning(format string, args ...any) {
	fmt.Fprintf(s.w, "msigate: %s %s\n", s.paint(yellow, "warning:"), fmt.Sprintf(format, args...))
}

func (s *speaker) hint(text string) {
	fmt.Fprintf(s.w, "msigate: %s %s\n", s.paint(dim, "hint:"), text)
}

func (s *speaker) line(format string, args ...any) {
	fmt.Fprintf(s.w, format+"\n", args...)
}

// progress overwrites one line on a terminal and is silent elsewhere.
func (s *speaker) progress(format string, args ...any) {
	if s.tty {
		fmt.Fprintf(s.w, "\r\x1b[K"+format, args...)
	}
}

func (s *speaker) progressDone() {
	if s.tty {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}

type colour string

const (
	red    colour = "31"
	yellow colour = "33"
	green  colour = "32"
	cyan   colour = "36"
	bold   colour = "1"
	dim    colour = "2"
)

func (s *speaker) paint(c colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// pad fills text to a width before it is painted: escape codes have no width.
func pad(text string, width int) string {
	if n := width - len(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}
