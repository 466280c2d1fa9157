package install

// counted is what the Tracker's totals hold of a host.
type counted struct{ members, files, certificates, watched int }
