package bus

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// followed notes what a follower of an object tells.
type followed struct {
	objects chan Object
	errors  chan error
}

func follow(t testing.TB, c *Conn, name string, limit uint64) *followed {
	t.Helper()
	f := &followed{objects: make(chan Object, 100), errors: make(chan error, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		FollowObject(ctx, c, BucketGovernance, name, limit, func(o Object) { f.objects <- o }, func(err error) { f.errors <- err })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

// object is the next one given.
func (f *followed) object(t testing.TB) Object {
	t.Helper()
	select {
	case o := <-f.objects:
		return o
	case <-time.After(30 * time.Second):
		t.Fatal("no object within 30 s")
		return Object{}
	}
}

// failure waits for an error that says text; "" waits for none.
func (f *followed) failure(t testing.TB, text string) error {
	t.Helper()
	for timeout := time.After(30 * time.Second); ; {
		select {
		case err := <-f.errors:
			if text == "" && err == nil || text != "" && err != nil && strings.Contains(err.Error(), text) {
				return err
			}
		case <-timeout:
			t.Fatalf("nothing said %q within 30 s", text)
		}
	}
}

func putObject(t testing.TB, c *Conn, name string, data []byte) {
	t.Helper()
	if size, err := PutObject(patient(t), c, BucketGovernance, name, bytes.NewReader(data)); err != nil || size != uint64(len(data)) {
		t.Fatalf("put %d bytes: %v", size, err)
	}
}

func TestFollowedObjectComesAsItIsStoredEachTimeOnce(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	f := follow(t, c, "governance.tar.gz", 1<<20)
	if err := f.failure(t, "msigate bundle push puts one there"); !errors.Is(err, ErrNoObject) {
		t.Errorf("before it is there: %v", err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 40_000) // several chunks
	for i, data := range [][]byte{[]byte("first"), large, []byte("third")} {
		putObject(t, c, "another.tar.gz", []byte("not asked for"))
		began := time.Now()
		putObject(t, c, "governance.tar.gz", data)
		o := f.object(t)
		if !bytes.Equal(o.Data, data) || o.Name != "governance.tar.gz" || o.Stored.IsZero() {
			t.Errorf("upload %d: %d bytes of %s", i, len(o.Data), o.Name)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("upload %d came after %s", i, took)
		}
	}
	f.failure(t, "")
	select {
	case o := <-f.objects:
		t.Errorf("given twice: %d bytes", len(o.Data))
	case <-time.After(300 * time.Millisecond):
	}
}

func TestObjectThatIsThereAlreadyIsGiven(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	putObject(t, c, "governance.tar.gz", []byte("there"))
	if o := follow(t, c, "governance.tar.gz", 100).object(t); string(o.Data) != "there" {
		t.Errorf("got %q", o.Data)
	}
}

func TestObjectOverTheLimitIsNotFetchedAndANewOneIs(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	putObject(t, c, "governance.tar.gz", make([]byte, 101))
	f := follow(t, c, "governance.tar.gz", 100)
	f.failure(t, "has 101 bytes, a bundle may have 100: it is not fetched")
	putObject(t, c, "governance.tar.gz", make([]byte, 100))
	if o := f.object(t); len(o.Data) != 100 {
		t.Errorf("got %d bytes", len(o.Data))
	}
}

func TestUploadThatIsCutOffChangesNothing(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	putObject(t, c, "governance.tar.gz", []byte("whole"))
	f := follow(t, c, "governance.tar.gz", 1<<20)
	f.object(t)
	broken := errors.New("the file system is gone")
	_, err := PutObject(patient(t), c, BucketGovernance, "governance.tar.gz", &failingReader{left: 400_000, err: broken})
	if err == nil {
		t.Fatal("it was stored")
	}
	select {
	case o := <-f.objects:
		t.Errorf("half an upload is given: %d bytes", len(o.Data))
	case <-time.After(300 * time.Millisecond):
	}
}

type failingReader struct {
	left int
	err  error
}

func (r *failingReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, r.err
	}
	n := min(len(p), r.left)
	r.left -= n
	return n, nil
}

func TestFollowingGoesOnWhenTheServerComesBack(t *testing.T) {
	store := t.TempDir()
	server, c := ready(t, EmbeddedOptions{StoreDir: store})
	putObject(t, c, "governance.tar.gz", []byte("before"))
	f := follow(t, c, "governance.tar.gz", 100)
	f.object(t)
	port := server.Port()
	server.Shutdown()
	eventually(t, "the connection is lost", func() bool { return !c.State().Connected })
	serve(t, EmbeddedOptions{StoreDir: store, Port: port})
	eventually(t, "the connection is restored", func() bool { return c.State().Connected })
	putObject(t, c, "governance.tar.gz", []byte("after"))
	if o := f.object(t); string(o.Data) != "after" {
		t.Errorf("got %q", o.Data)
	}
}

func TestFollowingABucketThatIsAbsentSaysHowToMakeIt(t *testing.T) {
	server := serve(t, EmbeddedOptions{})
	c := connect(t, server.URL())
	f := follow(t, c, "governance.tar.gz", 100)
	f.failure(t, "opening the object bucket msigate-governance: it is absent — ")
	if _, err := PutObject(patient(t), c, BucketGovernance, "x", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), mendBySetup) {
		t.Errorf("got %v", err)
	}
}
