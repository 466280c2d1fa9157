package doctor

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
)

// Nothing is found where a gateway runs on a deployment that was set up and
// decides what comes; and what could not be looked at is that alone which is
// elsewhere.
func TestNothingIsFoundWhereAllIsWell(t *testing.T) {
	d := deploy(t)
	d.config.HTTP.Listen = "127.0.0.1:0"
	d.config.State.SaveInterval = 100 * time.Millisecond
	events, err := os.ReadFile("../../testdata/stories/extracted-exe/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	running, ended, told := make(chan gateway.Running, 1), make(chan error, 1), &bytes.Buffer{}
	go func() {
		ended <- gateway.Run(ctx, gateway.RunOptions{Config: d.config, Version: "test", Log: told, Ready: func(r gateway.Running) { running <- r }})
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	select {
	case r := <-running:
		d.config.HTTP.Listen = r.HTTP
	case err := <-ended:
		ended <- err
		t.Fatalf("the gateway does not start: %v", err)
	}
	for line := range strings.Lines(string(events)) {
		if _, err := d.admin.Ship(patient(t), bus.EventSubject("ws03.corp.example"), "", []byte(line), nil); err != nil {
			t.Fatal(err)
		}
	}
	err = bus.Tail(patient(t), d.admin, bus.TailOptions{Stream: bus.StreamVerdicts}, func(*bus.Message) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	r := d.examine(Options{})
	if len(r.Findings) > 0 || r.Worst != "" {
		t.Errorf("%+v\n%s", r.Findings, told)
	}
	if len(r.Skipped) != 1 || r.Skipped[0].About != "the disk below JetStream" {
		t.Errorf("not looked at: %+v", r.Skipped)
	}
}
