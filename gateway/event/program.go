package event

import "strings"

// CommandProgram gives the program or file that a text, read as a command line,
// begins with, normalised: what stands in quotes, else what Windows would run,
// as far as that can be told without its disk (learn.microsoft.com,
// "CreateProcessW": of a path with blanks and no quotes it tries each part that
// ends at a blank, with .exe added). A word without a folder is a program that
// Windows looks for; any other text goes on to the first blank or comma that
// follows the ending of something that runs, but not into what begins as an
// argument does. It is "" where that is no path, as in "DWORD (0x00000001)".
func CommandProgram(line string) string {
	line = strings.TrimLeft(line, " \t")
	if isNoText(line) {
		return ""
	}
	program, quoted := strings.CutPrefix(line, `"`)
	if quoted {
		program, _, _ = strings.Cut(program, `"`)
	} else {
		program = line[:programEnd(line)]
	}
	if isNoPath(program) || strings.ContainsAny(program, "\"<>|\n") {
		return ""
	}
	return NormalizePath(program)
}

// isNoText reports whether a registry value is what Sysmon writes for those that
// hold no text.
func isNoText(value string) bool {
	return strings.HasPrefix(value, "DWORD (") || strings.HasPrefix(value, "QWORD (") || value == "Binary Data"
}

// programEnd is where the program of a command line without quotes ends.
func programEnd(line string) int {
	word := strings.IndexAny(line, " \t,")
	if word < 0 {
		return len(line)
	}
	if !strings.ContainsAny(line[:word], `\/:%`) {
		return word
	}
	runnable, argument := runnableEnd(line), argumentStart(line)
	switch {
	case argument > 0 && (runnable == 0 || runnable > argument):
		return argument
	case runnable == 0:
		return word
	}
	// C:\Windows\System32\wscript x.vbs runs wscript: what runs by itself is a
	// program's file, and what only another opens is its argument.
	name := strings.LastIndexAny(line[:runnable], `\/`) + 1
	if blank := strings.IndexAny(line[name:runnable], " \t"); blank > 0 && !EqualFoldASCII(line[runnable-4:runnable], ".exe") {
		return name + blank
	}
	return runnable
}

// argumentStart is where the first blank stands that something follows which
// begins an argument, and no part of a path; 0 where there is none.
func argumentStart(line string) int {
	space, colon := -1, -1 // each looked for once: a value can be a megabyte of blanks
	for i := 0; i < len(line); i++ {
		if line[i] != ' ' && line[i] != '\t' {
			continue
		}
		blank := i
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		rest := line[i:]
		switch {
		case rest == "":
			return blank
		case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, `%`), strings.HasPrefix(rest, `\\`):
			return blank
		case (rest[0] == '/' || rest[0] == '-') && len(rest) > 1 && rest[1] != ' ':
			return blank
		}
		space, colon = nextByte(line, ' ', i, space), nextByte(line, ':', i, colon)
		if colon < space { // a path from its drive on, a URL, a script
			return blank
		}
	}
	return 0
}

// nextByte is where c stands next from a place on, len(line) where it does not;
// known is the answer for a place before it.
func nextByte(line string, c byte, from, known int) int {
	if known >= from {
		return known
	}
	if i := strings.IndexByte(line[from:], c); i >= 0 {
		return from + i
	}
	return len(line)
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
