package event

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizePath(t *testing.T) {
	tests := []struct{ name, path, want string }{
		{"plain, case kept", `C:\Windows\System32\MsiExec.exe`, `C:\Windows\System32\MsiExec.exe`},
		{"forward slashes", `C:/Users/alice/a.msi`, `C:\Users\alice\a.msi`},
		{"doubled backslashes", `C:\\Windows\\\System32\\a.exe`, `C:\Windows\System32\a.exe`},
		{"server and share", `\\files\apps\a.msi`, `\\files\apps\a.msi`},
		{"server and share, doubled", `\\\\files\\apps\\a.msi`, `\\files\apps\a.msi`},
		{"server and share, forward", `//files/apps/a.msi`, `\\files\apps\a.msi`},
		{"NT prefix", `\??\C:\Windows\a.exe`, `C:\Windows\a.exe`},
		{"long prefix", `\\?\C:\Windows\a.exe`, `C:\Windows\a.exe`},
		{"device prefix", `\\.\C:\Windows\a.exe`, `C:\Windows\a.exe`},
		{"long server prefix", `\\?\UNC\files\apps\a.msi`, `\\files\apps\a.msi`},
		{"NT server prefix", `\??\UNC\files\apps\a.msi`, `\\files\apps\a.msi`},
		{"volume without a letter", `\\?\Volume{7b1d4c02-0000-0000-0000-100000000000}\a.exe`, `\\?\Volume{7b1d4c02-0000-0000-0000-100000000000}\a.exe`},
		{"device path", `\Device\HarddiskVolume3\Windows\a.exe`, `\Device\HarddiskVolume3\Windows\a.exe`},
		{"SystemRoot", `\SystemRoot\System32\smss.exe`, `C:\Windows\System32\smss.exe`},
		{"SystemRoot, other case", `\systemroot\system32\smss.exe`, `C:\Windows\system32\smss.exe`},
		{"NT prefix and SystemRoot", `\??\SystemRoot\a.exe`, `C:\Windows\a.exe`},
		{"folder that only begins like SystemRoot", `\SystemRootX\a.exe`, `\SystemRootX\a.exe`},
		{"%SystemRoot%", `%SystemRoot%\System32\a.exe`, `C:\Windows\System32\a.exe`},
		{"%windir%", `%WINDIR%\a.exe`, `C:\Windows\a.exe`},
		{"%SystemDrive%", `%SystemDrive%\a.exe`, `C:\a.exe`},
		{"%ProgramData%", `%ProgramData%\a.exe`, `C:\ProgramData\a.exe`},
		{"%PUBLIC%", `%PUBLIC%\a.exe`, `C:\Users\Public\a.exe`},
		{"%ProgramFiles%", `%ProgramFiles(x86)%\a\a.exe`, `C:\Program Files (x86)\a\a.exe`},
		{"%ComSpec%", `%COMSPEC%`, `C:\Windows\System32\cmd.exe`},
		{"%TEMP%", `%TEMP%\a.exe`, `%USERPROFILE%\AppData\Local\Temp\a.exe`},
		{"%tmp%", `%tmp%\a.exe`, `%USERPROFILE%\AppData\Local\Temp\a.exe`},
		{"%APPDATA%", `%AppData%\a.exe`, `%USERPROFILE%\AppData\Roaming\a.exe`},
		{"unknown variable", `%CONTOSO%\a.exe`, `%CONTOSO%\a.exe`},
		{"dots", `C:\Apps\.\approved\..\..\Users\alice\a.msi`, `C:\Users\alice\a.msi`},
		{"dots above the drive", `C:\..\..\a.msi`, `C:\a.msi`},
		{"dots above the share", `\\files\apps\..\..\a.msi`, `\\files\apps\a.msi`},
		{"dots at the end", `C:\Apps\approved\..`, `C:\Apps`},
		{"names with dots", `C:\Apps\.git\..x\a...b`, `C:\Apps\.git\..x\a...b`},
		{"first short name of the drive", `C:\PROGRA~1\Contoso\a.exe`, `C:\Program Files\Contoso\a.exe`},
		{"lower case", `c:\progra~1`, `c:\Program Files`},
		{"not on the system drive", `D:\PROGRA~1\a.exe`, `D:\PROGRA~1\a.exe`},
		{"second short name, of which folder is not certain", `C:\PROGRA~2\a.exe`, `C:\PROGRA~2\a.exe`},
		{"short name further down", `C:\Users\ADMIN_~1\a.exe`, `C:\Users\ADMIN_~1\a.exe`},
		{"URL", `https://downloads.contoso.example//a/../b.msi`, `https://downloads.contoso.example//a/../b.msi`},
		{"product code", `{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}`, `{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}`},
		{"a name alone", `a.msi`, `a.msi`},
		{"relative", `..\a.msi`, `..\a.msi`},
		{"nothing", ``, ``},
		{"alternate stream", `C:\a.txt:hidden.exe`, `C:\a.txt:hidden.exe`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := NormalizePath(test.path); got != test.want {
				t.Errorf("NormalizePath(%q) = %q, want %q", test.path, got, test.want)
			}
		})
	}
}

