package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// textHandler writes log lines for people:
//
//	2026-11-24T15:04:05.120Z WARN  the bus is away, trying again url=nats://127.0.0.1:4222
//
// A value that could be mistaken for something else is quoted, and nothing a
// terminal would obey gets through: file names and error texts can come from
// an attacker.
type textHandler struct {
	mu       *sync.Mutex // shared by all that WithAttrs derives
	out      io.Writer
	level    slog.Leveler
	coloured bool
	attrs    string // already written out
	group    string // "a.b."
}

func newTextHandler(out io.Writer, level slog.Leveler, coloured bool) *textHandler {
	return &textHandler{mu: &sync.Mutex{}, out: out, level: level, coloured: coloured}
}

func (h *textHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	line := make([]byte, 0, 256)
	if !r.Time.IsZero() {
		line = r.Time.UTC().AppendFormat(line, "2006-01-02T15:04:05.000Z")
		line = append(line, ' ')
	}
	line = h.appendLevel(line, r.Level)
	line = append(line, ' ')
	line = appendPrintable(line, r.Message)
	line = append(line, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		line = appendAttr(line, h.group, a)
		return true
	})
	line = append(line, '\n')

	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(line)
	return err
}

func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *h
	line := []byte(h.attrs)
	for _, a := range attrs {
		line = appendAttr(line, h.group, a)
	}
	derived.attrs = string(line)
	return &derived
}

func (h *textHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.group += name + "."
	return &derived
}

// appendLevel pads to five characters, so that messages stand in one column.
func (h *textHandler) appendLevel(line []byte, level slog.Level) []byte {
	word := level.String()
	pad := strings.Repeat(" ", max(0, 5-len(word)))
	if !h.coloured {
		return append(append(line, word...), pad...)
	}
	colour := "\x1b[2m" // debug: faint
	switch {
	case level >= slog.LevelError:
		colour = "\x1b[31m"
	case level >= slog.LevelWarn:
		colour = "\x1b[33m"
	case level >= slog.LevelInfo:
		colour = "\x1b[32m"
	}
	return append(line, colour+word+"\x1b[0m"+pad...)
}

func appendAttr(line []byte, group string, a slog.Attr) []byte {
	value := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return line
	}
	if value.Kind() == slog.KindGroup {
		if a.Key != "" { // a group without a name is inlined
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			line = appendAttr(line, group, member)
		}
		return line
	}
	line = append(line, ' ')
	line = appendPrintable(line, group+a.Key)
	line = append(line, '=')
	text := value.String()
	if value.Kind() == slog.KindTime {
		text = value.Time().UTC().Format(time.RFC3339Nano)
	}
	if text == "" || !plain(text) {
		return strconv.AppendQuote(line, text)
	}
	return append(line, text...)
}

// plain says that a value needs no quotes.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == ' ' || r == '=' || r == '"' || !unicode.IsPrint(r)
	})
}

// appendPrintable writes s, with what is not printable as Go would escape it.
func appendPrintable(line []byte, s string) []byte {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return append(line, s...)
	}
	quoted := strconv.AppendQuote(nil, s)
	return append(line, slices.Clip(quoted[1:len(quoted)-1])...)
}
