package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"msigate/gateway"
	"msigate/gateway/governance"
)

var (
	bundleUnsigned = Check{
		"bundle.unsigned_allowed", Warning, "a source may give unsigned bundles",
		"whoever can write to the source decides what is excused", "sign what it gives (`msigate bundle sign`), name the keys, and take allow_unsigned out",
	}
	bundleOnePerson = Check{
		"bundle.second_person_off", Warning, "governance asks for no second person",
		"one person, or who has that person's key, can excuse anything", "take second_person: false out of the configuration",
	}
	bundleOneKey = Check{
		"bundle.one_key", Warning, "a second person is asked for, and there is one key only",
		"nothing that widens what is excused can ever become active", "name the second person's key under keys or approvers (`msigate bundle keygen` makes one)",
	}
	bundleKept = Check{
		"bundle.unreadable", Error, "a bundle that was active cannot be read from data_dir, or is not what was written",
		"a restart does not believe it and asks its source; where that is away too, the binary's own bundle decides", "look who else writes to data_dir; `msigate bundle push` the bundle again",
	}
	bundleEnd = Check{
		"bundle.past_not_after", Error, "an active bundle is past its not_after",
		"the gateway is degraded: somebody may be holding back a newer bundle", "`msigate bundle push` one with a higher serial and a later not_after",
	}
	bundleEndSoon = Check{
		"bundle.not_after_soon", Warning, "an active bundle comes to its not_after within 7 days",
		"the gateway is degraded from then on", "build, sign and push a newer one: docs/bundles.md",
	}
	bundleOld = Check{
		"bundle.old", Warning, "an active bundle became active more than 180 days ago",
		"what it excuses was looked at long ago", "see that its source is still the one that is published to; build and push a newer one",
	}
	keyUnreadable = Check{
		"key.unreadable", Error, "a key file cannot be read",
		"what it signed or will sign is refused", "the finding says why; public keys are for everyone to read",
	}
	keyExpired = Check{
		"key.expired", Error, "a key has expired",
		"what it signs is refused", "`msigate bundle keygen` makes a new one; name it besides, then take the old one out",
	}
	keyExpiring = Check{
		"key.expiring", Warning, "a key expires within 30 days",
		"what it signs is refused from then on", "`msigate bundle keygen` makes a new one; name it besides before the old one ends",
	}
	entriesExpired = Check{
		"entries.expired", Warning, "entries of the active governance bundle have expired",
		"what they excused is told again", "renew or remove them, then build, sign and push; `msigate bundle inspect` lists them",
	}
	entriesExpiring = Check{
		"entries.expiring", Warning, "five entries or a quarter of them expire within 14 days",
		"on that day many things are told at once that were excused before", "look at them again now: renew or remove, then build, sign and push; `msigate bundle inspect` lists them",
	}
)

var bundleChecks = []Check{
	bundleUnsigned, bundleOnePerson, bundleOneKey, bundleKept, bundleEnd, bundleEndSoon, bundleOld,
	keyUnreadable, keyExpired, keyExpiring, entriesExpired, entriesExpiring,
}

const (
	endSoon   = 7 * 24 * time.Hour
	activeAge = 180 * 24 * time.Hour
	keySoon   = 30 * 24 * time.Hour

	bulk      = 5
	bulkShare = 0.25
)

// sources looks at where policy and governance come from, at the keys, and at
// what was active last on this machine.
func (e *examination) sources() {
	active, store := e.active()
	governed := false
	for _, b := range e.Config.Bundles {
		governed = governed || b.Name == governance.NameGovernance
		e.source(b)
		if raw, where := e.newest(b, active, store); raw != nil {
			e.bundle(b.Name, where, raw)
		}
	}
	e.keys("changes.keys", e.Config.Changes.Keys)
	if governed {
		return
	}
	_, own, err := governance.BuiltIn()
	if err != nil {
		e.skip("the entries built in", "%v", err)
		return
	}
	e.entries("governance built in", own)
}

// source looks at one source as it is configured.
func (e *examination) source(b gateway.BundleConfig) {
	object := "bundle " + b.Name
	if b.AllowUnsigned {
		e.find(bundleUnsigned, object, "allow_unsigned: true")
	}
	keys := e.keys(object+" keys", b.Keys)
	for id := range e.keys(object+" approvers", b.Approvers) {
		keys[id] = true
	}
	switch second := b.NeedsSecondPerson(); {
	case !second && b.Name == governance.NameGovernance:
		e.find(bundleOnePerson, object, "second_person: false")
	case second && len(keys) == 1:
		e.find(bundleOneKey, object, "1 key")
	}
}

