package install

import (
	"unique"

	"msigate/gateway/event"
)

// fileSHA1 is a SHA-1 in 20 bytes.
type fileSHA1 [20]byte

// certificate is the signature of a file, as a certificate record told it.
type certificate struct {
	signature unique.Handle[event.Signature]
	at        int64
}

// certificateTable is what certificate records told, by the file's SHA-1.
type certificateTable struct {
	byHash map[fileSHA1]certificate
	order  []fileSHA1 // as they came first
}
