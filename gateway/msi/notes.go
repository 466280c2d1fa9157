package msi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func (r *Report) add(serious bool, about, says string) {
	if len(r.Notes) < maxRows {
		r.Notes = append(r.Notes, Note{serious, about, says})
	}
}

// traits are what a command line or a script may show. They are for a person
// who reads the package before a rollout, not for deciding events: that is the
// policy's, which sees what really runs.
var traits = []struct {
	serious bool
	says    string
	match   *regexp.Regexp
}{
	{true, "downloads", regexp.MustCompile(`(?i)\b(https?|ftp)://|\bDownload(String|File|Data)\b|\bURLDownloadToFile|\bMSXML2\.|\bXMLHTTP\b|\bWinHttpRequest\b|\bInvoke-(WebRequest|RestMethod)\b|\bStart-BitsTransfer\b|\bbitsadmin\b|\bcertutil(\.exe)?"?\s.*-urlcache|\bcurl(\.exe)?"?\s|\bwget\b`)},
	{true, "runs what is encoded", regexp.MustCompile(`(?i)\s[-/]e(c|nc|nco|ncod|ncode|ncoded|ncodedc[a-z]*)?\s+["']?[A-Za-z0-9+/=]{16}|\bFromBase64String\b|\bcertutil(\.exe)?"?\s.*-decode|\beval\s*\(|\bExecuteGlobal\b|[A-Za-z0-9+/]{200}`)},
	{true, "starts a script interpreter", regexp.MustCompile(`(?i)\b(powershell|pwsh|cscript|mshta)(\.exe)?\b|\bwscript(\.exe|["\s]|$)|\bhh\.exe\b`)},
	{true, "starts a program that runs others' code", regexp.MustCompile(`(?i)\b(rundll32|regsvr32|msbuild|installutil|regasm|regsvcs|wmic|certutil|bitsadmin|msiexec)(\.exe)?\b`)},
	{true, "touches security tooling", regexp.MustCompile(`(?i)\b(Set|Add|Remove)-MpPreference\b|\badvfirewall\b|\bDisableRealtimeMonitoring\b|\bwevtutil(\.exe)?"?\s+(cl|clear-log|sl)\b|\bvssadmin\b.*\bdelete\b|\bbcdedit\b`)},
	{true, "persists", regexp.MustCompile(`(?i)\bschtasks(\.exe)?"?\s.*/create|\bRegister-ScheduledTask\b|\bsc(\.exe)?"?\s+(create|config)\b|\bCurrentVersion\\Run\b`)},
	{true, "adds a certificate", regexp.MustCompile(`(?i)\bcertutil(\.exe)?"?\s.*-addstore|\bImport-Certificate\b`)},
	{false, "starts a command shell", regexp.MustCompile(`(?i)\bcmd(\.exe)?\b|%comspec%|\[%ComSpec\]`)},
	{false, "names a share", regexp.MustCompile(`(?:^|[\s"'=(,])\\\\[A-Za-z0-9._-]+\\`)},
}

// scriptTraits are of scripts alone: a command line has no objects.
var scriptTraits = []struct {
	says  string
	match *regexp.Regexp
}{
	{"starts programs", regexp.MustCompile(`(?i)WScript\.Shell|Shell\.Application|Win32_Process\b|winmgmts:`)},
	{"writes files", regexp.MustCompile(`(?i)\bADODB\.Stream\b|\.SaveToFile\b|\bCreateTextFile\b`)},
}

