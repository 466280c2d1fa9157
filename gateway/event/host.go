package event

import "strings"

// TrimDNSSuffix takes the longest of the suffixes off a computer name, so that
// ws01.corp.example and ws01 are one host. A suffix is written with or without
// its leading dot; case does not matter. A name that would be left empty, or
// that only ends in the same letters without a dot between, stays as it is.
func TrimDNSSuffix(host string, suffixes []string) string {
	longest := 0
	for _, suffix := range suffixes {
		suffix = strings.Trim(suffix, ".")
		if suffix == "" || len(suffix) <= longest {
			continue
		}
		cut := len(host) - len(suffix)
		if cut > 1 && host[cut-1] == '.' && EqualFoldASCII(host[cut:], suffix) {
			longest = len(suffix)
		}
	}
	if longest == 0 {
		return host
	}
	return host[:len(host)-longest-1]
}
