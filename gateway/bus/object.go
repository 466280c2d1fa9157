package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// objectWait bounds the download or upload of one object.
const objectWait = 5 * time.Minute

// objectAgain is how long it is waited before a watch that ended begins anew.
const objectAgain = time.Second

// ErrNoObject says that a bucket holds no object of that name.
var ErrNoObject = errors.New("there is no such object")

// Object is one file of an object bucket, whole and with the digest it was stored under.
type Object struct {
	Bucket, Name string
	Data         []byte
	Stored       time.Time
}

// PutObject stores an object, in place of one of that name. It counts only once
// all of it is stored: an upload that is cut off changes nothing.
func PutObject(ctx context.Context, c *Conn, bucket, name string, data io.Reader) (size uint64, err error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, objectWait)
	defer cancel()
	store, err := c.js.ObjectStore(ctx, bucket)
	if err != nil {
		return 0, fmt.Errorf("opening the object bucket %s: %w", bucket, c.bucketError(err, start))
	}
	info, err := store.Put(ctx, jetstream.ObjectMeta{Name: name}, data)
	if err != nil {
		return 0, fmt.Errorf("storing %s in the object bucket %s: %w", name, bucket, c.explain(err, start))
	}
	return info.Size, nil
}

func (c *Conn) bucketError(err error, start time.Time) error {
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return fmt.Errorf("it is absent — %s", mendBySetup)
	}
	return c.explain(err, start)
}

// FollowObject gives an object's content to take now and whenever it is stored
// anew, until ctx ends. What is larger than limit bytes is not fetched. failed is
// told why the bucket could not be read, and nil once it could again; that there
// is no such object is ErrNoObject. Both are called from one goroutine.
func FollowObject(ctx context.Context, c *Conn, bucket, name string, limit uint64, take func(Object), failed func(error)) {
	f := &objectFollower{conn: c, bucket: bucket, name: name, limit: limit, take: take, failed: failed}
	for ctx.Err() == nil {
		err := f.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		failed(err)
		select {
		case <-ctx.Done():
		case <-time.After(objectAgain):
		}
	}
}

type objectFollower struct {
	conn         *Conn
	bucket, name string
	limit        uint64
	take         func(Object)
	failed       func(error)
	nuid         string // of what was given last: each upload has its own
}

// watch follows the bucket until it cannot any more.
func (f *objectFollower) watch(ctx context.Context) error {
	start := time.Now()
	opened, cancel := f.conn.request(ctx)
	store, err := f.conn.js.ObjectStore(opened, f.bucket)
	cancel()
	if err != nil {
		return fmt.Errorf("opening the object bucket %s: %w", f.bucket, f.conn.bucketError(err, start))
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	watcher, err := store.Watch(watching)
	if err != nil {
		return fmt.Errorf("watching the object bucket %s: %w", f.bucket, f.conn.explain(err, start))
	}
	defer func() { _ = watcher.Stop() }() // fails on a closed connection only
	// A watch that lost something says nothing: now and then it is asked.
	ask := time.NewTicker(objectCheck)
	defer ask.Stop()
	began := f.conn.State().Reconnect
	for {
		f.conn.mu.Lock()
		changed, state := f.conn.changed, f.conn.state
		f.conn.mu.Unlock()
		if state.Connected && state.Reconnect != began {
			return fmt.Errorf("watching the object bucket %s: %w", f.bucket, errReconnected)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case info, open := <-watcher.Updates():
			switch {
			case !open:
				return fmt.Errorf("watching the object bucket %s: the watch ended", f.bucket)
			case info == nil: // all that there was has come
				if f.nuid == "" {
					f.failed(f.absent())
				}
				continue
			case info.Name != f.name:
				continue
			}
			if err := f.fetch(ctx, store, info); err != nil {
				return err
			}
		case <-ask.C:
			asked, cancel := f.conn.request(ctx)
			info, err := store.GetInfo(asked, f.name)
			cancel()
			switch {
			case errors.Is(err, jetstream.ErrObjectNotFound):
				f.failed(f.absent())
			case err != nil:
				return fmt.Errorf("asking for %s in the object bucket %s: %w", f.name, f.bucket, f.conn.explain(err, start))
			default:
				if err := f.fetch(ctx, store, info); err != nil {
					return err
				}
			}
		}
	}
}

// objectCheck is how often the bucket is asked beside the watch.
const objectCheck = 15 * time.Second

func (f *objectFollower) absent() error {
	return fmt.Errorf("%s in the object bucket %s: %w — msigate bundle push puts one there", f.name, f.bucket, ErrNoObject)
}

// fetch gives an object that was not given before.
func (f *objectFollower) fetch(ctx context.Context, store jetstream.ObjectStore, info *jetstream.ObjectInfo) error {
	switch {
	case info.Deleted:
		f.failed(f.absent())
		return nil
	case info.NUID == f.nuid:
		f.failed(nil)
		return nil
	case info.Size > f.limit:
		f.nuid = info.NUID
		f.failed(fmt.Errorf("%s in the object bucket %s has %d bytes, a bundle may have %d: it is not fetched", f.name, f.bucket, info.Size, f.limit))
		return nil
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, objectWait)
	defer cancel()
	result, err := store.Get(ctx, f.name)
	if err != nil {
		return fmt.Errorf("fetching %s from the object bucket %s: %w", f.name, f.bucket, f.conn.explain(err, start))
	}
	defer result.Close()
	data, err := io.ReadAll(io.LimitReader(result, int64(f.limit)+1))
	if err == nil {
		err = result.Error()
	}
	if err != nil {
		return fmt.Errorf("fetching %s from the object bucket %s: %w", f.name, f.bucket, f.conn.explain(err, start))
	}
	if uint64(len(data)) > f.limit {
		return fmt.Errorf("%s in the object bucket %s has more than the %d bytes that a bundle may have", f.name, f.bucket, f.limit)
	}
	got, err := result.Info() // of what was really fetched: it may be newer than what the watch told
	if err != nil {
		return fmt.Errorf("fetching %s from the object bucket %s: %w", f.name, f.bucket, f.conn.explain(err, start))
	}
	f.nuid = got.NUID
	f.failed(nil)
	f.take(Object{Bucket: f.bucket, Name: f.name, Data: data, Stored: got.ModTime})
	return nil
}
