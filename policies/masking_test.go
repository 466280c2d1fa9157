package policies_test

import (
	"testing"

	"msigate/gateway/finding"
)

func masker(t *testing.T) *finding.Masker {
	t.Helper()
	var document finding.MaskingDocument
	if err := snapshot(t).Document("masking", &document); err != nil {
		t.Fatal(err)
	}
	m, err := finding.CompileMasking(document)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSecretsInCommandLinesAreMasked(t *testing.T) {
	m := masker(t)
	for _, test := range []struct{ name, text, want string }{
		{"installer property", `msiexec /i o.msi DBPASSWORD=s3cret! /qn`, `msiexec /i o.msi DBPASSWORD=*** /qn`},
		{"quoted installer property", `msiexec /i o.msi SERVICE_PWD="two words" /qn`, `msiexec /i o.msi SERVICE_PWD=*** /qn`},
		{"API key property", `msiexec /i o.msi API_KEY=abc123`, `msiexec /i o.msi API_KEY=***`},
		{"option with a space", `tool.exe -Password hunter2 -x`, `tool.exe -Password *** -x`},
		{"option with a colon", `tool.exe /password:hunter2 /x`, `tool.exe /password:*** /x`},
		{"long option", `tool.exe --token=abc.def`, `tool.exe --token=***`},
		{"glued to /p", `schtasks /create /u corp\alice /p:hunter2`, `schtasks /create /u corp\alice /p:***`},
		{"schtasks /rp", `schtasks /create /tn o /ru alice /rp hunter2`, `schtasks /create /tn o /ru alice /rp ***`},
		{"net user", `net user alice hunter2 /add`, `net user alice *** /add`},
		{"Authorization header", `curl -H "Authorization: Bearer abc.def-ghi" https://h`, `curl -H "Authorization: Bearer ***" https://h`},
		{"basic credentials", `curl -H "Authorization: Basic YWxpY2U6eA==" https://h`, `curl -H "Authorization: Basic ***" https://h`},
		{"key in a header", `curl -H "X-Api-Key: abc123" https://h`, `curl -H "X-Api-Key: ***" https://h`},
		{"password in a URL", `msiexec /i https://alice:hunter2@files.orrery.example/o.msi`, `msiexec /i https://alice:***@files.orrery.example/o.msi`},
		{"signature in a query", `msiexec /i https://h/o.msi?sv=1&sig=abc%2Fdef&x=1`, `msiexec /i https://h/o.msi?sv=1&sig=***&x=1`},
		{"curl -u", `curl -u alice:hunter2 https://h`, `curl -u alice:*** https://h`},
		{"SecureString", `ConvertTo-SecureString 'hunter2' -AsPlainText`, `ConvertTo-SecureString *** -AsPlainText`},
		{"doubled quotes in a property", `msiexec /i o.msi PASSWORD="a ""hunter2"" b" /qn`, `msiexec /i o.msi PASSWORD=*** /qn`},
		{"quotes inside a value", `msiexec /i o.msi PASSWORD=abc"hunter2 x" /qn`, `msiexec /i o.msi PASSWORD=*** /qn`},
		{"quote that the sensor cut off", `msiexec /i o.msi PASSWORD="hunter2 and mo`, `msiexec /i o.msi PASSWORD=***`},
		{"apostrophe in a value", `msiexec /i o.msi PASSWORD=it'shunter2 /qn`, `msiexec /i o.msi PASSWORD=*** /qn`},
		{"property quoted as a whole", `msiexec /i o.msi "PASSWORD=abc hunter2" /qn`, `msiexec /i o.msi "PASSWORD=***" /qn`},
		{"connection string ends with its quotes", `msiexec /i o.msi CONN="Uid=sa;Pwd=hunter2" /qn LANG="en"`, `msiexec /i o.msi CONN="Uid=sa;Pwd=***" /qn LANG="en"`},
		{"short property", `msiexec /i o.msi DB_PASS=hunter2 USERPIN=1234`, `msiexec /i o.msi DB_PASS=*** USERPIN=***`},
		{"key property", `msiexec /i o.msi ENROLLMENT_KEY=hunter2 PIDKEY=ABC-1`, `msiexec /i o.msi ENROLLMENT_KEY=*** PIDKEY=***`},
		{"JSON", `rundll32 x.dll,Run {"password": "hunter2"}`, `rundll32 x.dll,Run {"password": ***`},
		{"option that ends in password", `tool.exe --db-password hunter2 -DbPassword:"two words"`, `tool.exe --db-password *** -DbPassword:***`},
		{"plink -pw", `plink -pw hunter2 u@h`, `plink -pw *** u@h`},
		{"psexec -p", `psexec \\h -u u -p hunter2 cmd`, `psexec \\h -u u -p *** cmd`},
		{"certutil -p", `certutil -f -p "two words" -importpfx x`, `certutil -f -p *** -importpfx x`},
		{"archiver", `7z x -phunter2 a.7z`, `7z x -p*** a.7z`},
		{"net use", `net use z: \\h\s /user:u hunter2`, `net use z: \\h\s /user:u ***`},
		{"net use, password first", `net use \\h\c$ hunter2 /user:u`, `net use \\h\c$ *** /user:u`},
		{"net user, password last", `net user eve /add hunter2`, `net user eve /add ***`},
		{"registry data", `reg add HKLM\x /v DefaultPassword /t REG_SZ /d hunter2 /f`, `reg add HKLM\x /v DefaultPassword /t REG_SZ /d *** /f`},
		{"BITS credentials", `bitsadmin /setcredentials j server basic u hunter2`, `bitsadmin /setcredentials j server basic u ***`},
		{"cookie", `curl -H "Cookie: session=hunter2" https://h`, `curl -H "Cookie: ***" https://h`},
		{"at sign in a URL's password", `msiexec /i https://u:p@hunter2@h/o.msi`, `msiexec /i https://u:***@h/o.msi`},
		{"signature of a cloud store", `msiexec /i https://h/o.msi?X-Amz-Signature=abc`, `msiexec /i https://h/o.msi?X-Amz-Signature=***`},
		{"curl -u, quoted with a blank", `curl -u "u:a hunter2" https://h`, `curl -u "u:***" https://h`},
		{"curl -u, glued", `curl -uu:hunter2 https://h`, `curl -uu:*** https://h`},
		{"SecureString, switches first", `ConvertTo-SecureString -AsPlainText -Force 'hunter2'`, `ConvertTo-SecureString -AsPlainText -Force ***`},
		{"PSCredential", `New-Object PSCredential('u','hunter2')`, `New-Object PSCredential('u',***)`},
		{"long option that is just a key", `tool.exe join --key=hunter2 --quiet`, `tool.exe join --key=*** --quiet`},
		{"option that is just a key", `tool.exe /key "two words" /q`, `tool.exe /key *** /q`},
		{"property AUTH", `msiexec /i o.msi AUTH=hunter2 /qn`, `msiexec /i o.msi AUTH=*** /qn`},
		{"escaped name", `cmd /c msiexec /i o.msi P^ASSW^ORD=hunter2 /qn`, `cmd /c msiexec /i o.msi P^ASSW^ORD=*** /qn`},
		{"wireless network", `netsh wlan set hostednetwork mode=allow ssid=o key=hunter2`, `netsh wlan set hostednetwork mode=allow ssid=o key=***`},
		{"token by its form", `x.exe eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXBh.abcdefghij`, `x.exe ***`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := m.String(test.text); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestCommandLinesWithoutSecretsStayAsTheyAre(t *testing.T) {
	m := masker(t)
	for _, text := range []string{
		`C:\Windows\System32\MsiExec.exe -Embedding 6D1A0B54C9E24F3A8F7716B2C05D9E41 E Global\MSI0000`,
		`msiexec /i "C:\Users\alice\Downloads\orrery.msi" /qn REBOOT=ReallySuppress ALLUSERS=1`,
		`msiexec /p o.msp /qb`,
		`schtasks -create -tn Microsoft\Windows\rempl\shell -xml rempl.xml -F`,
		`net user alice /add`,
		`powershell -NoProfile -File C:\Windows\Setup.ps1`,
		`https://files.orrery.example:8443/tool?x=1`,
		`curl -k https://files.orrery.example/o.msi`,
		`netsh advfirewall firewall add rule name=key dir=in action=allow`,
		`net use \\files\s /user:corp\alice`,
		`reg add HKLM\Software\Orrery /v Path /d "C:\Program Files\Orrery" /f`,
		`C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule`,
	} {
		if got, ids := m.String(text); got != text {
			t.Errorf("%v masked %s to %s", ids, text, got)
		}
	}
}
