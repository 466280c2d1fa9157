package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/governance"
)

// natsd is a nats-server for the scripts: natsd FOLDER URLFILE, or natsd
// -config FILE FOLDER URLFILE LOGFILE. It writes its URL when it is ready, and
// ends with SIGINT.
func natsd() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var url, file string
	var shutdown func()
	var err error
	if os.Args[1] == "-config" {
		file = os.Args[4]
		url, shutdown, err = configured(os.Args[2], os.Args[3], os.Args[5])
	} else {
		var embedded *bus.Embedded
		file = os.Args[2]
		if embedded, err = bus.StartEmbedded(ctx, bus.EmbeddedOptions{StoreDir: os.Args[1]}); err == nil {
			url, shutdown = embedded.URL(), embedded.Shutdown
		}
	}
	if err == nil {
		err = os.WriteFile(file+".new", []byte(url+"\n"), 0o644)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-ctx.Done()
	shutdown()
}

// configured starts a server by a configuration file, on a free port.
func configured(file, folder, log string) (url string, shutdown func(), err error) {
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		return "", nil, err
	}
	options.Port, options.StoreDir, options.LogFile, options.NoSigs = server.RANDOM_PORT, folder, log, true
	s, err := server.NewServer(options)
	if err != nil {
		return "", nil, err
	}
	s.ConfigureLogger()
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return "", nil, errors.New("the server does not start")
	}
	return s.ClientURL(), s.Shutdown, nil
}

// shipper publishes events as a shipper would, each to its own host's subject,
// and prints the first verdict that comes of them: shipper URL FILE. With
// -typed FILE, what it publishes is the first event that `msigate run` printed.
// shipper -denied URL SUBJECT says whether it may not publish there;
// shipper -same URL SUBJECT FILE… waits until EVENTS holds the lines of the files
// there, each once and in order; shipper -verdict URL prints the first verdict.
func shipper() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := ship(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ship(ctx context.Context, args []string) error {
	switch args[0] {
	case "-denied":
		return shipDenied(ctx, args[1], args[2])
	case "-same":
		return shipSame(ctx, args[1], args[2], args[3:])
	}
	typed, verdict := args[0] == "-typed", args[0] == "-verdict"
	if typed || verdict {
		args = args[1:]
	}
	conn, err := bus.Connect(ctx, bus.Options{URL: args[0], Name: "shipper"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if verdict {
		return firstVerdict(ctx, conn, 0)
	}
	text, err := os.ReadFile(filepath.FromSlash(args[1]))
	if err != nil {
		return err
	}
	from, err := bus.LastSequence(ctx, conn, bus.StreamVerdicts)
	if err != nil {
		return err
	}
	if typed {
		command := regexp.MustCompile(`nats --server \S+ pub (\S+) '([^']+)'`).FindSubmatch(text)
		if command == nil {
			return errors.New("no nats pub in " + string(text))
		}
		if _, err := conn.Ship(ctx, string(command[1]), "", command[2], nil); err != nil {
			return err
		}
	} else if err := shipLines(ctx, conn, string(text)); err != nil {
		return err
	}
	return firstVerdict(ctx, conn, from)
}

// firstVerdict prints the first one after a sequence.
func firstVerdict(ctx context.Context, conn *bus.Conn, from uint64) error {
	got := false
	err := bus.Tail(ctx, conn, bus.TailOptions{Stream: bus.StreamVerdicts, From: from + 1}, func(m *bus.Message) bool {
		var f finding.DetectionFinding
		if err := json.Unmarshal(m.Data, &f); err != nil {
			fmt.Println(err)
		}
		fmt.Println(m.Subject, f.Severity, f.Message)
		got = true
		return false
	})
	if err == nil && !got {
		return errors.New("no verdict came in time")
	}
	return err
}

func shipSame(ctx context.Context, url, subject string, files []string) error {
	var want []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		want = append(want, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	conn, err := bus.Connect(ctx, bus.Options{URL: url, Name: "shipper"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var got []string
	for len(got) < len(want) {
		got = got[:0]
		err := bus.Read(ctx, conn, bus.ReadOptions{Stream: bus.StreamEvents, Subjects: []string{subject}}, func(m *bus.Message) bool {
			got = append(got, strings.TrimSpace(string(m.Data)))
			return true
		})
		if err != nil {
			return fmt.Errorf("%d of %d: %w", len(got), len(want), err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("EVENTS holds %q, and the files %q", got, want)
	}
	fmt.Println("the same as in the files")
	return nil
}

func shipDenied(ctx context.Context, url, subject string) error {
	conn, err := bus.Connect(ctx, bus.Options{URL: url, Name: "shipper"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := conn.Ship(ctx, subject, "", []byte("{}"), nil); err != nil {
		fmt.Println("denied")
	}
	return nil
}

func shipLines(ctx context.Context, conn *bus.Conn, text string) error {
	for line := range strings.Lines(text) {
		var event struct {
			Winlog struct {
				Computer string `json:"computer_name"`
			} `json:"winlog"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			return err
		}
		if _, err := conn.Ship(ctx, bus.EventSubject(event.Winlog.Computer), "", []byte(line), nil); err != nil {
			return err
		}
	}
	return nil
}

// keypair writes an ES256 key pair: keypair NAME makes NAME.pem and NAME.pub.pem.
func keypair() {
	key, err := governance.NewSigningKey("", time.Time{})
	if err == nil {
		err = key.WriteFiles(os.Args[1]+".pem", os.Args[1]+".pub.pem")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
