package governance

import (
	"cmp"
	"slices"
	"time"
)

// Entry is an entry of a governance bundle as people look at it.
type Entry struct {
	Kind    string    `json:"kind"` // deny, deployment_tools, installers, signers, sources
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Owner   string    `json:"owner"`
	Reason  string    `json:"reason"`
	Ticket  string    `json:"ticket,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// StaleWithin is how long before its end an entry is told to need another look.
const StaleWithin = 14 * 24 * time.Hour

// Entries are those of a governance bundle, by kind and id; none of another.
func (b *Bundle) Entries() []Entry {
	var all []Entry
	governance := asObject(b.Content.Data[NameGovernance])
	for _, kind := range kinds {
		for id, value := range asObject(governance[kind]) {
			fields := asObject(value)
			text := func(field string) string { s, _ := fields[field].(string); return s }
			all = append(all, Entry{
				Kind: kind, ID: id, Title: text("title"), Owner: text("owner"), Reason: text("reason"), Ticket: text("ticket"),
				Created: time.Unix(0, integer(fields["created"])).UTC(), Expires: time.Unix(0, integer(fields["expires"])).UTC(),
			})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Expired says whether the entry counts no more.
func (e Entry) Expired(now time.Time) bool { return !now.Before(e.Expires) }

// Stale says whether the entry has expired or will within StaleWithin.
func (e Entry) Stale(now time.Time) bool { return !now.Add(StaleWithin).Before(e.Expires) }
