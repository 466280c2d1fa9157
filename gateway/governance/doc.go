// Package governance says who may change what: it builds bundles from the YAML
// that security governance reviews, has them approved and signed, and verifies
// bundles of every owner.
//
// It takes a folder of governance YAML, a bundle folder or a bundle archive,
// and gives a Bundle: an OPA bundle whose content is proven to stay inside the
// roots of its configured name, with its revision. A folder or archive is capped
// (packed size, unpacked size, number of files) before anything in it is parsed.
// Verify gives one that is signed by a key of its name, with its serial, its end
// and who approved it; Compare says what it changes and whether that widens.
//
// It guarantees that a bundle holds nothing its owner does not own, that a data
// bundle holds no code, that the same YAML gives the same bytes, and that every
// fault of a governance folder is reported at once with file, line, entry and
// what would be acceptable. Bundles are OPA's: its own tools read what Build
// makes and verify what Sign signs, and what they make is read and verified here.
//
// It never decides anything, never activates anything, and never trusts what a
// bundle says of itself: neither its roots nor, unsigned, its revision.
package governance
