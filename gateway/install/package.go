package install

import (
	"strings"

	"msigate/gateway/event"
)

// PackageKind says how a package is named.
type PackageKind string

// The ways a package is named on a command line and in MsiInstaller 1040.
const (
	PackagePath        PackageKind = "path"         // C:\…, or relative
	PackageUNC         PackageKind = "unc"          // \\server\share\… and WebDAV (\\server@ssl\…)
	PackageURL         PackageKind = "url"          // http, https, ftp, file
	PackageProductCode PackageKind = "product_code" // {GUID}: an installed product
)

// Package is what is installed, patched or removed.
type Package struct {
	Kind PackageKind
	Name string // as given: path, URL or {GUID}; a relative path is joined to the working folder
}

// ParsePackage tells what name is: a {GUID} is a product code; http, https,
// ftp and file are URLs in any case and with either slash, since WinINet takes
// both; \\\\server and the WebDAV forms are UNC; all else is a path. Paths are
// written with backslashes and without "." and ".." elements, a relative one
// joined to currentDirectory where that is known; a URL stays as given.
func ParsePackage(name, currentDirectory string) Package {
	name = strings.Trim(strings.TrimSpace(name), `"`)
	switch {
	case isProductCode(name):
		return Package{Kind: PackageProductCode, Name: name}
	case isURL(name):
		return Package{Kind: PackageURL, Name: name}
	}
	path := cleanPath(joinPath(currentDirectory, name))
	if strings.HasPrefix(path, `\\`) {
		return Package{Kind: PackageUNC, Name: path}
	}
	return Package{Kind: PackagePath, Name: path}
}

// isProductCode reports whether name is a GUID in braces.
func isProductCode(name string) bool {
	if len(name) != 38 || name[0] != '{' || name[37] != '}' {
		return false
	}
	for i := 1; i < 37; i++ {
		switch c := name[i]; {
		case i == 9 || i == 14 || i == 19 || i == 24:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f':
		default:
			return false
		}
	}
	return true
}

// isURL reports whether name begins with one of the schemes that Windows
// Installer fetches from. A drive is one letter, so a scheme is never a drive.
func isURL(name string) bool {
	scheme, _, ok := strings.Cut(name, ":")
	if !ok {
		return false
	}
	switch event.LowerASCII(scheme) {
	case "http", "https", "ftp", "file":
		return true
	}
	return false
}

// joinPath completes a relative path. C:x.msi is relative to the working
// folder of drive C, which is the current one only on the same drive.
func joinPath(folder, name string) string {
	name = strings.ReplaceAll(name, "/", `\`)
	folder = strings.TrimRight(strings.ReplaceAll(folder, "/", `\`), `\`)
	drive := len(name) >= 2 && name[1] == ':'
	switch {
	case name == "" || folder == "" || strings.HasPrefix(name, `\\`):
		return name
	case drive && len(name) > 2 && name[2] == '\\':
		return name
	case drive:
		if len(folder) >= 2 && event.EqualFoldASCII(folder[:2], name[:2]) {
			return folder + `\` + name[2:]
		}
		return name
	case name[0] == '\\':
		return volume(folder) + name
	}
	return folder + `\` + name
}

// volume is the drive, or \\server\share, that a folder lies on.
func volume(folder string) string {
	if !strings.HasPrefix(folder, `\\`) {
		if len(folder) >= 2 && folder[1] == ':' {
			return folder[:2]
		}
		return ""
	}
	parts := strings.SplitN(folder[2:], `\`, 3)
	if len(parts) < 2 {
		return folder
	}
	return `\\` + parts[0] + `\` + parts[1]
}

// cleanPath takes device prefixes (\\?\, \\.\, \\?\UNC\) off and resolves
// "." and "..", which never climb above the drive or the share.
func cleanPath(path string) string {
	for _, prefix := range []string{`\\?\`, `\\.\`, `\??\`} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			path = rest
			if len(rest) > 4 && event.EqualFoldASCII(rest[:4], `UNC\`) {
				path = `\\` + rest[4:]
			}
			break
		}
	}
	root := volume(path)
	if root != path && len(path) > len(root) && path[len(root)] == '\\' {
		root += `\`
	}
	kept := make([]string, 0, 8)
	for element := range strings.SplitSeq(path[len(root):], `\`) {
		switch {
		case element == "" || element == ".":
		case element == ".." && root != "":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, element)
		}
	}
	return root + strings.Join(kept, `\`)
}
