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
	} {
		if got, ids := m.String(text); got != text {
			t.Errorf("%v masked %s to %s", ids, text, got)
		}
	}
}
