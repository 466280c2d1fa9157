package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Change is one thing that Setup did.
type Change struct {
	Object string // as in Mismatch
	Field  string // "" when the object was created
	From   string
	To     string
}

// String is one line for people.
func (c Change) String() string {
	if c.Field == "" {
		return "created " + c.Object
	}
	return fmt.Sprintf("changed %s of %s from %s to %s", c.Field, c.Object, c.From, c.To)
}

// Setup creates the streams, the durable consumer and the buckets that are
// absent, and mends those that differ from what msigate needs. Run again, it
// changes nothing. It never deletes a stream and never lowers an age or a
// size. What it cannot change it leaves as it is and gives as a MismatchError
// after doing all the rest.
func Setup(ctx context.Context, c *Conn, o TopologyOptions) ([]Change, error) {
	exact := o.AckWait > 0
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("setting up the streams: %w", err)
	}
	w := &setup{conn: c}
	for _, s := range o.streams() {
		if err := w.stream(ctx, s, o.Replicas); err != nil {
			return w.done, fmt.Errorf("setting up stream %s: %w", s.name, err)
		}
	}
	if err := w.consumer(ctx, o.consumer(), exact); err != nil {
		return w.done, fmt.Errorf("setting up %s: %w", consumerObject, err)
	}
	for _, b := range buckets {
		if err := w.bucket(ctx, b, o.Replicas); err != nil {
			return w.done, fmt.Errorf("setting up %s %s: %w", b.kind(), b.name, err)
		}
	}
	if len(w.refused) > 0 {
		return w.done, MismatchError(w.refused)
	}
	return w.done, nil
}

// setup collects what was done and what could not be.
type setup struct {
	conn    *Conn
	done    []Change
	refused []Mismatch
}

func (w *setup) stream(ctx context.Context, s stream, replicas int) error {
	have, err := w.conn.streamConfig(ctx, s.name)
	if err != nil {
		return err
	}
	if have == nil {
		return w.create(ctx, "stream "+s.name, func(ctx context.Context) error {
			_, err := w.conn.js.CreateStream(ctx, s.config(replicas))
			return w.overlap(ctx, err, s.subjects)
		})
	}
	return mend(ctx, w, compareStream(s, *have, replicas), have, func(ctx context.Context) error {
		_, err := w.conn.js.UpdateStream(ctx, *have)
		return w.overlap(ctx, err, s.subjects)
	})
}

func (w *setup) consumer(ctx context.Context, want jetstream.ConsumerConfig, exact bool) error {
	have, err := w.conn.consumerConfig(ctx)
	if err != nil {
		return err
	}
	if have == nil {
		return w.create(ctx, consumerObject, func(ctx context.Context) error {
			_, err := w.conn.js.CreateConsumer(ctx, StreamEvents, want)
			return err
		})
	}
	return mend(ctx, w, compareConsumer(want, *have, exact), have, func(ctx context.Context) error {
		_, err := w.conn.js.UpdateConsumer(ctx, StreamEvents, *have)
		return err
	})
}

func (w *setup) bucket(ctx context.Context, b bucket, replicas int) error {
	have, err := w.conn.streamConfig(ctx, b.stream())
	if err != nil {
		return err
	}
	if have == nil {
		err = w.create(ctx, b.kind()+" "+b.name, func(ctx context.Context) error {
			if b.objects {
				_, err := w.conn.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
					Bucket: b.name, Description: b.description, Storage: jetstream.FileStorage, Replicas: replicas,
				})
				return err
			}
			_, err := w.conn.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
				Bucket: b.name, Description: b.description, History: b.history, Storage: jetstream.FileStorage, Replicas: replicas,
			})
			return err
		})
		if err == nil {
			err = w.denyDirect(ctx, b)
		}
	} else {
		err = mend(ctx, w, compareBucket(b, *have, replicas), have, func(ctx context.Context) error {
			_, err := w.conn.js.UpdateStream(ctx, *have)
			return err
		})
	}
	if err != nil || !b.atomic {
		return err
	}
	return w.allowBatches(ctx, b, have == nil)
}