func TestPathsAreResolvedByTheRecordsOwnFacts(t *testing.T) {
	start := func(image, parent string) *Event {
		return decodeOne(t, []byte(`{"winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":1,"computer_name":"ws01","event_data":{"ProcessId":"7","Image":"`+image+`","ParentImage":"`+parent+`"}}}`))
	}
	if e := start(`\\SystemRoot\\System32\\smss.exe`, `D:\\Windows\\System32\\services.exe`); e.Process.Image != `D:\Windows\System32\smss.exe` {
		t.Errorf("Windows on D: %q", e.Process.Image)
	}
	if e := start(`C:\\PROGRA~2\\a.exe`, `C:\\Windows\\SysWOW64\\msiexec.exe`); e.Process.Image != `C:\Program Files (x86)\a.exe` {
		t.Errorf("64-bit: %q", e.Process.Image)
	}
	if e := start(`C:\\PROGRA~2\\a.exe`, `C:\\Windows\\System32\\msiexec.exe`); e.Process.Image != `C:\PROGRA~2\a.exe` {
		t.Errorf("unknown width: %q", e.Process.Image)
	}
	system := decodeOne(t, []byte(`{"winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":1,"computer_name":"ws01","event_data":{"Image":"%TEMP%\\a.exe","LogonId":"0x3e7"}}}`))
	if system.Process.Image != `C:\Windows\Temp\a.exe` {
		t.Errorf("the system's own: %q", system.Process.Image)
	}
	if e := start("<unknown process>", "-"); e.Process.Image != "" || e.Parent.Image != "" || !slices.Contains(e.Missing, "process.image") {
		t.Errorf("unknown process: %q %q %v", e.Process.Image, e.Parent.Image, e.Missing)
	}
}

func TestNormalizePathIsIdempotent(t *testing.T) {
	piece := rapid.SampledFrom([]string{`C:`, `\`, `\\`, `/`, `?`, `.`, `..`, `~1`, `PROGRA~1`, `PROGRA~2`, `Users`, `alice`, `%TEMP%`, `%`, `UNC`, `??`, `SystemRoot`, `a.exe`, `:`, `ü`})
	rapid.Check(t, func(t *rapid.T) {
		path := ""
		for _, p := range rapid.SliceOfN(piece, 0, 10).Draw(t, "pieces") {
			path += p
		}
		once := NormalizePath(path)
		if twice := NormalizePath(once); twice != once {
			t.Fatalf("NormalizePath(%q) = %q, and of that %q", path, once, twice)
		}
	})
}

func TestFolders(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{`C:\Users\Alice\AppData\Local\Temp\x.exe`, []string{
			`c:\users\alice\appdata\local\temp`, `c:\users\alice\appdata\local`, `c:\users\alice\appdata`, `c:\users\alice`, `c:\users`, `c:`,
			`%userprofile%\appdata\local\temp`, `%userprofile%\appdata\local`, `%userprofile%\appdata`, `%userprofile%`,
		}},
		{`C:\Users\ADMIN_~1\x.exe`, []string{`c:\users\admin_~1`, `c:\users`, `c:`, `%userprofile%`}},
		{`C:\Users\x.exe`, []string{`c:\users`, `c:`}},
		{`D:\Apps\Users\alice\x.exe`, []string{`d:\apps\users\alice`, `d:\apps\users`, `d:\apps`, `d:`}},
		{`\Device\HarddiskVolume3\Users\alice\x.exe`, []string{
			`\device\harddiskvolume3\users\alice`, `\device\harddiskvolume3\users`, `\device\harddiskvolume3`, `\device`, `%userprofile%`,
		}},
		{`%USERPROFILE%\AppData\Local\Temp\x.exe`, []string{
			`%userprofile%\appdata\local\temp`, `%userprofile%\appdata\local`, `%userprofile%\appdata`, `%userprofile%`,
		}},
		{`\\files\apps\reader\x.msi`, []string{`\\files\apps\reader`, `\\files\apps`, `\\files`}},
		{`https://Host.example/a/b.msi`, []string{`https://host.example/a`, `https://host.example`}},
		{`https://host.example`, nil},
		{`x.exe`, nil},
		{``, nil},
		{`C:/Windows/x.exe`, []string{`c:\windows`, `c:`}},
	}
	for _, test := range tests {
		if got := Folders(test.path); !slices.Equal(got, test.want) {
			t.Errorf("Folders(%q) =\n%q, want\n%q", test.path, got, test.want)
		}
	}
}

func TestBase(t *testing.T) {
	for path, want := range map[string]string{
		`C:\Windows\a.exe`: "a.exe", `C:/Windows/a.exe`: "a.exe", `a\b/c`: "c", `a.exe`: "a.exe", `C:\Windows\`: "", ``: "",
	} {
		if got := Base(path); got != want {
			t.Errorf("Base(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestHasShortName(t *testing.T) {
	for path, want := range map[string]bool{
		`C:\Users\ADMIN_~1\a`: true, `C:\a\LONGNA~9.EXE`: true, `C:\a~b`: false, `C:\a~`: false, `C:\a~0`: false, `C:\a`: false, `C:\~b\c~2`: true,
	} {
		if got := HasShortName(path); got != want {
			t.Errorf("HasShortName(%q) = %v", path, got)
		}
	}
}
