package otlptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestVerdictIsTracedFromThePublisherToItsHeader runs what a platform engineer
// runs: a nats-server of its own, msigate setup, msigate run, and the nats
// command line to publish events and to read the verdict back. The trace that
// the verdict's header names is looked up in the Collector.
func TestVerdictIsTracedFromThePublisherToItsHeader(t *testing.T) {
	bin := programs(t)
	c := startCollector(t)
	url := startServer(t, bin["nats-server"])
	nats := func(stdin []byte, args ...string) string {
		return command(t, stdin, bin["nats"], append([]string{"--server", url, "--no-context"}, args...)...)
	}
	if out := command(t, nil, bin["msigate"], "setup", "--url", url); !strings.Contains(out, "EVENTS") {
		t.Errorf("setup does not say that it created EVENTS:\n%s", out)
	}
	startGateway(t, bin["msigate"], url, c.environment("grpc"))

	events, err := os.ReadFile("../../testdata/stories/attack-custom-action/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(events) {
		nats(bytes.TrimSpace(line), "pub", "events.host.ws02.corp.example", "--force-stdin",
			"-H", "traceparent:00-"+publisherTrace+"-"+publisherSpan+"-00")
	}

	var verdict string
	eventually(t, "the alert on VERDICTS", func() bool {
		out, err := exec.Command(bin["nats"], "--server", url, "--no-context", "stream", "get", "VERDICTS", "--last-for", "verdicts.alert.ws02%2ecorp%2eexample").CombinedOutput()
		verdict = string(out)
		return err == nil
	})
	var finding struct {
		ClassUID int `json:"class_uid"`
		Device   struct {
			Hostname string `json:"hostname"`
		} `json:"device"`
	}
	if err := json.Unmarshal([]byte(verdict[strings.Index(verdict, "{"):]), &finding); err != nil {
		t.Fatalf("the verdict is no JSON: %v\n%s", err, verdict)
	}
	if finding.ClassUID != 2004 || finding.Device.Hostname != "ws02.corp.example" {
		t.Errorf("class_uid %d, hostname %s; want 2004, ws02.corp.example", finding.ClassUID, finding.Device.Hostname)
	}
	parent := strings.Split(header(t, verdict, "traceparent"), "-")
	if len(parent) != 4 || parent[3] != "01" {
		t.Fatalf("traceparent %v: want four parts, recorded", parent)
	}
	trace, sent := parent[1], parent[2]

	want := []string{"process events.host.{host}", "evaluate an0940", "send verdicts.alert.{host}", "send decisions.{host}"}
	eventually(t, "the spans of the verdict's trace", func() bool {
		by := c.inTrace(t, trace)
		for _, name := range want {
			if _, there := by[name]; !there {
				return false
			}
		}
		return true
	})
	by := c.inTrace(t, trace)
	process, evaluate, send := by[want[0]], by[want[1]], by[want[2]]
	if process.Kind() != ptrace.SpanKindConsumer || send.Kind() != ptrace.SpanKindProducer {
		t.Errorf("kinds: process %s, send %s; want Consumer, Producer", process.Kind(), send.Kind())
	}
	if send.SpanID().String() != sent {
		t.Errorf("the header names span %s; the send span is %s", sent, send.SpanID())
	}
	if evaluate.ParentSpanID() != process.SpanID() || send.ParentSpanID() != process.SpanID() {
		t.Error("evaluate and send are not below process")
	}
	if process.Links().Len() != 1 || process.Links().At(0).TraceID().String() != publisherTrace || process.Links().At(0).SpanID().String() != publisherSpan {
		t.Error("process does not link to the publisher's span")
	}
}

// header finds a header in what `nats stream get` prints.
func header(t *testing.T, message, name string) string {
	t.Helper()
	for line := range strings.Lines(message) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && key == name {
			return value
		}
	}
	t.Fatalf("no header %s in:\n%s", name, message)
	return ""
}

// programs gives the binaries: those of the environment, or else built here.
func programs(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	bin := map[string]string{}
	for _, p := range []struct{ name, variable, module, pkg string }{
		{"msigate", "MSIGATE", "../..", "./cmd/msigate"},
		{"nats-server", "NATS_SERVER", "../..", "github.com/nats-io/nats-server/v2"},
		{"nats", "NATS_CLI", "../tools", "github.com/nats-io/natscli/nats"},
	} {
		if path := os.Getenv(p.variable); path != "" {
			bin[p.name] = path
			continue
		}
		bin[p.name] = filepath.Join(dir, p.name)
		command(t, nil, "go", "build", "-C", p.module, "-o", bin[p.name], p.pkg)
	}
	return bin
}

// command runs to the end and gives what was printed; a failure ends the test.
func command(t *testing.T, stdin []byte, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// startServer runs a nats-server with JetStream until the test ends.
func startServer(t *testing.T, path string) string {
	t.Helper()
	address := freePort(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	background(t, exec.Command(path, "-js", "-sd", t.TempDir(), "-a", "127.0.0.1", "-p", port))
	eventually(t, "nats-server", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return "nats://" + address
}

// startGateway runs msigate until the test ends, and returns when it is ready.
func startGateway(t *testing.T, path, url string, environment map[string]string) {
	t.Helper()
	health := freePort(t)
	config := filepath.Join(t.TempDir(), "msigate.yaml")
	text := fmt.Sprintf("nats:\n  url: %s\nhttp:\n  listen: %s\n", url, health)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "--config", config)
	cmd.Env = os.Environ()
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	background(t, cmd)
	eventually(t, "readiness", func() bool {
		response, err := http.Get("http://" + health + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return err == nil && response.StatusCode == http.StatusOK
	})
}

// background runs cmd until the test ends, then asks it to stop and expects it to.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s: %v", filepath.Base(cmd.Path), err)
		}
		kill := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		if t.Failed() || err != nil && filepath.Base(cmd.Path) == "msigate" {
			t.Errorf("%s ended with %v:\n%s", filepath.Base(cmd.Path), err, out.String())
		}
	})
}
