package coverage

import (
	"strings"

	"msigate/gateway/event"
)

// Advice is one thing to switch on, and how. What it gives is the item of the
// signals that need it.
type Advice struct {
	Item     string   `json:"item"`
	Official bool     `json:"official"` // AN0940's own log source; else our addition
	Title    string   `json:"title"`
	How      []string `json:"how"`    // any of these gives it, unless it says otherwise
	Source   string   `json:"source"` // where that is documented
}

// Where the settings are documented.
const (
	sysmonPage   = "https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon"
	auditPage    = "https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/manage/component-updates/command-line-process-auditing"
	huntingPage  = "https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-schema-tables"
	eventLogPage = "https://learn.microsoft.com/en-us/windows/win32/msi/event-logging"
)

// advices say what to switch on for each item, in the order in which it is
// told: AN0940's own two sources first.
var advices = []Advice{
	{
		Item: string(event.KindProcessStart), Official: true, Title: "process starts: Sysmon 1", Source: sysmonPage,
		How: []string{
			`Sysmon configuration: <ProcessCreate onmatch="exclude"/> logs every start as event 1; exclude by full path only what you know`,
			`our addition, without Sysmon: audit policy "Process Creation" (auditpol /set /subcategory:{0CCE922B-69AE-11D9-BED3-505054503030} /success:enable) logs Security 4688`,
			`our addition, Defender XDR: stream the table DeviceProcessEvents to the event hub`,
		},
	},
	{
		Item: string(event.KindFileCreate), Official: true, Title: "files written: Sysmon 11", Source: sysmonPage,
		How: []string{
			`Sysmon configuration: <FileCreate onmatch="include"> with <TargetFilename condition="end with"> of .exe, .dll, .tmp, .msi, .msp, .mst, .rbs, .ps1, .bat, .lnk logs them as event 11`,
			`our addition, Defender XDR: stream the table DeviceFileEvents to the event hub`,
		},
	},
	{
		Item: "process.command_line", Title: "command lines of process starts", Source: auditPage,
		How: []string{
			`Security 4688: registry value HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit, ProcessCreationIncludeCmdLine_Enabled = 1 (DWORD), or the group policy "Include command line in process creation events"`,
			`Sysmon 1 and DeviceProcessEvents always have it: where it is absent, the shipper drops CommandLine or ProcessCommandLine`,
		},
	},
	{
		Item: "parent", Title: "who started a process: the parent's GUID or PID", Source: sysmonPage,
		How: []string{
			`every source carries it (Sysmon 1 ParentProcessGuid, 4688 ProcessId, Defender InitiatingProcessId): let the shipper pass it on`,
			`Sysmon writes "-" where it did not see the parent start: install it as a service that starts at boot`,
		},
	},
	{
		Item: "install:1040", Title: "installs begin: MsiInstaller 1040", Source: eventLogPage,
		How: []string{`ship the channel Application with the provider MsiInstaller, event ids 1033, 1034, 1035, 1040, 1042, 11707, 11708 and 11724; Windows writes them without any setting`},
	},
	{
		Item: string(event.KindInstall), Title: "installs: MsiInstaller", Source: eventLogPage,
		How: []string{`ship the channel Application with the provider MsiInstaller; Windows writes its records without any setting`},
	},
	{
		Item: string(event.KindImageLoad), Title: "modules loaded: Sysmon 7", Source: sysmonPage,
		How: []string{
			`Sysmon configuration: <ImageLoad onmatch="include"> with <ImageLoaded condition="contains">\MSI</ImageLoaded>, <ImageLoaded condition="begin with">C:\Users\</ImageLoaded> and <ImageLoaded condition="begin with">C:\ProgramData\</ImageLoaded>`,
			`Defender XDR: stream the tables DeviceImageLoadEvents and DeviceFileCertificateInfo to the event hub`,
		},
	},
	{
		Item: "module.signer", Title: "who signed a module", Source: sysmonPage,
		How: []string{
			`Sysmon 7 carries Signed, Signature and SignatureStatus: let the shipper pass them on`,
			`Defender XDR: stream the table DeviceFileCertificateInfo besides DeviceImageLoadEvents`,
		},
	},
	{
		Item: string(event.KindRegistry), Title: "the registry written: Sysmon 12, 13, 14", Source: sysmonPage,
		How: []string{`Sysmon configuration: <RegistryEvent onmatch="include"> with <TargetObject condition="contains"> of CurrentVersion\Run, \Services\, Image File Execution Options, SystemCertificates, Windows Defender, \Winlogon\ and AppInit_DLLs`},
	},
	{
		Item: "event.registry.value", Title: "what is written to a registry value", Source: sysmonPage,
		How: []string{`Sysmon 13 carries Details: let the shipper pass it on`},
	},
	{
		Item: string(event.KindNetwork), Title: "connections: Sysmon 3", Source: sysmonPage,
		How: []string{`Sysmon configuration: <NetworkConnect onmatch="include"> with <Image condition="image">msiexec.exe</Image>, the shells, the script hosts and <Image condition="begin with">C:\Users\</Image>`},
	},
	{
		Item: string(event.KindFileExecutable), Title: "executables written: Sysmon 29", Source: sysmonPage,
		How: []string{`Sysmon configuration, schema 4.90 (Sysmon 15) or later: <FileExecutableDetected onmatch="exclude"/>`},
	},
	{
		Item: string(event.KindFileDelete), Title: "files deleted: Sysmon 26", Source: sysmonPage,
		How: []string{`Sysmon configuration: <FileDeleteDetected onmatch="include"> with <TargetFilename condition="contains">\Config.Msi\</TargetFilename>; event 23 (<FileDelete>) keeps a copy besides`},
	},
	{
		Item: "process.original_file_name", Title: "the name in a program's version resource", Source: sysmonPage,
		How: []string{
			`Sysmon 10 or later writes OriginalFileName in event 1: update the sensor, or let the shipper pass it on`,
			`Security 4688 has none: Sysmon 1 or DeviceProcessEvents besides`,
		},
	},
	{
		Item: "process.sha256", Title: "SHA-256 of what runs", Source: sysmonPage,
		How: []string{
			`Sysmon configuration: <HashAlgorithms>SHA256</HashAlgorithms>`,
			`Security 4688 has none: Sysmon 1 or DeviceProcessEvents besides`,
		},
	},
	{
		Item: "module.sha256", Title: "SHA-256 of what is loaded", Source: sysmonPage,
		How: []string{`Sysmon configuration: <HashAlgorithms>SHA256</HashAlgorithms>`},
	},
	{
		Item: "event.install.package", Title: "the package that MsiInstaller names", Source: eventLogPage,
		How: []string{`1040 and 1042 carry it as their first insertion string: have the shipper keep the event data (param1, or Data by position)`},
	},
	{
		Item: "event.install.client_pid", Title: "the client that MsiInstaller names", Source: eventLogPage,
		How: []string{`1040 and 1042 carry it as their second insertion string: have the shipper keep the event data (param2, or Data by position)`},
	},
}

// adviceFor finds what to switch on for an item.
func adviceFor(item string) (Advice, bool) {
	for _, one := range advices {
		if one.Item == item {
			return one, true
		}
	}
	if kind, _, one := strings.Cut(item, ":"); one {
		return adviceFor(kind)
	}
	return Advice{}, false
}
