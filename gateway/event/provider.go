package event

// The providers whose records are read; a record of any other is KindOther.
// Event ids collide between providers (1033 and 1040 are also licensing's), so
// a kind always follows from both.
const (
	ProviderSysmon    = "Microsoft-Windows-Sysmon"
	ProviderSecurity  = "Microsoft-Windows-Security-Auditing"
	ProviderInstaller = "MsiInstaller"
)

const (
	channelSysmon      = "Microsoft-Windows-Sysmon/Operational"
	channelSecurity    = "Security"
	channelApplication = "Application"
)

// providerOf names the provider of a channel that only one provider writes to.
// The Security channel has a second (Microsoft-Windows-Eventlog), the
// Application channel has hundreds.
func providerOf(channel string) string {
	if channel == channelSysmon {
		return ProviderSysmon
	}
	return ""
}
