package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// floors are the highest serials in the bucket msigate-state, one key a bundle:
// who turns the gateway's disk back, or loses it, does not turn the policy back.
// They lie on disk besides, since whoever can write the bucket could lower them.
type floors struct {
	conn   *bus.Conn
	health *health

	mu       sync.Mutex
	states   *bus.StateStore
	known    map[string]governance.Mark
	revision map[string]uint64
	wanted   map[string]governance.Mark // not in the bucket yet
}

// floorWait bounds a write to the bucket.
const floorWait = 5 * time.Second

func newFloors(conn *bus.Conn, h *health) *floors {
	return &floors{conn: conn, health: h, known: map[string]governance.Mark{}, revision: map[string]uint64{}, wanted: map[string]governance.Mark{}}
}

// load reads the floors of names. One that cannot be read is said and left out:
// the floor on disk counts all the same, and the next activation mends it.
func (f *floors) load(ctx context.Context, names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.states, err = bus.OpenState(ctx, f.conn); err != nil {
		return err
	}
	for _, name := range names {
		entry, there, err := f.states.Get(ctx, bus.StateBundles+name)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		f.revision[name] = entry.Revision
		var mark governance.Mark
		if err := json.Unmarshal(entry.Value, &mark); err != nil || mark.Serial < 0 {
			f.health.set(reasonFloor, name, fmt.Sprintf("key %s%s of the bucket %s is not what msigate wrote (%.60q): look who did", bus.StateBundles, name, bus.BucketState, entry.Value))
			continue
		}
		f.known[name] = mark
	}
	return nil
}

func (f *floors) of(name string) governance.Mark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known[name]
}

// raise writes what is higher than what the bucket holds. What it cannot write is
// written later; the disk has it meanwhile.
func (f *floors) raise(ctx context.Context, marks map[string]governance.Mark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, mark := range marks {
		if mark.Serial > f.known[name].Serial || mark.Serial == f.known[name].Serial && mark.Revision != f.known[name].Revision {
			f.wanted[name] = mark
		}
	}
	f.write(ctx)
}

// flush tries again.
func (f *floors) flush(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write(ctx)
}

func (f *floors) write(ctx context.Context) {
	for name, mark := range f.wanted {
		if err := f.put(ctx, name, mark); err != nil {
			f.health.set(reasonFloor, name, err.Error())
			continue
		}
		delete(f.wanted, name)
		f.health.clear(reasonFloor, name)
	}
}

func (f *floors) put(ctx context.Context, name string, mark governance.Mark) error {
	ctx, cancel := context.WithTimeout(ctx, floorWait)
	defer cancel()
	raw, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	revision, err := f.states.Put(ctx, bus.StateBundles+name, raw, f.revision[name])
	if err != nil {
		// Another gateway of this account may have raised it: the higher one stands.
		if entry, there, got := f.states.Get(ctx, bus.StateBundles+name); got == nil && there {
			var found governance.Mark
			if json.Unmarshal(entry.Value, &found) == nil && found.Serial >= mark.Serial {
				f.known[name], f.revision[name] = found, entry.Revision
				return nil
			}
			f.revision[name] = entry.Revision
		}
		return fmt.Errorf("write the floor of bundle %s to the bucket %s: %w", name, bus.BucketState, err)
	}
	f.known[name], f.revision[name] = mark, revision
	return nil
}
