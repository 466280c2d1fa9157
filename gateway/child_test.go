package gateway

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// child is this test binary as a process of its own.
type child struct {
	t       testing.TB
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Scanner
	ended   bool
}

// startChild runs the binary in a mode of TestMain, and ends it with the test.
func startChild(t testing.TB, mode, argument string, environment ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(self, argument)}
	c.cmd.Env = append(append(os.Environ(), childMode+"="+mode), environment...)
	c.cmd.Stderr = t.Output()
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.answers = bufio.NewScanner(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !c.ended {
			c.kill()
		}
	})
	return c
}

// line reads what the child says next.
func (c *child) line() string {
	c.t.Helper()
	if !c.answers.Scan() {
		c.t.Fatalf("the child ended: %v", c.answers.Err())
	}
	return c.answers.Text()
}

// ask asks a gateway for a number.
func (c *child) ask(question string) uint64 {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.stdin, question); err != nil {
		c.t.Fatal(err)
	}
	n, err := strconv.ParseUint(c.line(), 10, 64)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// stop ends the child as SIGTERM does, and waits.
func (c *child) stop() {
	c.t.Helper()
	c.ended = true
	_ = c.stdin.Close() // it may have ended by itself; Wait tells
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the child ended with: %v", err)
	}
}

// kill ends the child as kill -9 does.
func (c *child) kill() {
	c.ended = true
	_ = c.cmd.Process.Kill() // it may have ended by itself
	_ = c.cmd.Wait()         // says that it was killed
	_ = c.stdin.Close()
}

// startNATS runs a nats-server in a process of its own.
func startNATS(t testing.TB) (c *child, url string) {
	t.Helper()
	c = startChild(t, "nats", t.TempDir())
	return c, c.line()
}

// startGateway runs a gateway in a process of its own, and returns when it reads.
func startGateway(t testing.TB, config Config) *child {
	t.Helper()
	c := startChild(t, "gateway", configFile(t, config))
	if ready := c.line(); ready != "ready" {
		t.Fatalf("the gateway said %q", ready)
	}
	return c
}

// configFile writes a configuration down.
func configFile(t testing.TB, config Config) string {
	t.Helper()
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "msigate.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// awaitFloor waits until the gateway has acknowledged everything up to a
// sequence, and gives how far it is then.
func (c *child) awaitFloor(sequence uint64, bound time.Duration) uint64 {
	c.t.Helper()
	for deadline := time.Now().Add(bound); ; time.Sleep(5 * time.Millisecond) {
		floor := c.ask("floor")
		if floor >= sequence {
			return floor
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("acknowledged up to %d of %d within %s", floor, sequence, bound)
		}
	}
}

func TestConfigurationSurvivesBeingWritten(t *testing.T) {
	config := DefaultConfig()
	config.NATS.URL = "nats://127.0.0.1:1"
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "msigate.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := ReadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", config); got != want {
		t.Errorf("read back:\n%s\nwritten:\n%s\nas:\n%s", got, want, strings.TrimSpace(string(text)))
	}
}
