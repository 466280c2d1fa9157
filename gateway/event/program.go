package event

import "strings"

// CommandProgram gives the program or file that a text, read as a command line,
// begins with, normalised: what stands in quotes, else all up to the first blank
// or comma that follows the ending of something that runs, as Windows finds a
// program whose path has blanks and no quotes (learn.microsoft.com,
// "CreateProcessW"), else the first word. It is "" where that is no path, as in
// "DWORD (0x00000001)".
func CommandProgram(line string) string {
	line = strings.TrimLeft(line, " \t")
	program := line
	if rest, quoted := strings.CutPrefix(line, `"`); quoted {
		program, _, _ = strings.Cut(rest, `"`)
	} else if end := runnableEnd(line); end > 0 {
		program = line[:end]
	} else if i := strings.IndexAny(line, " \t,"); i >= 0 {
		program = line[:i]
	}
	if isNoPath(program) || !strings.ContainsAny(program, `\/.`) || strings.ContainsAny(program, "\"<>|\n") {
		return ""
	}
	return NormalizePath(program)
}

// runnableEnd is where the first word that ends as something that runs does end; 0 where none does.
func runnableEnd(line string) int {
	for i := 0; i < len(line); i++ {
		if line[i] != '.' {
			continue
		}
		for _, ending := range [...]string{"exe", "com", "bat", "cmd", "dll", "sys", "scr", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "msi", "lnk", "tmp"} {
			end := i + 1 + len(ending)
			if end > len(line) || !EqualFoldASCII(line[i+1:end], ending) {
				continue
			}
			if end == len(line) || line[end] == ' ' || line[end] == '\t' || line[end] == ',' || line[end] == '"' {
				return end
			}
		}
	}
	return 0
}
