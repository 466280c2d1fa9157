package event

import (
	"strings"
	"testing"
)

func TestCommandProgram(t *testing.T) {
	for line, want := range map[string]string{
		`"C:\Program Files\Orrery\o.exe" -min`:          `C:\Program Files\Orrery\o.exe`,
		`C:\Program Files\Orrery\o.exe -min`:            `C:\Program Files\Orrery\o.exe`,
		`c:/users/public/x.EXE`:                         `c:\users\public\x.EXE`,
		`rundll32.exe C:\Users\Public\x.dll,Run`:        `rundll32.exe`,
		`\??\C:\Windows\System32\drivers\o.sys`:         `C:\Windows\System32\drivers\o.sys`,
		`\SystemRoot\System32\drivers\o.sys`:            `C:\Windows\System32\drivers\o.sys`,
		`%windir%\System32\cmd.exe /c x`:                `C:\Windows\System32\cmd.exe`,
		`C:\stage\payload /x`:                           `C:\stage\payload`,
		`C:\a.exe.d\b.exe c.exe`:                        `C:\a.exe.d\b.exe`,
		`DWORD (0x00000001)`:                            ``,
		`https://files.orrery.example/x.exe`:            ``,
		``:                                              ``,
		`"`:                                             ``,
		`QWORD (0x00000000-0x00000001)`:                 ``,
		`Binary Data`:                                   ``,
		`Orrery`:                                        `Orrery`,
		`cmd /c C:\Users\Public\x.exe`:                  `cmd`,
		`"cmd" /c C:\Users\Public\x.exe`:                `cmd`,
		`mshta javascript:a=1`:                          `mshta`,
		`powershell -w hidden -f C:\Users\Public\x.ps1`: `powershell`,
		`%COMSPEC% /Q /c echo x`:                        `C:\Windows\System32\cmd.exe`,
		`C:\Windows\System32\rundll32 C:\Users\Public\x.dll,Run`:       `C:\Windows\System32\rundll32`,
		`C:\Windows\System32\rundll32 \\files.corp.example\x.dll,Run`:  `C:\Windows\System32\rundll32`,
		`C:\Windows\System32\wscript x.vbs`:                            `C:\Windows\System32\wscript`,
		`C:\Windows\System32\mshta https://files.orrery.example/x.hta`: `C:\Windows\System32\mshta`,
		`C:\Windows\System32\cmd /c "C:\Users\Public\x.exe"`:           `C:\Windows\System32\cmd`,
		`C:\Program Files\Orrery - Tools\o.exe -min`:                   `C:\Program Files\Orrery - Tools\o.exe`,
		`C:\Program Files\Orrery\o -min`:                               `C:\Program Files\Orrery\o`,
		`C:\Program Files\Orrery\Orrery Helper.exe`:                    `C:\Program Files\Orrery\Orrery Helper.exe`,
	} {
		if got := CommandProgram(line); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// A value of a registry record is as long as its message: each of its characters
// is looked at a few times, and not once for each other.
func TestCommandProgramOfALongLine(t *testing.T) {
	for line, want := range map[string]string{
		`C:\Orrery` + strings.Repeat(" ", 1<<20) + `x`:         `C:\Orrery`,
		`C:\Orrery` + strings.Repeat("\tx", 1<<20):             `C:\Orrery`,
		`C:\Orrery` + strings.Repeat(" x", 1<<20) + ` http://`: `C:\Orrery` + strings.Repeat(" x", 1<<20),
	} {
		if got := CommandProgram(line); got != want {
			t.Errorf("got %d characters, want %d", len(got), len(want))
		}
	}
}

func FuzzCommandProgram(f *testing.F) {
	f.Add(`"C:\Program Files\o.exe" x`)
	f.Add(`C:\a b\c.exe,x`)
	f.Fuzz(func(t *testing.T, line string) {
		if got := CommandProgram(line); got != NormalizePath(got) {
			t.Errorf("%q gives %q, which is not normalised", line, got)
		}
	})
}
