package gateway

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/governance"
)

// groupFollower keeps the groups of every host as the bucket has them.
type groupFollower struct{ index atomic.Pointer[groupIndex] }

// of gives the groups of a host as its events name it; nil: it is in none.
func (f *groupFollower) of(host string) []string {
	if x := f.index.Load(); x != nil {
		return x.of(host)
	}
	return nil
}

// groupIndex holds the groups of every host. Hosts of the same groups share one list.
type groupIndex struct {
	suffixes []string

	mu     sync.RWMutex
	hosts  map[string]keyedGroups // by name, lower-cased, DNS suffix stripped
	names  map[string]string      // by key of the bucket
	shared map[string][]string
	oldest time.Time // import
}

// keyedGroups are groups and the key that said so: a host can stand under its short
// and its full name, and then the later one counts.
type keyedGroups struct {
	key    string
	groups []string
}

func newGroupIndex(suffixes []string) *groupIndex {
	return &groupIndex{suffixes: suffixes, hosts: map[string]keyedGroups{}, names: map[string]string{}, shared: map[string][]string{}}
}

func (x *groupIndex) of(host string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.hosts[host].groups
}

func (x *groupIndex) put(key string, h *governance.Host) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop(key)
	name := HostName(h.Host, x.suffixes)
	joined := strings.Join(h.Groups, ";")
	if x.shared[joined] == nil {
		x.shared[joined] = h.Groups
	}
	x.hosts[name] = keyedGroups{key, x.shared[joined]}
	x.names[key] = name
	if x.oldest.IsZero() || h.Imported.Before(x.oldest) {
		x.oldest = h.Imported
	}
}

func (x *groupIndex) remove(key string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop(key)
}

func (x *groupIndex) drop(key string) {
	name, there := x.names[key]
	if there && x.hosts[name].key == key {
		delete(x.hosts, name)
	}
	delete(x.names, key)
}

// followGroups builds the index aside, puts it in place, and follows the bucket.
func (g *Gateway) followGroups(ctx context.Context, caughtUp func()) error {
	log := g.options.Telemetry.Log
	bucket, err := bus.OpenBucket(ctx, g.options.Conn, bus.BucketHosts)
	if err != nil {
		return err
	}
	x := newGroupIndex(g.options.Config.Hosts.DNSSuffixes)
	return bucket.Follow(ctx, func() {
		g.groups.index.Store(x)
		if len(x.hosts) > 0 {
			log.Info("host groups read", "hosts", len(x.hosts), "oldest_import", x.oldest)
		}
		caughtUp()
	}, func(e bus.BucketEntry) {
		if e.Value == nil {
			x.remove(e.Key)
			return
		}
		h, err := governance.ReadHost(e.Value)
		if err == nil && bus.BucketKey(h.Host) != e.Key {
			err = governance.ErrOtherHost
		}
		if err != nil {
			g.refuseLive(ctx, bus.BucketHosts, reasonHosts, e, err)
			return
		}
		x.put(e.Key, h)
	}, func(err error) {
		log.Warn("host groups are not followed, and stand as they were; trying again", "error", err)
	})
}

// HostName is a host's name as its events have it: lower case, a configured DNS
// suffix stripped.
func HostName(name string, suffixes []string) string {
	return event.TrimDNSSuffix(event.LowerASCII(name), suffixes)
}
