package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// codeOf names the code of bundles by its content, whatever they say of
// themselves. Where it is that of another Snapshot, what differs is data, and the
// compiler's work need not be done again.
func codeOf(bundles []Bundle) string {
	sum := sha256.New()
	for _, b := range bundles {
		for _, m := range b.Content.Modules {
			fmt.Fprintf(sum, "%s/%s\x00%d\x00", b.Stamp.Name, m.Path, len(m.Raw))
			sum.Write(m.Raw)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
