package install

// Knows reports whether anything is known of a host: a bound may have made the
// Tracker forget it.
func (t *Tracker) Knows(host string) bool { return t.hosts[host] != nil }
