package install

// sendSet is a set of kinds of record, a bit each.
type sendSet uint8
