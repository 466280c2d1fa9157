package gateway

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// killAt is the environment variable that ends a child as kill -9 does, at a step
// of an activation.
const killAt = "MSIGATE_TEST_KILL_AT"

func killChildAt(step string) {
	activationStep = func(reached string) error {
		if reached == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it is dead
		}
		return nil
	}
}

// activationSteps are those of an activation, in their order.
func activationSteps(t *testing.T) []string {
	t.Helper()
	d := newDesk(t)
	var steps []string
	activationStep = func(step string) error { steps = append(steps, step); return nil }
	defer func() { activationStep = nil }()
	if err := d.give(signed(t, wider(t), d.both(2))); err != nil {
		t.Fatal(err)
	}
	return steps
}

// A gateway that is killed at any step of an activation has the old Snapshot or
// the new one after its restart, whole and verified, whatever its source says
// then; and it takes the new one when the source gives it again.
func TestKillAtEveryStepOfAnActivationLeavesTheOldOrTheNewSnapshot(t *testing.T) {
	steps := activationSteps(t)
	t.Parallel() // from here on it is other processes that activate
	for _, step := range []string{"verified", "people", "compiled", "tried", "stage half written", "stage written", "stage synced", "stage renamed", "audited", "commit half written", "commit written", "commit synced", "commit renamed", "committed", "swapped", "floor raised"} {
		if !slices.Contains(steps, step) {
			t.Errorf("%s is no step of an activation: %q", step, steps)
		}
	}
	committed := map[string]bool{}
	for _, step := range steps[slices.Index(steps, "commit renamed"):] {
		committed[step] = true
	}
	random := rand.New(rand.NewPCG(seedOf(t), 5))
	random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	steps = steps[:min(runsOf(t, len(steps)), len(steps))]
	owner, other := newPerson(t, "owner"), newPerson(t, "other")
	archive := func(folder string, serial int64) []byte {
		return signed(t, folder, signing{serial: serial, by: owner, approvers: []*person{other}})
	}
	older, newer := archive(governanceFolder(t), 1), archive(wider(t), 2)
	_, url := startNATS(t)
	conn, err := bus.Connect(patient(t), bus.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(patient(t)) }()
	config := DefaultConfig()
	config.NATS.URL, config.HTTP.Listen, config.Log.Level = url, "off", "error"
	if _, err := bus.Setup(patient(t), conn, config.TopologyOptions()); err != nil {
		t.Fatal(err)
	}
	// What each step begins with: the old one decides, and is on the disk.
	before, file := t.TempDir(), filepath.Join(t.TempDir(), "governance.tar.gz")
	config.DataDir = before
	config.Bundles = []BundleConfig{{Name: "governance", Path: file, Keys: []string{owner.public, other.public}}}
	write := func(raw []byte) {
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(older)
	first := startGateway(t, config)
	if serial := first.ask("serial"); serial != 1 {
		t.Fatalf("serial %d decides at first", serial)
	}
	first.stop()
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			states, err := bus.OpenState(patient(t), conn)
			if err == nil {
				err = states.Delete(patient(t), bus.StateBundles+"governance", 0)
			}
			if err != nil {
				t.Fatal(err)
			}
			config.DataDir = t.TempDir()
			if err := os.CopyFS(config.DataDir, os.DirFS(before)); err != nil {
				t.Fatal(err)
			}

			write(newer)
			dead := startChild(t, "gateway", configFile(t, config), killAt+"="+step)
			if err := dead.died(); err != nil {
				t.Fatal(err)
			}

			// Its source is silent at the restart.
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			want := uint64(1)
			if committed[step] {
				want = 2
			}
			gateway := startGateway(t, config)
			if serial := gateway.ask("serial"); serial != want {
				t.Errorf("serial %d decides after the restart, want %d", serial, want)
			}
			gateway.stop()
			store, err := governance.OpenStore(config.BundlesFolder())
			if err != nil {
				t.Fatal(err)
			}
			kept, err := store.Active()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := store.Archive("governance", kept.Bundles["governance"])
			if err != nil || !slices.Equal(raw, map[bool][]byte{false: older, true: newer}[want == 2]) {
				t.Errorf("what is persisted is neither: %d bytes, %v", len(raw), err)
			}

			write(newer)
			gateway = startGateway(t, config)
			if serial := gateway.ask("serial"); serial != 2 {
				t.Errorf("serial %d decides when the source gives it again", serial)
			}
			gateway.stop()
		})
	}
}

// died waits until a child was killed.
func (c *child) died() error {
	c.ended = true
	for c.answers.Scan() {
		if strings.HasPrefix(c.answers.Text(), "ready") {
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
			return fmt.Errorf("it was not killed at its step: it said %q", c.answers.Text())
		}
	}
	err := c.cmd.Wait()
	_ = c.stdin.Close()
	if err == nil || !strings.Contains(err.Error(), "killed") {
		return fmt.Errorf("it ended with %w", err)
	}
	return nil
}
