package msi

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

const maxResolved = 16 << 10 // bytes of one resolved text

// ownBinaries are the rows of the package's own Binary table, by name.
func (r *Report) ownBinaries() map[string]*Binary {
	binaries := map[string]*Binary{}
	for i := range r.Binaries {
		if b := &r.Binaries[i]; b.Storage == "" && b.Table == "Binary" {
			binaries[b.Name] = b
		}
	}
	return binaries
}

// resolve fills what each action runs as far as the package itself says it, and
// which binary streams that concerns.
func (r *Report) resolve(c *container, properties map[string]string, files map[string]*File) error {
	binaries := r.ownBinaries()
	f := formatter{properties: properties, files: files}
	budget := maxText
	for i := range r.Actions {
		a := &r.Actions[i]
		if b := binaries[a.Source]; b != nil && a.inBinary() {
			b.RunBy = append(b.RunBy, "custom action "+a.Name)
			b.Extracted = b.Extracted || a.extracted()
		}
		switch a.Basic {
		case 1:
			a.Runs = "MSIxxxx.tmp (" + a.Source + "), function " + a.Target
		case 2:
			a.Runs = strings.TrimSpace("MSIxxxx.tmp (" + a.Source + ") " + f.format(a.Target))
		case 5, 6:
			if e := c.streams["Binary."+a.Source]; e != nil && e.size <= maxScript {
				content, err := e.content(maxScript)
				if err != nil {
					return err
				}
				a.Script = scriptText(content)
			}
		case 17:
			a.Runs = f.file(a.Source) + ", function " + a.Target
		case 18:
			a.Runs = strings.TrimSpace(f.file(a.Source) + " " + f.format(a.Target))
		case 21, 22:
			a.Runs = f.file(a.Source)
		case 34:
			a.Runs = f.format(a.Target)
		case 37, 38:
			a.Script = a.Target
		case 50:
			a.Runs = strings.TrimSpace(f.format("["+a.Source+"]") + " " + f.format(a.Target))
		case 51:
			if a.passesCommand() {
				a.Runs = f.format(a.Target)
			}
		case 53, 54:
			a.Script = properties[a.Source]
		}
		if budget -= len(a.Runs) + len(a.Script); budget < 0 {
			return fmt.Errorf("read table CustomAction, row %d: the actions' scripts and command lines have more than %d MB", i+1, maxText>>20)
		}
	}
	for i := range r.Embedded {
		e := &r.Embedded[i]
		if b := binaries[e.Source]; b != nil && e.What == "MsiEmbeddedChainer" {
			b.RunBy = append(b.RunBy, "embedded chainer "+e.Name)
			b.Extracted = true
		}
	}
	return nil
}

// scriptText makes UTF-8 of a script; UTF-16 has a byte order mark.
func scriptText(b []byte) string {
	if len(b) < 2 || !bytes.HasPrefix(b, []byte{0xff, 0xfe}) {
		return string(b)
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

// formatter resolves what the package itself says of a Formatted text: property
// references by the Property table, [#file] by the File table, [\x] to x. What
// only the host knows (folders, environment) stays as it is written.
// https://learn.microsoft.com/windows/win32/msi/formatted
type formatter struct {
	properties map[string]string
	files      map[string]*File
}

func (f formatter) file(key string) string {
	if file := f.files[key]; file != nil {
		return file.Name
	}
	return "file " + key
}

// format resolves a value within a value four deep: a command cut into
// properties reads as what runs.
func (f formatter) format(text string) string {
	for range 4 {
		resolved := f.once(text)
		if resolved == text {
			break
		}
		text = resolved
	}
	return text
}

func (f formatter) once(text string) string {
	var b strings.Builder
	for b.Len() < maxResolved {
		before, rest, found := strings.Cut(text, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "]")
		if !closed {
			b.WriteString("[" + rest)
			return b.String()
		}
		text = after
		value, known := f.properties[name]
		switch {
		case strings.HasPrefix(name, `\`) && len(name) == 2:
			b.WriteString(name[1:])
		case strings.HasPrefix(name, "#") && f.files[name[1:]] != nil:
			b.WriteString(f.files[name[1:]].Name)
		case known:
			b.WriteString(value)
		default:
			b.WriteString("[" + name + "]")
		}
	}
	return b.String()[:maxResolved] + "…"
}