// denyDirect takes back what the client gives every bucket that it makes.
func (w *setup) denyDirect(ctx context.Context, b bucket) error {
	have, err := w.conn.streamConfig(ctx, b.stream())
	if err != nil || have == nil || !have.AllowDirect {
		return err
	}
	have.AllowDirect = false
	start := time.Now()
	ctx, cancel := w.conn.request(ctx)
	defer cancel()
	_, err = w.conn.js.UpdateStream(ctx, *have)
	return w.conn.explain(err, start)
}

// allowBatches has a bucket take many entries at once, which spares a server
// that syncs always an fsync each. Check does not ask for it: servers before
// 2.12 cannot, and do without.
func (w *setup) allowBatches(ctx context.Context, b bucket, created bool) error {
	have, err := w.conn.streamConfig(ctx, b.stream())
	if err != nil || have == nil || have.AllowAtomicPublish {
		return err
	}
	have.AllowAtomicPublish = true
	start := time.Now()
	ctx, cancel := w.conn.request(ctx)
	defer cancel()
	s, err := w.conn.js.UpdateStream(ctx, *have)
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api): // it cannot, or not for this bucket
		return nil
	case err != nil:
		return w.conn.explain(err, start)
	}
	if s.CachedInfo().Config.AllowAtomicPublish && !created {
		w.done = append(w.done, Change{Object: b.kind() + " " + b.name, Field: "allow_atomic", From: "false", To: "true"})
	}
	return nil
}

// codeStreamCreate is JetStream's error 10049: the stream could not be made
// just now. It is seen when one of the same name is still being removed.
const codeStreamCreate jetstream.ErrorCode = 10049

// create makes an object, again after a pause where the server is still busy
// removing one of the same name.
func (w *setup) create(ctx context.Context, object string, try func(context.Context) error) error {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		start := time.Now()
		asked, cancel := w.conn.request(ctx)
		err := try(asked)
		cancel()
		if err == nil {
			w.done = append(w.done, Change{Object: object})
			return nil
		}
		var api *jetstream.APIError
		busy := errors.As(err, &api) && api.ErrorCode == codeStreamCreate
		if !busy || pause > 2*time.Second {
			return w.conn.explain(err, start)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// mend applies what can be altered in one update, and keeps the rest as refused.
func mend[C any](ctx context.Context, w *setup, ds []difference[C], have *C, update func(context.Context) error) error {
	var changes []Change
	for _, d := range ds {
		if d.alter == nil {
			w.refused = append(w.refused, d.Mismatch)
			continue
		}
		d.alter(have)
		changes = append(changes, Change{Object: d.Object, Field: d.Field, From: d.Have, To: d.Want})
	}
	if len(changes) == 0 {
		return nil
	}
	start := time.Now()
	ctx, cancel := w.conn.request(ctx)
	defer cancel()
	if err := update(ctx); err != nil {
		return w.conn.explain(err, start)
	}
	w.done = append(w.done, changes...)
	return nil
}

// codeSubjectOverlap is JetStream's error 10065.
const codeSubjectOverlap jetstream.ErrorCode = 10065

// overlap names the stream that already takes the subjects.
func (w *setup) overlap(ctx context.Context, err error, subjects []string) error {
	var api *jetstream.APIError
	if !errors.As(err, &api) || api.ErrorCode != codeSubjectOverlap {
		return err
	}
	for _, s := range subjects {
		if name, lookup := w.conn.js.StreamNameBySubject(ctx, s); lookup == nil {
			return fmt.Errorf("stream %s already takes messages to %s: a message goes to one stream only, so take the subject from it (`nats stream edit %s`) or use an account of its own for msigate", name, s, name)
		}
	}
	return fmt.Errorf("%w: another stream already takes messages to %s", err, strings.Join(subjects, " or "))
}
