package policy

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestTheInputSaysWhenTheEventCameAndWhatItsHostSends(t *testing.T) {
	c := shellBelowServer()
	f := facts(c)
	read := func() (received int64, sends []string) {
		var input struct {
			Event struct{ Received int64 }
			Host  struct{ Sends []string }
		}
		if err := json.Unmarshal(inputJSON(inputValue(f, newSessionTerms())), &input); err != nil {
			t.Fatal(err)
		}
		return input.Event.Received, input.Host.Sends
	}
	if received, sends := read(); received != f.Received.UnixNano() || !slices.Equal(sends, []string{"image_load", "install"}) {
		t.Errorf("received %d, sends %v", received, sends)
	}
	f.Received = time.Time{}
	c.Sends = nil
	if received, sends := read(); received != f.Now.UnixNano() || sends == nil || len(sends) != 0 {
		t.Errorf("received %d, want now; sends %v, want none", received, sends)
	}
}

func TestTheInputSaysWhoWroteWhatRunsAndWhatIsLoaded(t *testing.T) {
	type process struct {
		Name    string
		Written *struct {
			By struct {
				Name, Role string
				Written    any
			}
			At int64
		}
	}
	var input struct {
		Process, Parent, Module, Root process
		Lineage                       []process
	}
	c := shellBelowServer()
	load := *c.Event
	load.Kind, load.Module = event.KindImageLoad, event.Module{Path: `C:\Windows\Installer\MSI1.tmp`}
	c.Event = &load
	written(c)
	// Two that wrote each other, as records that lie say, end all the same.
	c.Process.Written.By.Written = c.Process.Written
	if err := json.Unmarshal(inputJSON(inputValue(facts(c), newSessionTerms())), &input); err != nil {
		t.Fatal(err)
	}
	at := c.Process.Written.At.UnixNano()
	for name, p := range map[string]process{"process": input.Process, "parent": input.Parent, "module": input.Module, "root": input.Root} {
		if w := p.Written; w == nil || w.By.Name != "msiexec.exe" || w.By.Role != "custom_action_server" || w.At != at || w.By.Written != nil {
			t.Errorf("%s: %+v", name, w)
		}
	}
	if w := input.Lineage[0].Written; w == nil || w.By.Name != "powershell.exe" || input.Lineage[1].Written != nil {
		t.Errorf("lineage: %+v", input.Lineage)
	}
}
