package governance

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"msigate/gateway/event"
)

func parentFolder(path string) string {
	if i := strings.LastIndexByte(path, '\\'); i > 0 {
		return path[:i]
	}
	return path
}

var shortName = regexp.MustCompile(`~[0-9]`)

// canonicalFolder gives a folder, share or URL prefix as the policy sees it:
// lower case, no separator at the end. why says what keeps it from being one.
func canonicalFolder(text string) (folder, why string) {
	lower := event.LowerASCII(text)
	if strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		return canonicalURL(lower)
	}
	return canonicalPath(strings.ReplaceAll(lower, "/", `\`))
}

// canonicalImage gives the full path of a file as the policy sees it.
func canonicalImage(text string) (image, why string) {
	image, why = canonicalPath(event.LowerASCII(text))
	if why == "" && strings.Count(strings.TrimPrefix(image, `\\`), `\`) < 1 {
		why = "names no file"
	}
	return image, why
}

func canonicalPath(lower string) (path, why string) {
	path = strings.TrimRight(lower, `\`)
	rest := path
	switch {
	case strings.HasPrefix(path, `\\?\`), strings.HasPrefix(path, `\\.\`), strings.HasPrefix(path, `\??\`):
		return "", `names a device: events carry the path without \\?\`
	case strings.HasPrefix(path, `\\`):
		rest = path[2:]
		server, share, _ := strings.Cut(rest, `\`)
		if server == "" || share == "" {
			return "", "names no share"
		}
	case len(path) >= 2 && 'a' <= path[0] && path[0] <= 'z' && path[1] == ':':
		rest = strings.TrimPrefix(path[2:], `\`)
		if len(path) > 2 && path[2] != '\\' {
			return "", "is relative to a drive's current folder"
		}
	default:
		return "", "is no full path"
	}
	if rest == "" {
		return path, ""
	}
	for step := range strings.SplitSeq(rest, `\`) {
		switch {
		case step == "":
			return "", "has an empty step"
		case step == "." || step == "..":
			return "", "has a step . or ..: events carry the path without them"
		case strings.HasSuffix(step, ".") || strings.HasSuffix(step, " "):
			return "", "has a step that ends in a dot or a space, which Windows drops"
		case shortName.MatchString(step):
			return "", "has a short (8.3) name: events carry the long one"
		case strings.ContainsAny(step, `:*?"<>|%`):
			return "", "has a character that no file name has"
		}
	}
	return path, ""
}

