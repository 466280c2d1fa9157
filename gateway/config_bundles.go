package gateway

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// leastPoll keeps a slip of the pen from becoming a flood.
const leastPoll = time.Second

// sources finds what the schema cannot say of bundles: which settings go together.
func (r *configReader) sources(root *yaml.Node, bundles []BundleConfig) {
	named := map[string]bool{}
	for i, b := range bundles {
		fault := func(setting, format string, args ...any) {
			path := []string{"bundles", strconv.Itoa(i)}
			if setting != "" {
				path = append(path, setting)
			}
			r.fault(locate(root, path), "bundles."+strconv.Itoa(i)+": "+format, args...)
		}
		given := 0
		for _, place := range []string{b.Path, b.URL, b.Object} {
			if place != "" {
				given++
			}
		}
		if given != 1 {
			fault("", "a bundle comes from one of path, url and object, and %d are named", given)
			continue
		}
		if named[b.Name] {
			fault("name", "%s is named a second time: a bundle comes from one place", b.Name)
		}
		named[b.Name] = true
		if len(b.Keys) == 0 && !b.AllowUnsigned {
			fault("", "neither keys nor allow_unsigned: nothing it gives could be believed")
		}
		if b.Object != "" && b.bucket() == "" {
			fault("object", "%s has no object bucket of its own; use path or url", b.Name)
		}
		if b.URL == "" && (b.BearerTokenFile != "" || b.TLS != (TLSConfig{}) || b.PollInterval != 0) {
			fault("", "bearer_token_file, tls and poll_interval are for url")
		}
		if b.Watch && b.Path == "" {
			fault("watch", "watch is for path: url is asked every poll_interval, object is always watched")
		}
		if (b.TLS.CertFile == "") != (b.TLS.KeyFile == "") {
			fault("tls", "cert_file and key_file go together: give both or neither")
		}
		if b.TLS.CertFile != "" && b.BearerTokenFile != "" {
			fault("tls", "a client certificate or bearer_token_file, not both")
		}
		if b.PollInterval != 0 && b.PollInterval < leastPoll {
			fault("poll_interval", "%s is below %s", b.PollInterval, leastPoll)
		}
		if len(b.Approvers) > 0 && b.SecondPerson != nil && !*b.SecondPerson {
			fault("second_person", "approvers are named, and second_person: false asks nobody")
		}
	}
}
