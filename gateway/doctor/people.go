package doctor

import (
	"context"
	"maps"
	"slices"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

var (
	groupsOld = Check{
		"groups.old", Warning, "the oldest host of a source was imported more than 35 days ago",
		"hosts may have left the groups that entries and change windows excuse, and new ones are in none", "`msigate hosts import FILE --source NAME`, every day from where the hosts are kept",
	}
	groupsUnread = Check{
		"groups.unread", Warning, "an entry of the bucket of host groups is refused",
		"that host is in no group", "`msigate hosts list` names it; import its source again, and look who else may write to the bucket",
	}
	changesUncounted = Check{
		"changes.no_keys", Warning, "there are change windows, and the configuration names no key for them",
		"none of them counts", "changes.keys in the configuration",
	}
)

var peopleChecks = []Check{groupsOld, groupsUnread, changesUncounted}

const groupsAge = 35 * 24 * time.Hour

// people looks at what people put in besides bundles: host groups, change windows.
func (e *examination) people(ctx context.Context) {
	if s, there := e.inspected.Stream(bus.BucketStream(bus.BucketChanges)); there && s.Messages > 0 && len(e.Config.Changes.Keys) == 0 {
		e.find(changesUncounted, "bucket "+bus.BucketChanges, "%d revisions of change windows", s.Messages)
	}
	s, there := e.inspected.Stream(bus.BucketStream(bus.BucketHosts))
	if !there || s.Messages == 0 {
		return
	}
	bucket, err := bus.OpenBucket(ctx, e.Conn, bus.BucketHosts)
	if err != nil {
		e.skip("host groups", "%v", err)
		return
	}
	entries, err := bucket.All(ctx)
	if err != nil {
		e.skip("host groups", "%v", err)
		return
	}
	refused, oldest := 0, map[string]time.Time{}
	for _, entry := range entries {
		h, err := governance.ReadHost(entry.Value)
		if err != nil || bus.BucketKey(h.Host) != entry.Key {
			refused++
			continue
		}
		if at, there := oldest[h.Source]; !there || h.Imported.Before(at) {
			oldest[h.Source] = h.Imported
		}
	}
	if refused > 0 {
		e.find(groupsUnread, "bucket "+bus.BucketHosts, "%d of %d", refused, len(entries))
	}
	for _, source := range slices.Sorted(maps.Keys(oldest)) {
		if age := e.now.Sub(oldest[source]); age > groupsAge {
			e.find(groupsOld, "host groups of "+source, "imported %d days ago", int(age.Hours()/24))
		}
	}
}
