package event

import "strings"

// NormalizePath brings a Windows path into the one form that is compared:
//
//   - \\?\ , \\.\ and \??\ prefixes are taken off (\\?\UNC\ becomes \\);
//   - \SystemRoot\ , %SystemRoot% and %windir% become C:\Windows (a record that
//     shows another Windows folder resolves them to that one);
//   - %ProgramFiles%, %ProgramData%, %PUBLIC% and %ComSpec% become what Windows
//     sets them to where nobody has chosen otherwise;
//   - %TEMP% and %TMP% become %USERPROFILE%\AppData\Local\Temp and the other
//     profile variables likewise: whose profile is not known, so it stays
//     generic, in the form that Folders gives for every profile (a record of the
//     system itself resolves them to C:\Windows\Temp and the system's profile);
//   - forward slashes become backslashes, doubled ones single (but the two that
//     begin \\server\share), and . and .. elements are resolved as Windows
//     itself resolves them, by their letters alone;
//   - C:\PROGRA~1 becomes C:\Program Files. Windows Setup makes that folder
//     first, so its short name is certain. PROGRA~2 is Program Files (x86) on a
//     64-bit Windows and ProgramData, which users can write, on a 32-bit one: it
//     is expanded only in a record that shows a 64-bit Windows. Every other
//     short name depends on what else lies in the folder, and stays
//     (see HasShortName).
//
// Device paths (\Device\HarddiskVolume3\…) stay: which letter a volume has is
// not in the record. What is no path at all (a URL, a GUID) is given back as it
// came. The case is kept.
func NormalizePath(path string) string {
	if isPlainPath(path) {
		return path
	}
	return pathFacts{systemRoot: defaultSystemRoot}.normalise(path)
}

// HasShortName reports whether an element of the path may be an 8.3 name such
// as ADMIN_~1, behind which any folder can be. Folders still finds the profile
// such a path lies in, so a policy can treat user folders alike.
func HasShortName(path string) bool {
	for {
		i := strings.IndexByte(path, '~')
		if i < 0 || i+1 >= len(path) {
			return false
		}
		if path[i+1] >= '1' && path[i+1] <= '9' {
			return true
		}
		path = path[i+1:]
	}
}

const defaultSystemRoot = `C:\Windows`

// isPlainPath reports that path starts with a drive and holds nothing that
// normalising would change, which is so of nearly every path a sensor gives.
func isPlainPath(path string) bool {
	if len(path) < 3 || !isDriveLetter(path[0]) || path[1] != ':' || path[2] != '\\' {
		return false
	}
	for i := 3; i < len(path); i++ {
		switch path[i] {
		case '/', '~', '%':
			return false
		case '\\':
			if path[i-1] == '\\' {
				return false
			}
		case '.':
			if path[i-1] == '\\' && isDotElement(path[i:]) {
				return false
			}
		}
	}
	return true
}

// isDotElement reports that s begins with the element "." or "..".
func isDotElement(s string) bool {
	s = strings.TrimPrefix(s[1:], ".")
	return s == "" || s[0] == '\\' || s[0] == '/'
}

func isDriveLetter(c byte) bool { c = lowerByte(c); return c >= 'a' && c <= 'z' }

// pathFacts are what the rest of a record says about its host's folders.
type pathFacts struct {
	systemRoot  string // e.g. C:\Windows
	system64    bool   // the record shows a 64-bit Windows
	localSystem bool   // the record's user is the system itself
}