func canonicalURL(lower string) (prefix, why string) {
	u, err := url.Parse(lower)
	switch {
	case err != nil || u.Hostname() == "":
		return "", "is no URL with a host"
	case u.User != nil:
		return "", "carries a user name or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "has a query or a fragment: only the folder counts"
	case strings.ContainsAny(lower, `%\`):
		return "", "has an escape or a backslash, which servers read differently"
	}
	prefix = strings.TrimRight(lower, "/")
	for step := range strings.SplitSeq(strings.Trim(u.Path, "/"), "/") {
		if step == "." || step == ".." || step == "" && strings.Trim(u.Path, "/") != "" {
			return "", "has an empty step, . or .."
		}
	}
	return prefix, ""
}

// tooBroad says why a canonical folder is no source, though it may hold one; "" where it may be.
func tooBroad(folder string) string {
	if len(folder) < 4 || folder[1] != ':' {
		return ""
	}
	return broadFolders[folder[3:]]
}

// openToUsers says why a canonical folder cannot be one that only
// administrators write; "" where nothing speaks against it. It knows Windows'
// default permissions; a reviewer judges the rest.
func openToUsers(folder string) string {
	if strings.HasPrefix(folder, "http://") {
		return "is fetched in the clear: anyone on the way can change it"
	}
	if strings.HasPrefix(folder, "https://") {
		if strings.Count(folder, "/") < 3 {
			return "is a whole server: whoever may upload anywhere on it is approved"
		}
		return ""
	}
	if strings.HasPrefix(folder, `\\`) {
		server, rest, _ := strings.Cut(folder[2:], `\`)
		share, _, _ := strings.Cut(rest, `\`)
		switch {
		case strings.Contains(server, "@") || share == "davwwwroot":
			return "is WebDAV, which anyone on the internet can offer under a server's name"
		case server == "localhost" || strings.HasPrefix(server, "127.") || server == "::1":
			return "is this host under another name: events may carry either"
		case strings.HasSuffix(share, "$") && (len(share) == 2 || share == "admin$" || share == "ipc$" || share == "print$"):
			return "is an administrative share: all of a drive or of Windows"
		}
		return openSteps(strings.Split(rest, `\`), "")
	}
	if len(folder) <= 3 {
		return "is a whole drive: ordinary users can write somewhere on it"
	}
	below := folder[3:]
	if below == "programdata" {
		return "lets ordinary users create files and folders"
	}
	if below == `windows\installer` || strings.HasPrefix(below, `windows\installer\`) {
		return `is where every package is cached and every custom action extracted, an attacker's too`
	}
	for _, open := range openFolders {
		if below == open || strings.HasPrefix(below, open+`\`) {
			return "is writable by ordinary users"
		}
	}
	return openSteps(strings.Split(below, `\`), below)
}

func openSteps(steps []string, below string) string {
	for i, step := range steps {
		switch step {
		case "temp", "tmp", "systemtemp":
			return "is a temporary folder, where custom actions and downloads land"
		case "users", "documents and settings":
			if i == 0 {
				return "is below the users' profiles, which they write themselves"
			}
		case "appdata", "downloads", "$recycle.bin":
			if !strings.HasPrefix(below, `windows\system32\config\systemprofile\`) && !strings.HasPrefix(below, `windows\syswow64\config\systemprofile\`) {
				return "is a folder of a user's own"
			}
		}
	}
	return ""
}

// broadFolders are approved below, never whole.
var broadFolders = map[string]string{
	"windows":             `is all of Windows, with folders that ordinary users can write (Temp, Tasks, …)`,
	`windows\system32`:    `is all of System32, with folders that ordinary users can write (Tasks, spool, …)`,
	`windows\syswow64`:    `is all of SysWOW64, with folders that ordinary users can write (Tasks, …)`,
	"program files":       "holds every installed product, not one source",
	"program files (x86)": "holds every installed product, not one source",
}

// openFolders are below Windows and still writable by ordinary users on a
// default installation (as published by application-control research).
var openFolders = []string{
	`windows\debug\wia`, `windows\registration\crmlog`, `windows\tasks`, `windows\tracing`,
	`windows\system32\com\dmp`, `windows\system32\fxstmp`, `windows\system32\microsoft\crypto\rsa\machinekeys`,
	`windows\system32\spool`, `windows\system32\tasks`,
	`windows\syswow64\com\dmp`, `windows\syswow64\fxstmp`, `windows\syswow64\tasks`,
	`windows\ccm\inventory`, `windows\ccm\logs`,
}

// systemTools are interpreters, system tools whose arguments say what they do,
// and hosts that many programs share, by lower-cased file name.
var systemTools = func() map[string]bool {
	tools := map[string]bool{}
	for _, name := range slices.Concat(
		[]string{"cmd", "powershell", "powershell_ise", "pwsh", "wscript", "cscript", "mshta", "bash", "wsl"},
		[]string{"python", "pythonw", "py", "perl", "ruby", "node", "java", "javaw", "php", "autoit3", "autohotkey"},
		[]string{"rundll32", "regsvr32", "regasm", "regsvcs", "installutil", "msbuild", "csc", "vbc", "cmstp", "odbcconf", "mavinject", "msxsl"},
		[]string{"certutil", "certreq", "bitsadmin", "curl", "ftp", "tar", "expand", "extrac32", "robocopy", "xcopy"},
		[]string{"schtasks", "at", "sc", "net", "net1", "netsh", "reg", "regedit", "wmic", "wevtutil", "icacls", "takeown", "vssadmin", "bcdedit"},
		[]string{"forfiles", "pcalua", "hh", "control", "explorer", "conhost"},
		[]string{"svchost", "services", "dllhost", "taskhostw", "taskeng", "taskhost", "wmiprvse", "msiexec", "runtimebroker", "userinit", "winlogon"},
	) {
		tools[name+".exe"] = true
	}
	return tools
}()
