package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"msigate/gateway/bus"
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

// failure says what failed, each of several errors on its own, then what to do.
func (s *speaker) failure(err error) {
	var h *hinted
	hint := ""
	if errors.As(err, &h) {
		hint = h.hint
	}
	for _, one := range separate(err) {
		text := one.Error()
		var connect *bus.ConnectError
		if errors.As(one, &connect) {
			text = fmt.Sprintf("connecting to NATS at %s: %s", connect.Target, connect.Reason)
			if hint == "" {
				hint = connect.Hint
			}
		}
		text, within := cutHint(text)
		if hint == "" {
			hint = within
		}
		fmt.Fprintf(s.w, "msigate: %s %s\n", s.paint(red, "error:"), text)
	}
	if hint != "" {
		s.hint(hint)
	}
}

// cutHint takes a hint that ends an error's text out of it.
func cutHint(text string) (string, string) {
	for _, mark := range []string{"; hint: ", "\nhint: "} {
		if at := strings.LastIndex(text, mark); at >= 0 {
			return text[:at], text[at+len(mark):]
		}
	}
	return text, ""
}

// separate gives the errors that errors.Join joined, below a hint or not.
func separate(err error) []error {
	if h, ok := err.(*hinted); ok {
		return separate(h.error)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	parts := joined.Unwrap()
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = part.Error()
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err} // it has words of its own
	}
	return parts
}

func (s *speaker) hint(text string) {
	fmt.Fprintf(s.w, "msigate: %s %s\n", s.paint(dim, "hint:"), text)
}

func (s *speaker) warning(format string, args ...any) {
	fmt.Fprintf(s.w, "msigate: %s "+format+"\n", append([]any{s.paint(yellow, "warning:")}, args...)...)
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
