package install

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

// CommandLine is msiexec's command line, parsed as msiexec does: dash or slash,
// any case, short and long options, quotes, option and value with or without space.
type CommandLine struct {
	Verb       string // install, uninstall, patch, administrative, advertise, repair, register, unregister, service, embedding, help or ""
	Package    *Package
	Patches    []Package // /p and /update when not the verb's own
	Properties map[string]string
	Transforms []string // TRANSFORMS property, split
	Quiet      string   // full UI is ""; else none, basic, reduced, passive
	Suffix     string   // what follows -Embedding <hex>, opaque
}