// keys looks at key files and gives the ids of those that can be read.
func (e *examination) keys(setting string, files []string) map[string]bool {
	ids := map[string]bool{}
	for _, file := range files {
		key, err := governance.ReadKey(file)
		if err != nil {
			e.find(keyUnreadable, setting, "%v", err)
			continue
		}
		ids[key.ID] = true
		object := setting + " " + file
		switch {
		case key.Expires.IsZero():
		case !e.now.Before(key.Expires):
			e.find(keyExpired, object, "%s expired on %s", key, key.Expires.Format(time.DateOnly))
		case key.Expires.Sub(e.now) < keySoon:
			e.find(keyExpiring, object, "%s expires on %s", key, key.Expires.Format(time.DateOnly))
		}
	}
	return ids
}

// active reads which bundles were active last; nil where none was, or where that
// cannot be read.
func (e *examination) active() (governance.Active, *governance.Store) {
	folder := e.Config.BundlesFolder()
	if _, err := os.Stat(folder); err != nil {
		if len(e.Config.Bundles) > 0 && errors.Is(err, fs.ErrNotExist) {
			e.skip("persisted bundles", "%s is not there: no gateway with this configuration ran on this machine", folder)
		}
		return governance.Active{}, nil
	}
	store, err := governance.OpenStore(folder)
	if err != nil {
		e.find(bundleKept, folder, "%v", err)
		return governance.Active{}, nil
	}
	active, err := store.Active()
	if err != nil {
		e.find(bundleKept, folder, "%v", err)
		return governance.Active{}, nil
	}
	return active, store
}

// newest is the archive of a source that is known here: the one that was active,
// or what stands at its path.
func (e *examination) newest(b gateway.BundleConfig, active governance.Active, store *governance.Store) (raw []byte, where string) {
	object := "bundle " + b.Name
	if kept, there := active.Bundles[b.Name]; there && store != nil {
		raw, err := store.Archive(b.Name, kept)
		if err != nil {
			e.find(bundleKept, object, "%v", err)
			return nil, ""
		}
		if age := e.now.Sub(kept.Activated); age > activeAge && !kept.Activated.IsZero() {
			e.find(bundleOld, object, "active since %s", kept.Activated.UTC().Format(time.DateOnly))
		}
		return raw, "serial " + fmt.Sprint(kept.Serial)
	}
	if b.Path == "" {
		return nil, ""
	}
	raw, err := governance.ReadFile(b.Path, b.Name)
	if err != nil {
		e.find(bundleKept, object, "%v", err)
		return nil, ""
	}
	return raw, b.Path
}

// bundle looks at what an archive says of itself.
func (e *examination) bundle(name, where string, raw []byte) {
	object := "bundle " + name
	b, err := governance.ReadSigned(raw, name)
	if err != nil {
		e.find(bundleKept, object, "%s: %v", where, err)
		return
	}
	claims, err := b.Claims()
	if err != nil {
		e.find(bundleKept, object, "%s: %v", where, err)
		return
	}
	switch left := claims.NotAfter.Sub(e.now); {
	case claims.NotAfter.IsZero():
	case left <= 0:
		e.find(bundleEnd, object, "not_after was %s", claims.NotAfter.Format(time.RFC3339))
	case left < endSoon:
		e.find(bundleEndSoon, object, "not_after is %s", claims.NotAfter.Format(time.RFC3339))
	}
	e.entries(object, b)
}

// entries looks at when they end.
func (e *examination) entries(object string, b *governance.Bundle) {
	var live, soon, expired int
	var first time.Time
	for _, entry := range b.Entries() {
		switch {
		case entry.Expired(e.now):
			expired++
			continue
		case entry.Stale(e.now):
			soon++
			if first.IsZero() || entry.Expires.Before(first) {
				first = entry.Expires
			}
		}
		live++
	}
	if expired > 0 {
		e.find(entriesExpired, object, "%d of %d entries", expired, live+expired)
	}
	if soon >= bulk || soon > 0 && float64(soon) >= bulkShare*float64(live) {
		e.find(entriesExpiring, object, "%d of %d entries, the first on %s", soon, live, first.Format(time.DateOnly))
	}
}
