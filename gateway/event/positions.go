package event

import "strings"

// layout is the order in which a provider's manifest lists the facts of an
// event. Sysmon has added facts at the end, and OriginalFileName in the middle,
// without a new version, so the number of facts belongs to it.
type layout struct {
	version int // the newest it is known of
	names   [][]byte
}

func listed(version int, names string) layout {
	l := layout{version: version}
	for name := range strings.FieldsSeq(names) {
		l.names = append(l.names, []byte(name))
	}
	return l
}

// sysmonLayouts are the layouts of Sysmon's events from schema 4.1 (Sysmon 8) on,
// the newest first, from the manifest in its own binary.
var sysmonLayouts = map[uint64][]layout{
	1: {
		listed(5, "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser"),
		listed(5, "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine"),
		listed(5, "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine"),
	},
	2: withUser(5, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime PreviousCreationUtcTime"),
	3: {listed(5, "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort DestinationPortName")},
	4: {listed(3, "UtcTime State Version SchemaVersion")},
	5: withUser(3, "RuleName UtcTime ProcessGuid ProcessId Image"),
	6: {listed(4, "RuleName UtcTime ImageLoaded Hashes Signed Signature SignatureStatus")},
	7: append(
		withUser(3, "RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Signed Signature SignatureStatus"),
		listed(3, "RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company Hashes Signed Signature SignatureStatus"),
	),
	10: {
		listed(3, "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser"),
		listed(3, "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace"),
	},
	11: withUser(2, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime"),
	12: withUser(2, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject"),
	13: withUser(2, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details"),
	14: withUser(2, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName"),
	15: append(
		withUser(2, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime Hash Contents"),
		listed(2, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime Hash"),
	),
	16:  {listed(3, "UtcTime Configuration ConfigurationFileHash")},
	17:  withUser(1, "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image"),
	22:  withUser(5, "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image"),
	23:  {listed(5, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived")},
	26:  {listed(5, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable")},
	29:  {listed(5, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes")},
	255: {listed(3, "UtcTime ID Description")},
}

// withUser is a layout that ends in User from Sysmon 13.30 on, and before.
func withUser(version int, names string) []layout {
	return []layout{listed(version, names+" User"), listed(version, names)}
}

// securityLayouts are those of Security 4688 and 4689; version 1 came with
// Windows 8.1, 2 with Windows 10.
var securityLayouts = map[uint64][]layout{
	4688: {
		listed(2, "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName MandatoryLabel"),
		listed(1, "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName TokenElevationType ProcessId CommandLine"),
		listed(0, "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName TokenElevationType ProcessId"),
	},
	4689: {listed(0, "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId Status ProcessId ProcessName")},
}

// layoutOf is the layout of a record with that many facts; nil where none is
// known that fits, since a fact in another's place would be a false one.
func layoutOf(layouts []layout, version, facts int) [][]byte {
	for _, l := range layouts {
		if len(l.names) == facts && version >= 0 && version <= l.version {
			return l.names
		}
	}
	return nil
}
