package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// hostile is a computer name that would run, were it anything but text.
const hostile = `</summary><script>document.title='run'</script><img src=x onerror="document.title='run'"><b id=planted>`

// tab is one tab of a browser, and what went wrong in it.
type tab struct {
	context.Context
	mu     sync.Mutex
	faults []string
	wanted []string // addresses that the page asked for
}

func (b *tab) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

func open(t *testing.T) *tab {
	t.Helper()
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "chromium"
	}
	path, err := exec.LookPath(browser)
	if err != nil {
		t.Fatalf("no browser: %v; apt-get install chromium, or name one in CHROMIUM", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	allocator, endAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(endAllocator)
	bounded, cancel := context.WithTimeout(allocator, 90*time.Second)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewContext(bounded)
	t.Cleanup(end)
	b := &tab{Context: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.fault("exception: %s", e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			b.fault("the console says %s", e.Type)
		case *log.EventEntryAdded:
			b.fault("the browser says: %s: %s", e.Entry.Level, e.Entry.Text)
		case *page.EventJavascriptDialogOpening:
			b.fault("a dialog opens: %s", e.Message)
		case *network.EventRequestWillBeSent:
			b.mu.Lock()
			b.wanted = append(b.wanted, e.Request.URL)
			b.mu.Unlock()
		}
	})
	return b
}

func (b *tab) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	var answer T
	b.run(t, chromedp.Evaluate(expression, &answer))
	return answer
}

// shown reports whether an element can be seen.
const shown = `e => { const r = e.getBoundingClientRect(); const s = getComputedStyle(e); return r.width > 0 && r.height > 0 && s.visibility !== 'hidden' && s.opacity !== '0' && s.color !== s.backgroundColor }`

// coverage has msigate tell of events.
func coverage(t *testing.T, output string, paths ...string) []byte {
	t.Helper()
	msigate := os.Getenv("MSIGATE")
	if msigate == "" {
		t.Fatal("MSIGATE names no msigate: go build -o msigate ./cmd/msigate in the project's folder, then MSIGATE=its path")
	}
	text, err := exec.Command(msigate, append([]string{"coverage", "--output", output}, paths...)...).Output()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return text
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// picture leaves a picture of the whole page where somebody wants one.
func (b *tab) picture(t *testing.T, name string) {
	t.Helper()
	var png []byte
	b.run(t, chromedp.FullScreenshot(&png, 100))
	if len(png) < 10_000 {
		t.Errorf("%s: a picture of %d bytes shows nothing", name, len(png))
	}
	if folder := os.Getenv("SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name), png, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func TestThePageOfCoverageShowsWhatTheReportSays(t *testing.T) {
	record, err := json.Marshal(map[string]any{
		"@timestamp": "2026-11-20T09:00:00Z",
		"winlog": map[string]any{
			"channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Microsoft-Windows-Sysmon", "event_id": 255,
			"computer_name": hostile, "record_id": 1, "event_data": map[string]any{"ID": hostile, "Description": hostile},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"../../testdata/stories", write(t, "hostile.jsonl", record)}
	var report struct {
		Fleet struct{ Hosts, Blind int }
		Hosts []struct{ Host string }
	}
	if err := json.Unmarshal(coverage(t, "json", paths...), &report); err != nil {
		t.Fatal(err)
	}
	if report.Fleet.Hosts < 20 {
		t.Fatalf("%d hosts: the stories were not read", report.Fleet.Hosts)
	}
	file := "file://" + (&url.URL{Path: write(t, "coverage.html", coverage(t, "html", paths...))}).EscapedPath()

	b := open(t)
	b.run(t, network.Enable(), log.Enable(), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}),
		chromedp.Navigate(file), chromedp.WaitVisible("main", chromedp.ByQuery))

	// What it says is what the report says, and can be seen.
	for id, want := range map[string]int{"hosts": report.Fleet.Hosts, "blind": report.Fleet.Blind} {
		if got := ask[string](t, b, `document.getElementById('`+id+`').innerText`); got != fmt.Sprint(want) {
			t.Errorf("%s: the page says %s, the report %d", id, got, want)
		}
	}
	if n := ask[int](t, b, `document.querySelectorAll('details.host').length`); n != len(report.Hosts) {
		t.Errorf("%d hosts on the page, %d in the report", n, len(report.Hosts))
	}
	if hidden := ask[[]string](t, b, `[...document.querySelectorAll('h1, h2, h3, .figures b, #sources + div td, summary')].filter(e => !e.closest('details > div')).filter(e => !(`+shown+`)(e)).map(e => e.outerHTML.slice(0, 80))`); len(hidden) > 0 {
		t.Errorf("not to be seen: %v", hidden)
	}
	text := ask[string](t, b, `document.body.innerText`)
	for _, want := range []string{"Sysmon 1", "AN0940", "our addition", "What to switch on", "auditpol /set", "Signals that do not see all"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	b.picture(t, "coverage-light.png")

	// A host opens to what is known of it.
	b.run(t, chromedp.Evaluate(`document.querySelectorAll('details.host').forEach(d => d.open = false)`, nil),
		chromedp.Click(`details.host summary`, chromedp.ByQuery), chromedp.WaitVisible(`details.host[open] h3`, chromedp.ByQuery))

	// The hostile name is text.
	if !strings.Contains(text, hostile) {
		t.Error("the hostile name does not stand on the page as it is")
	}
	if n := ask[int](t, b, `document.querySelectorAll('script, img, iframe, object, #planted, [onerror], [onclick]').length`); n != 0 {
		t.Errorf("%d elements that no page of coverage has", n)
	}
	if title := ask[string](t, b, `document.title`); title != "msigate coverage" {
		t.Errorf("the title is %q", title)
	}

	// Dark is dark, and a small screen does not scroll sideways.
	light := ask[string](t, b, `getComputedStyle(document.body).backgroundColor`)
	b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	if dark := ask[string](t, b, `getComputedStyle(document.body).backgroundColor`); dark == light {
		t.Errorf("light and dark are both %s", dark)
	}
	b.picture(t, "coverage-dark.png")
	b.run(t, chromedp.EmulateViewport(390, 800), chromedp.Evaluate(`document.querySelectorAll('details.host').forEach(d => d.open = true)`, nil))
	if over := ask[int](t, b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		t.Errorf("on a small screen it is %d pixels too wide", over)
	}
	b.end(t, file)
}

func TestThePageOfAnEmptyReportSaysThatNothingWasHeard(t *testing.T) {
	file := "file://" + (&url.URL{Path: write(t, "empty.html", coverage(t, "html", write(t, "empty.jsonl", nil)))}).EscapedPath()
	b := open(t)
	b.run(t, network.Enable(), log.Enable(), chromedp.Navigate(file), chromedp.WaitVisible(`[role=alert]`, chromedp.ByQuery))
	if text := ask[string](t, b, `document.querySelector('[role=alert]').innerText`); !strings.Contains(text, "Nothing was heard of any host") {
		t.Errorf("it says %q", text)
	}
	b.end(t, file)
}

// end holds the tab to what it may have done: read the page, and nothing else.
func (b *tab) end(t *testing.T, file string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Error(fault)
	}
	for _, one := range b.wanted {
		if one != file && !strings.HasPrefix(one, "data:") {
			t.Errorf("the page asks for %s", one)
		}
	}
	if len(b.wanted) == 0 {
		t.Error("no request was seen: the browser is not listened to")
	}
}
