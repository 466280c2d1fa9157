package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"msigate": main,
		"shipper": shipper,
		"natsd":   natsd,
		"keypair": keypair,
	})
}

// TestScripts runs what a person types, one topic a file. $PROJECT is the
// project's folder.
func TestScripts(t *testing.T) {
	project, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(8 * time.Minute), // what hangs is interrupted, and named
		Setup: func(env *testscript.Env) error {
			env.Setenv("UNTIL", time.Now().UTC().AddDate(0, 3, 0).Format(time.DateOnly)) // an end for bundles
			env.Setenv("PROJECT", project)
			env.Setenv("TERM", "xterm")
			env.Setenv("NOW", time.Now().UTC().Format(time.RFC3339))
			env.Setenv("SOON", time.Now().UTC().Add(24*time.Hour).Format(time.RFC3339)) // for what lasts days at most
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode":  exitCode,
			"isjson":    isJSON,
			"row":       row,
			"targz":     targz,
			"gzip":      gzipped,
			"halve":     halve,
			"repeat":    repeat,
			"width":     width,
			"readenv":   readEnv,
			"terminate": terminate,
			"copytree":  copyTree,
			"commands":  commands,
		},
	})
}

// condition is [root], and [expired:DATE]: an entry that expires on that date
// explains nothing live any more.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	date, ok := strings.CutPrefix(name, "expired:")
	if !ok {
		return false, fmt.Errorf("unknown condition %s", name)
	}
	expires, err := time.Parse(time.DateOnly, date)
	return !time.Now().Before(expires), err
}

// exitCode runs a program and asserts its exit code: exitcode N program [args…].
// Its output is there for stdout and stderr.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N program [args…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if status := (*exec.ExitError)(nil); errors.As(err, &status) {
		got = status.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// isJSON asserts that a file is JSON texts, one a line with -lines.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	lines := len(args) == 2 && args[0] == "-lines"
	if neg || len(args) == 0 {
		ts.Fatalf("usage: isjson [-lines] file")
	}
	text := strings.TrimSpace(ts.ReadFile(args[len(args)-1]))
	texts := []string{text}
	if lines {
		texts = strings.Split(text, "\n")
	}
	for i, one := range texts {
		if !json.Valid([]byte(one)) {
			ts.Fatalf("%d is no JSON: %s", i+1, one)
		}
	}
}

// decidedFields is what eval --output jsonl promises of every row.
var decidedFields = []string{
	"source", "line", "record", "record_id", "host", "time", "kind", "disposition", "severity",
	"signals", "finding", "approval", "near_misses", "missing", "decision_id", "bundles",
}

// row asserts that a file of eval's rows has one with the values given
// (name=JSON or a text; at=N chooses the Nth row, from 1), and that each row has
// every promised field.
func row(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: [!] row file [name=value…]")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var fields map[string]json.RawMessage
		ts.Check(json.Unmarshal([]byte(line), &fields))
		for _, name := range decidedFields {
			value, there := fields[name]
			mayBeNull := name == "approval" || name == "time" && fields["fault"] != nil
			if !there || string(value) == "null" && !mayBeNull {
				ts.Fatalf("field %s is absent or null: %s", name, line)
			}
		}
		if rowHas(fields, args[1:]) {
			if neg {
				ts.Fatalf("unexpected row: %s", line)
			}
			return
		}
	}
	if !neg {
		ts.Fatalf("no row with %s in\n%s", strings.Join(args[1:], " "), ts.ReadFile(args[0]))
	}
}

func rowHas(fields map[string]json.RawMessage, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool {
		name, value, _ := strings.Cut(w, "=")
		have := string(fields[name])
		return have != value && have != strconv.Quote(value)
	})
}

// readEnv waits for a file that another process writes, and takes what the
// pattern's group matches in it into a variable: readenv NAME file pattern.
func readEnv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: readenv NAME file pattern")
	}
	pattern, err := regexp.Compile(args[2])
	ts.Check(err)
	file := ts.MkAbs(args[1])
	ts.Check(eventually(context.Background(), func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		match := pattern.FindSubmatch(text)
		if match == nil {
			return fmt.Errorf("%s does not match %s: %s", args[1], pattern, text)
		}
		ts.Setenv(args[0], string(match[1]))
		return nil
	}))
}

// terminate sends SIGTERM, as a service manager does, to the programs in the
// background; wait then asserts how they end.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, program := range ts.BackgroundCmds() {
		if err := program.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

// eventually tries until it works, for half a minute at most.
func eventually(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
