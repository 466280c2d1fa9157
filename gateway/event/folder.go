package event

import "strings"

// Base is the last element of a path, whichever slash it uses; "" of a path
// that ends in one.
func Base(path string) string {
	return path[strings.LastIndexAny(path, `\/`)+1:]
}

// Folders lists every folder above a path in lower case, longest first, without
// trailing backslashes. Where the path lies in a user's profile, the same
// folders follow in the form %userprofile%\…, so that one entry covers every
// user, also one whose folder is given by its short name:
//
//	C:\Users\alice\AppData\Local\Temp\x.exe →
//	c:\users\alice\appdata\local\temp, c:\users\alice\appdata\local, …, c:\users, c:,
//	%userprofile%\appdata\local\temp, …, %userprofile%
//
// A URL's folders end in no slash and keep its scheme: https://host/a/b.msi has
// https://host/a and https://host. A path without a folder has none.
func Folders(path string) []string {
	path = LowerASCII(path)
	if scheme := strings.Index(path, "://"); scheme > 1 {
		return appendAncestors(nil, path, scheme+len("://"), '/')
	}
	path = strings.ReplaceAll(path, "/", `\`)
	from := 0
	if strings.HasPrefix(path, `\\`) {
		from = len(`\\`)
	}
	folders := appendAncestors(make([]string, 0, 2*strings.Count(path, `\`)), path, from, '\\')
	if inside := profilePath(path); inside != "" {
		folders = appendAncestors(folders, "%userprofile%"+inside, 0, '\\')
	}
	return folders
}

// appendAncestors appends what is before each separator at or after from,
// longest first.
func appendAncestors(folders []string, path string, from int, separator byte) []string {
	for {
		i := strings.LastIndexByte(path, separator)
		if i <= from {
			return folders
		}
		path = path[:i]
		folders = append(folders, path)
	}
}

// profilePath is what follows a user's profile folder in a lower-cased path,
// with its leading backslash; "" where the path does not lie in one.
func profilePath(path string) string {
	rest := path
	switch {
	case len(path) > 2 && isDriveLetter(path[0]) && path[1] == ':':
		rest = path[2:]
	case strings.HasPrefix(path, `\device\`):
		volume := strings.IndexByte(path[len(`\device\`):], '\\')
		if volume < 0 {
			return ""
		}
		rest = path[len(`\device\`)+volume:]
	default:
		return ""
	}
	inUsers, found := strings.CutPrefix(rest, `\users\`)
	if !found {
		return ""
	}
	name := strings.IndexByte(inUsers, '\\')
	if name <= 0 {
		return ""
	}
	return inUsers[name:]
}