func (f pathFacts) normalise(path string) string {
	if isNoPath(path) {
		return path
	}
	path = strings.ReplaceAll(path, "/", `\`)
	// One step can uncover what the next one knows: \.\SystemRoot is \SystemRoot.
	// The bound is for texts made to need many.
	for range 8 {
		before := path
		path = f.expand(withoutPrefix(collapse(path)))
		if path = resolveDots(path); path == before {
			break
		}
	}
	return f.long(path)
}

// isNoPath reports a URL or other scheme: more than one letter before a colon.
func isNoPath(path string) bool {
	colon := strings.IndexByte(path, ':')
	if colon < 2 {
		return false
	}
	for i := range colon {
		c := lowerByte(path[i])
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return true
}

// collapse makes every run of backslashes one, but leaves two at the start,
// however many there were: a server's name follows.
func collapse(path string) string {
	lead := len(path) - len(strings.TrimLeft(path, `\`))
	if lead < 2 && !strings.Contains(path, `\\`) {
		return path
	}
	var b strings.Builder
	b.Grow(len(path))
	if lead >= 2 {
		b.WriteByte('\\')
	}
	for i := range len(path) {
		if path[i] == '\\' && i > 0 && path[i-1] == '\\' {
			continue
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// withoutPrefix takes off the prefixes of the object manager's names.
func withoutPrefix(path string) string {
	for _, prefix := range [...]string{`\\?\`, `\\.\`, `\??\`, `\\??\`} {
		rest, found := strings.CutPrefix(path, prefix)
		if !found {
			continue
		}
		if hasPrefixFold(rest, `UNC\`) {
			return `\\` + rest[len(`UNC\`):]
		}
		if len(rest) >= 2 && isDriveLetter(rest[0]) && rest[1] == ':' {
			return rest
		}
		if hasPrefixFold(rest, `SystemRoot\`) {
			return `\` + rest
		}
		return path // \\?\Volume{…}, \\.\pipe: no drive to name
	}
	return path
}

// userFolder gives the usual place of a folder of the user's profile, by the
// variable that names it. TEMP can be set to anything; this is where Windows
// puts it: of the system itself in its own folder, of a user in his profile,
// which the record does not show, so that its variable stays.
func (f pathFacts) userFolder(variable string) string {
	profile, temp := `%USERPROFILE%`, `%USERPROFILE%\AppData\Local\Temp`
	if f.localSystem {
		profile, temp = f.systemRoot+`\System32\config\systemprofile`, f.systemRoot+`\Temp`
	}
	switch variable {
	case `%TEMP%`, `%TMP%`:
		return temp
	case `%LOCALAPPDATA%`:
		return profile + `\AppData\Local`
	case `%APPDATA%`:
		return profile + `\AppData\Roaming`
	}
	return profile
}

// expand resolves the variable or \SystemRoot that a path starts with.
func (f pathFacts) expand(path string) string {
	for _, name := range [...]string{`\SystemRoot`, `%SystemRoot%`, `%windir%`} {
		if rest, found := cutFolder(path, name); found {
			return f.systemRoot + rest
		}
	}
	if path == "" || path[0] != '%' {
		return path
	}
	if EqualFoldASCII(path, `%ComSpec%`) {
		return f.systemRoot + `\System32\cmd.exe`
	}
	drive := f.systemRoot[:2]
	for _, fixed := range [...]struct{ variable, folder string }{
		{`%SystemDrive%`, ``},
		{`%ProgramData%`, `\ProgramData`},
		{`%ALLUSERSPROFILE%`, `\ProgramData`},
		{`%PUBLIC%`, `\Users\Public`},
		{`%ProgramFiles%`, `\Program Files`},
		{`%ProgramW6432%`, `\Program Files`},
		{`%ProgramFiles(x86)%`, `\Program Files (x86)`},
		{`%CommonProgramFiles%`, `\Program Files\Common Files`},
	} {
		if rest, found := cutFolder(path, fixed.variable); found {
			return drive + fixed.folder + rest
		}
	}
	for _, variable := range [...]string{`%USERPROFILE%`, `%TEMP%`, `%TMP%`, `%LOCALAPPDATA%`, `%APPDATA%`} {
		if rest, found := cutFolder(path, variable); found {
			return f.userFolder(variable) + rest
		}
	}
	return path
}

// cutFolder takes the folder off the front of path, where a backslash or
// nothing follows it.
func cutFolder(path, folder string) (rest string, found bool) {
	if !hasPrefixFold(path, folder) {
		return path, false
	}
	rest = path[len(folder):]
	return rest, rest == "" || rest[0] == '\\'
}

// resolveDots removes . and .. elements. A .. never climbs above the drive or
// the share.
func resolveDots(path string) string {
	if !strings.Contains(path, `\.`) {
		return path
	}
	elements := strings.Split(path, `\`)
	floor := 1 // C:, or the empty element before a leading backslash
	if strings.HasPrefix(path, `\\`) {
		floor = 4 // "", "", server, share
	}
	kept := elements[:0:0]
	for i, element := range elements {
		switch {
		case element == "." && i > 0:
		case element == ".." && i > 0:
			if len(kept) > floor {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, element)
		}
	}
	return strings.Join(kept, `\`)
}

// long expands the short names that are certain, on the system drive.
func (f pathFacts) long(path string) string {
	if !strings.Contains(path, "~") || len(path) < 2 || !EqualFoldASCII(path[:2], f.systemRoot[:2]) {
		return path
	}
	if rest, found := cutFolder(path[2:], `\PROGRA~1`); found {
		return path[:2] + `\Program Files` + rest
	}
	if rest, found := cutFolder(path[2:], `\PROGRA~2`); found && f.system64 {
		return path[:2] + `\Program Files (x86)` + rest
	}
	return path
}
