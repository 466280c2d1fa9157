package policy

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// decisionSpace is the UUID namespace of decision ids (RFC 9562, version 5).
var decisionSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:msigate:decision"))

// String is the trigger as it stands in headers and Msg-Ids: stream:sequence.record:cause.
func (t Trigger) String() string {
	var b strings.Builder
	b.WriteString(t.Stream)
	b.WriteByte(':')
	b.WriteString(strconv.FormatUint(t.Sequence, 10))
	b.WriteByte('.')
	b.WriteString(strconv.Itoa(t.Record))
	b.WriteByte(':')
	b.WriteString(string(t.Cause))
	return b.String()
}

// ID is the id of the Decision that answers the trigger: the same trigger has
// the same id, also when it is evaluated again after a crash.
func (t Trigger) ID() string {
	return uuid.NewSHA1(decisionSpace, []byte(t.String())).String()
}