// note says what a reviewer should read first.
func (r *Report) note() {
	r.noteSignature()
	if r.Trailing > 0 {
		r.add(true, "file", fmt.Sprintf("it ends as a ZIP archive of %d bytes behind the package: what opens it as one (Java does) runs what no signature covers", r.Trailing))
	}
	binaries := r.ownBinaries()
	for i := range r.Actions {
		r.noteAction(&r.Actions[i], binaries)
	}
	for i := range r.Binaries {
		b := &r.Binaries[i]
		about := "binary " + b.Name
		switch {
		case strings.HasPrefix(b.Content, "compound file"):
			r.add(true, about, "is itself a compound file: a package within the package, whose actions are not in this report")
		case (b.Content == "EXE" || b.Content == "DLL") && len(b.RunBy) == 0 && b.Table == "Binary":
			r.add(false, about, "is a program that no custom action names")
		}
	}
	for _, e := range r.Embedded {
		about := strings.TrimSpace(e.What + " " + e.Name)
		switch e.What {
		case "MsiEmbeddedUI":
			if strings.HasSuffix(strings.ToLower(e.Target), ".dll") {
				r.add(true, about, e.Target+" is loaded before anything is installed, with the rights of the user")
			}
		case "MsiEmbeddedChainer":
			r.add(true, about, strings.TrimSpace("installs further packages through "+e.Source+" "+e.Target))
		case "storage":
			if r.Kind == Package {
				r.add(true, about, "holds a package or transform of its own, which is not in this report")
			}
		}
	}
	for _, v := range r.Registry {
		r.add(!strings.Contains(v.Why, "is a service"), "registry "+v.Key, strings.TrimSpace(v.Why+": "+v.Name+" "+v.Value))
	}
	for _, f := range r.Files {
		if f.SHA256 == "" {
			r.add(false, "file "+f.Name, "is run by "+strings.Join(f.RunBy, ", ")+", and has no hash here: it lies outside the package, or is packed in a way that is not read")
		}
	}
	if r.Kind == Transform || r.Kind == Patch {
		r.add(false, string(r.Kind), "its changes to tables are not read: what it adds to a package's custom actions shows only when it is applied")
	}
}

func (r *Report) noteSignature() {
	switch s := r.Signature; {
	case s == nil:
		r.add(false, "signature", "the file is not signed")
	case !s.Covers:
		r.add(true, "signature", "it does not cover this content: "+s.Problem)
	case !s.SignedAt.IsZero() && (s.SignedAt.Before(s.NotBefore) || s.SignedAt.After(s.NotAfter)):
		r.add(true, "signature", "its timestamp lies outside the time for which the certificate is valid")
	case s.SelfSigned:
		r.add(true, "signature", "its certificate is its own authority: anybody can make one with this name")
	}
}

func (r *Report) noteAction(a *Action, binaries map[string]*Binary) {
	about := "custom action " + a.Name
	text, script := a.Runs, a.Script
	if a.Basic == 51 {
		text = a.Target
	}
	if script != "" {
		text = script
	}
	said := traitsOf(text, script != "")
	for _, t := range said {
		where := "its command line"
		switch {
		case script != "":
			where = "its script"
		case a.Basic == 51 && !a.passesCommand():
			where = "the value it sets"
		}
		r.add(t.Serious, about, where+" "+t.Says)
	}
	switch {
	case a.Kind == "unknown type":
		r.add(true, about, fmt.Sprintf("its type %d is none that is documented", a.Type))
	case a.isScript() && a.LocalSystem:
		r.add(true, about, "is a script that runs as LocalSystem")
	case a.Basic == 7 || a.Basic == 23 || a.Basic == 39:
		r.add(true, about, "installs another package ("+a.Source+"), whose actions are not in this report")
	case a.isScript() && script == "" && !a.installs():
		r.add(true, about, "its script is not in the package, or is longer than is read: only the host knows what runs")
	case a.inBinary() && binaries[a.Source] == nil:
		r.add(true, about, "its binary stream "+a.Source+" is not in the package")
	}
	if a.HideTarget && a.Basic != 51 {
		r.add(len(said) > 0, about, "its target is hidden from the installer's log")
	}
	if a.Async && a.Continue && (a.Basic&0xf == 2) {
		r.add(false, about, "its program is not waited for: it may go on when the install has ended")
	}
}

// traitsOf tells each trait once.
func traitsOf(text string, script bool) []Note {
	if len(text) > maxPatternRun {
		// The middle of a longer script is not searched twice: it is cut into parts
		// that overlap by more than any pattern needs.
		var notes []Note
		for at := 0; at < len(text); at += maxPatternRun - 1024 {
			for _, n := range traitsOf(text[at:min(len(text), at+maxPatternRun)], script) {
				if !slices.Contains(notes, n) {
					notes = append(notes, n)
				}
			}
			if at+maxPatternRun >= len(text) {
				break
			}
		}
		return notes
	}
	var notes []Note
	for _, t := range traits {
		if t.match.MatchString(text) {
			notes = append(notes, Note{Serious: t.serious, Says: t.says})
		}
	}
	for _, t := range scriptTraits {
		if script && t.match.MatchString(text) {
			notes = append(notes, Note{Serious: true, Says: t.says})
		}
	}
	return notes
}
