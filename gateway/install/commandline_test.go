package install

import (
	"reflect"
	"strings"
	"testing"
)

const (
	productCode = "{6F1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D}"
	otherCode   = "{0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D}"
	serverID    = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
)

func path(name string) *Package { return &Package{Kind: PackagePath, Name: name} }

func TestParseCommandLineReadsEverySpelling(t *testing.T) {
	tests := []struct {
		name, line, cwd string
		want            CommandLine
	}{
		{"install", `msiexec /i C:\pkg\reader.msi`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\pkg\reader.msi`)}},
		{"long option", `msiexec.exe /package C:\pkg\reader.msi /quiet`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\pkg\reader.msi`), Quiet: "none"}},
		{"dash and upper case", `MSIEXEC -I C:\pkg\reader.msi -QB!`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\pkg\reader.msi`), Quiet: "basic"}},
		{"en dash", "msiexec \u2013i C:\\pkg\\reader.msi \u2212qn", "", CommandLine{Verb: VerbInstall, Package: path(`C:\pkg\reader.msi`), Quiet: "none"}},
		{"horizontal bar and hyphen", "msiexec \u2015q \u2010i reader.msi", "", CommandLine{Verb: VerbInstall, Package: path(`reader.msi`), Quiet: "none"}},
		{"no space before the package", `msiexec /ihttps://dl.corp.example/a.msi`, "", CommandLine{Verb: VerbInstall, Package: &Package{PackageURL, "https://dl.corp.example/a.msi"}}},
		{"no space, quoted", `msiexec /i"C:\my pkg\a.msi" /qn`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\my pkg\a.msi`), Quiet: "none"}},
		{"no space after the program", `msiexec/i C:\a.msi`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\a.msi`)}},
		{"quoted program, glued option", `"C:\Windows\System32\msiexec.exe"/i C:\a.msi`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\a.msi`)}},
		{"path before a glued option", `C:\Windows\System32\msiexec.exe/x ` + productCode, "", CommandLine{Verb: VerbUninstall, Package: &Package{PackageProductCode, productCode}}},
		{"quoted option", `msiexec "/i" "C:\a b\c.msi"`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\a b\c.msi`)}},
		{"quotes in the middle", `msiexec /i C:\Pro"gram Fi"les\c.msi`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\Program Files\c.msi`)}},
		{"quote never closed", `msiexec /i "C:\a b\c.msi`, "", CommandLine{Verb: VerbInstall, Package: path(`C:\a b\c.msi`)}},
		{"tabs", "msiexec\t/i\tC:\\a.msi\t/qn", "", CommandLine{Verb: VerbInstall, Package: path(`C:\a.msi`), Quiet: "none"}},
		{"program quoted with blanks", `"C:\Program Files\x\msiexec.exe"  /i a.msi`, `D:\in`, CommandLine{Verb: VerbInstall, Package: path(`D:\in\a.msi`)}},
		{"options first", `msiexec /qn /norestart /i a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Quiet: "none"}},
		{"options between", `msiexec /i /qn a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Quiet: "none"}},
		{"uninstall by code", `MsiExec.exe /X` + productCode, "", CommandLine{Verb: VerbUninstall, Package: &Package{PackageProductCode, productCode}}},
		{"maintenance by code", `MsiExec.exe /I` + productCode, "", CommandLine{Verb: VerbInstall, Package: &Package{PackageProductCode, productCode}}},
		{"long uninstall", `msiexec /uninstall a.msi /passive`, "", CommandLine{Verb: VerbUninstall, Package: path("a.msi"), Quiet: "passive"}},
		{"patch", `msiexec /p C:\fix.msp`, "", CommandLine{Verb: VerbPatch, Package: path(`C:\fix.msp`)}},
		{"long patch", `msiexec /update \\files.corp.example\sw\fix.msp /quiet`, "", CommandLine{Verb: VerbPatch, Package: &Package{PackageUNC, `\\files.corp.example\sw\fix.msp`}, Quiet: "none"}},
		{"patch beside an install", `msiexec /i a.msi /p b.msp`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Patches: []Package{{PackagePath, "b.msp"}}}},
		{"patch to an administrative image", `msiexec /p b.msp /a \\files\img\a.msi`, "", CommandLine{Verb: VerbAdministrative, Package: &Package{PackageUNC, `\\files\img\a.msi`}, Patches: []Package{{PackagePath, "b.msp"}}}},
		{"patches as a property", `msiexec /i a.msi PATCH="C:\one.msp;http://h/two.msp"`, "", CommandLine{
			Verb: VerbInstall, Package: path("a.msi"), Properties: map[string]string{"PATCH": `C:\one.msp;http://h/two.msp`},
			Patches: []Package{{PackagePath, `C:\one.msp`}, {PackageURL, "http://h/two.msp"}},
		}},
		{"uninstalled patch's product", `msiexec /uninstall ` + otherCode + ` /n ` + productCode, "", CommandLine{Verb: VerbUninstall, Package: &Package{PackageProductCode, otherCode}}},
		{"administrative", `msiexec /a C:\a.msi TARGETDIR=D:\img`, "", CommandLine{Verb: VerbAdministrative, Package: path(`C:\a.msi`), Properties: map[string]string{"TARGETDIR": `D:\img`}}},
		{"advertise to the machine", `msiexec /jm C:\a.msi /t C:\t.mst /g 1031`, "", CommandLine{Verb: VerbAdvertise, Package: path(`C:\a.msi`), Transforms: []string{`C:\t.mst`}}},
		{"advertise, glued", `msiexec /juC:\a.msi`, "", CommandLine{Verb: VerbAdvertise, Package: path(`C:\a.msi`)}},
		{"repair", `msiexec /fvomus ` + productCode, "", CommandLine{Verb: VerbRepair, Package: &Package{PackageProductCode, productCode}}},
		{"repair, glued code", `msiexec /fa` + productCode, "", CommandLine{Verb: VerbRepair, Package: &Package{PackageProductCode, productCode}}},
		{"repair, glued path", `msiexec /fC:\a.msi`, "", CommandLine{Verb: VerbRepair, Package: path(`C:\a.msi`)}},
		{"register", `msiexec /y C:\Users\Public\x.dll`, "", CommandLine{Verb: VerbRegister, Package: path(`C:\Users\Public\x.dll`)}},
		{"unregister, glued", `msiexec /zC:\x.dll`, "", CommandLine{Verb: VerbUnregister, Package: path(`C:\x.dll`)}},
		{"service", `C:\Windows\system32\msiexec.exe /V`, "", CommandLine{Verb: VerbService}},
		{"server", `C:\Windows\System32\MsiExec.exe -Embedding ` + serverID, "", CommandLine{Verb: VerbEmbedding}},
		{"server, user context", `MsiExec.exe -Embedding ` + serverID + ` C`, "", CommandLine{Verb: VerbEmbedding, Suffix: "C"}},
		{"server, elevated", `MsiExec.exe -Embedding ` + serverID + ` E Global\MSI0000`, "", CommandLine{Verb: VerbEmbedding, Suffix: `E Global\MSI0000`}},
		{"COM's own switch is no server", `MsiExec.exe -Embedding`, "", CommandLine{}},
		{"too short an id is no server", `MsiExec.exe -Embedding 0123`, "", CommandLine{}},
		{"help", `msiexec /?`, "", CommandLine{Verb: VerbHelp}},
		{"program alone", `msiexec`, "", CommandLine{}},
		{"no verb", `msiexec C:\a.msi`, "", CommandLine{}},
		{"log file is no package", `msiexec /l*v C:\log.txt /i a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi")}},
		{"long log", `msiexec /i a.msi /log C:\log.txt`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi")}},
		{"properties", `msiexec /i a.msi INSTALLDIR="C:\My App" Accept_Eula=1 TITLE="say ""hi"""`, "", CommandLine{
			Verb: VerbInstall, Package: path("a.msi"),
			Properties: map[string]string{"INSTALLDIR": `C:\My App`, "ACCEPT_EULA": "1", "TITLE": `say "hi"`},
		}},
		{"quoted property", `msiexec /i a.msi "INSTALLDIR=C:\My App" EMPTY=`, "", CommandLine{
			Verb: VerbInstall, Package: path("a.msi"), Properties: map[string]string{"INSTALLDIR": `C:\My App`, "EMPTY": ""},
		}},
		{"a property given twice", `msiexec /i a.msi A=1 a=2 A=2`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Properties: map[string]string{"A": "1;2;2"}}},
		{"the same property again", `msiexec /i a.msi A=1 a=1`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Properties: map[string]string{"A": "1"}}},
		{"transforms given twice", `msiexec /i a.msi TRANSFORMS=\\files\t\one.mst TRANSFORMS=two.mst`, "", CommandLine{
			Verb: VerbInstall, Package: path("a.msi"), Transforms: []string{`\\files\t\one.mst`, "two.mst"},
			Properties: map[string]string{"TRANSFORMS": `\\files\t\one.mst;two.mst`},
		}},
		{"transforms", `msiexec /i a.msi TRANSFORMS="one.mst; \\files\t\two.mst;"`, "", CommandLine{
			Verb: VerbInstall, Package: path("a.msi"), Transforms: []string{"one.mst", `\\files\t\two.mst`},
			Properties: map[string]string{"TRANSFORMS": `one.mst; \\files\t\two.mst;`},
		}},
		{"of two verbs the last with a package", `msiexec /i a.msi /x b.msi`, "", CommandLine{Verb: VerbUninstall, Package: path("b.msi"), Others: []Package{{PackagePath, "a.msi"}}}},
		{"a URL before another verb", `msiexec /i https://h/a.msi /x ` + productCode, "", CommandLine{Verb: VerbUninstall, Package: &Package{PackageProductCode, productCode}, Others: []Package{{PackageURL, "https://h/a.msi"}}}},
		{"a second package as a bare word", `msiexec /i a.msi https://h/b.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Others: []Package{{PackageURL, "https://h/b.msi"}}}},
		{"a log option that is none", `msiexec /lhttps://h/b.msi /i a.msi c.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Others: []Package{{PackagePath, "c.msi"}}}},
		{"long option, glued", `msiexec /packageHTTPS://h/a.msi`, "", CommandLine{Verb: VerbInstall, Package: &Package{PackageURL, "HTTPS://h/a.msi"}}},
		{"long patch, glued", `msiexec /updateC:\fix.msp`, "", CommandLine{Verb: VerbPatch, Package: path(`C:\fix.msp`)}},
		{"a package after a server's id", `msiexec -Embedding ` + serverID + ` /i https://h/a.msi`, "", CommandLine{Verb: VerbInstall, Package: &Package{PackageURL, "https://h/a.msi"}, Suffix: "/i https://h/a.msi"}},
		{"a verb without a package yields", `msiexec /i a.msi /x`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi")}},
		{"quiet levels, the last counts", `msiexec /qn+ /qb- /i a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Quiet: "basic"}},
		{"reduced", `msiexec /qr /i a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi"), Quiet: "reduced"}},
		{"full UI", `msiexec /qn /qf /i a.msi`, "", CommandLine{Verb: VerbInstall, Package: path("a.msi")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ParseCommandLine(test.line, test.cwd)
			if got == nil || !reflect.DeepEqual(*got, test.want) {
				t.Errorf("%s\n got %+v\nwant %+v", test.line, got, test.want)
				if got != nil && got.Package != nil {
					t.Logf("package %+v", *got.Package)
				}
			}
		})
	}
}

func TestParseCommandLineOfNothingIsUnknown(t *testing.T) {
	for _, line := range []string{"", " ", "\t\r\n"} {
		if got := ParseCommandLine(line, ""); got != nil {
			t.Errorf("%q: got %+v, want nil", line, got)
		}
	}
}

func TestParsePackageTellsWhereItComesFrom(t *testing.T) {
	tests := []struct {
		given, cwd string
		kind       PackageKind
		name       string
	}{
		{`C:\pkg\a.msi`, "", PackagePath, `C:\pkg\a.msi`},
		{`C:/pkg/./x/../a.msi`, "", PackagePath, `C:\pkg\a.msi`},
		{`\\?\C:\pkg\a.msi`, "", PackagePath, `C:\pkg\a.msi`},
		{`a.msi`, `C:\Users\alice\Downloads\`, PackagePath, `C:\Users\alice\Downloads\a.msi`},
		{`.\a.msi`, `C:\pkg`, PackagePath, `C:\pkg\a.msi`},
		{`..\..\..\a.msi`, `C:\pkg\x`, PackagePath, `C:\a.msi`},
		{`C:a.msi`, `c:\pkg`, PackagePath, `c:\pkg\a.msi`},
		{`D:a.msi`, `C:\pkg`, PackagePath, `D:a.msi`},
		{`\pkg\a.msi`, `D:\work`, PackagePath, `D:\pkg\a.msi`},
		{`a.msi`, `\\files.corp.example\sw`, PackageUNC, `\\files.corp.example\sw\a.msi`},
		{`..\..\a.msi`, `\\files\sw\x`, PackageUNC, `\\files\sw\a.msi`},
		{`\\files.corp.example\sw\a.msi`, `C:\x`, PackageUNC, `\\files.corp.example\sw\a.msi`},
		{`//files/sw/a.msi`, "", PackageUNC, `\\files\sw\a.msi`},
		{`\\?\UNC\files\sw\a.msi`, "", PackageUNC, `\\files\sw\a.msi`},
		{`\\dl.example@SSL\DavWWWRoot\sw\a.msi`, "", PackageUNC, `\\dl.example@SSL\DavWWWRoot\sw\a.msi`},
		{`\\dl.example@SSL@8443\sw\a.msi`, "", PackageUNC, `\\dl.example@SSL@8443\sw\a.msi`},
		{`HTTP://dl.example/a`, `C:\x`, PackageURL, `HTTP://dl.example/a`},
		{`https://bob:secret@dl.example/a.msi?x=1`, "", PackageURL, `https://bob:secret@dl.example/a.msi?x=1`},
		{`http:\\dl.example\a.msi`, "", PackageURL, `http:\\dl.example\a.msi`},
		{`ftp://dl.example/a.msi`, "", PackageURL, `ftp://dl.example/a.msi`},
		{`File:///C:/a.msi`, "", PackageURL, `File:///C:/a.msi`},
		{productCode, `C:\x`, PackageProductCode, productCode},
		{strings.ToLower(productCode), "", PackageProductCode, strings.ToLower(productCode)},
		{`{6F1B2C3D}`, "", PackagePath, `{6F1B2C3D}`},
		{`" C:\a.msi "`, "", PackagePath, ` C:\a.msi `},
		{``, `C:\x`, PackagePath, ``},
	}
	for _, test := range tests {
		if got := ParsePackage(test.given, test.cwd); got.Kind != test.kind || got.Name != test.name {
			t.Errorf("ParsePackage(%q, %q) = %+v, want %s %q", test.given, test.cwd, got, test.kind, test.name)
		}
	}
}

func FuzzParseCommandLine(f *testing.F) {
	for _, line := range []string{
		`msiexec /i C:\a.msi /qn`, `"msiexec.exe" -Embedding ` + serverID + ` E Global\MSI0000`,
		"msiexec \u2013i\"a b.msi\" TRANSFORMS=@x.mst;y.mst", `msiexec/fvomus{`, `msiexec /p /p /update`, `"`, `msiexec /i "" A="b""c"`,
	} {
		f.Add(line, `C:\x`)
	}
	f.Fuzz(func(t *testing.T, line, cwd string) {
		got := ParseCommandLine(line, cwd)
		if (got == nil) != (strings.Trim(line, blanks) == "") {
			t.Fatalf("%q: got %v", line, got)
		}
		if got == nil {
			return
		}
		for name := range got.Properties {
			if !isPropertyName(name) {
				t.Errorf("property name %q", name)
			}
		}
		if got.Package != nil && got.Verb == "" {
			t.Errorf("a package without a verb: %+v", got)
		}
		again := ParseCommandLine(" "+line+" ", cwd)
		if !strings.Contains(line, `"`) && !reflect.DeepEqual(got, again) {
			t.Errorf("blanks around change the meaning: %+v, %+v", got, again)
		}
	})
}
