package governance

import (
	"errors"
	"fmt"
)

// Why a bundle, a key or a statement is refused. Every refusal is one of these to
// errors.Is; its text says which file or field, and what would do.
var (
	ErrArchive      = errors.New("the archive cannot be read")                       // caps, damage, names that lead outside
	ErrContent      = errors.New("the content is not what a bundle may hold")        // code in a data bundle, Wasm, a delta, data that cannot be read
	ErrRoots        = errors.New("the content lies outside its owner's roots")       // what the manifest claims, or what is really there
	ErrManifest     = errors.New("the manifest's metadata cannot be read")           // serial, not_after or approvals of another form
	ErrUnsigned     = errors.New("it is not signed")                                 // no signature, or one taken away
	ErrKey          = errors.New("the key is not one of those that may sign this")   // unknown, expired or removed
	ErrAlgorithm    = errors.New("the signature algorithm is not acceptable")        // HS*, none, one that is not the key's, a weak digest
	ErrAltered      = errors.New("the signature does not fit what is signed")        // the signature itself, or a file it covers
	ErrSerial       = errors.New("the serial is not acceptable")                     // missing, lower than the floor, or used for other content
	ErrNotAfter     = errors.New("not_after is not acceptable")                      // missing, or past for a bundle that is not active
	ErrPastNotAfter = errors.New("the active bundle is past its not_after")          // it still counts, and the gateway is degraded
	ErrApproval     = errors.New("the approval is not for this bundle")              // other content, serial or name, or the signer's own
	ErrStatement    = errors.New("the signed statement is not of the form expected") // no compact JWS, or one of another type
)

// refusal is an error that is one of the reasons above to errors.Is and does not
// repeat its words.
type refusal struct {
	reason error
	err    error
}

func (r *refusal) Error() string   { return r.err.Error() }
func (r *refusal) Unwrap() []error { return []error{r.reason, r.err} }

func refuse(reason error, format string, args ...any) error {
	return &refusal{reason: reason, err: fmt.Errorf(format, args...)}
}
