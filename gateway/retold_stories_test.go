package gateway

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/event/eventtest"
	"msigate/gateway/policy"
)

// retoldFolder has one golden file a story: how its decisions differ in each
// wire shape, and for want of which facts.
const retoldFolder = "../testdata/retold"

// retoldStories are told in every shape: an attack by a program and one by a
// module, an approved install, and a program that a package carried.
var retoldStories = []string{"approved-install", "attack-custom-action", "custom-action-dll", "extracted-exe"}

// telling is a way in which a story comes: a shape, and what comes beside it.
type telling struct {
	name  string
	shape string
	log   bool // what the shape has no like of comes as winlogbeat ships it: the Application log
	batch bool // the whole story is one message
}

func (w telling) sensor() bool {
	return w.shape == "defender" || w.shape == "elastic" || w.shape == "ocsf"
}

// tellings are all ways: each shape; an endpoint sensor with the Application log
// besides; winlogbeat's Sysmon module always has it.
func tellings() []telling {
	var all []telling
	for _, shape := range eventtest.Shapes() {
		w := telling{name: shape, shape: shape, log: shape == "winlogbeat_ecs"}
		all = append(all, w)
		if w.sensor() {
			w.name, w.log = shape+" and the Application log", true
			all = append(all, w)
		}
	}
	return all
}

// messages tells the story's records that way. Each message and record of it is
// one line of the story: of[sequence][record].
func (w telling) messages(t *testing.T, records []eventtest.Record) (all []*Message, of [][]int) {
	t.Helper()
	add := func(data []byte, lines ...int) {
		host := strings.ToLower(records[lines[0]].Host)
		all = append(all, &Message{Stream: bus.StreamEvents, Sequence: uint64(len(all)) + 1, Host: host, Data: data})
		of = append(of, lines)
	}
	if w.batch {
		data, lines := eventtest.Batch(t, w.shape, records)
		add(data, lines...)
		return all, of
	}
	for i := range records {
		data := records[i].Write(t, w.shape, i)
		if data == nil && w.log && records[i].Provider != "Microsoft-Windows-Sysmon" {
			data = records[i].Write(t, "winlogbeat", i)
		}
		if data != nil {
			add(data, i)
		}
	}
	return all, of
}

// decide gives the decisions on the story by its lines and their causes.
func (w telling) decide(t *testing.T, p *Policy, records []eventtest.Record) map[string]*policy.Decision {
	t.Helper()
	messages, of := w.messages(t, records)
	at := map[string]*policy.Decision{}
	for _, told := range toldBy(t, p, messages) {
		d := told.step.Told.Decision()
		at[fmt.Sprintf("line %2d", of[d.Trigger.Sequence-1][d.Trigger.Record]+1)] = d // the last one stands
	}
	return at
}

// answerLine is a Decision and its install in one line.
func answerLine(d *policy.Decision) string {
	if d == nil {
		return "not told"
	}
	line := string(d.Answer.Disposition)
	if d.Answer.Severity != policy.Informational {
		line += " " + string(d.Answer.Severity)
	}
	for _, s := range d.Answer.Signals {
		line += " " + s.ID
	}
	if d.Answer.Approval != nil {
		line += " by " + d.Answer.Approval.Entry
	}
	if session := d.Context.Session; session != nil && session.Package != nil {
		line += ", of " + event.Base(session.Package.Name)
	}
	return line
}

func storyRecords(t *testing.T, story string) []eventtest.Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(storyFolder, story, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return eventtest.Read(t, bytes.Split(bytes.TrimSpace(text), []byte("\n")))
}

// The same story gets the same decisions whoever tells it, less what the shape
// truly lacks. That is named in missing wherever an answer differs, and it never
// makes one milder: what cannot be seen excuses nothing.
func TestStoriesAreDecidedAlikeInEveryShape(t *testing.T) {
	p := builtIn(t)
	for _, story := range retoldStories {
		t.Run(story, func(t *testing.T) {
			records := storyRecords(t, story)
			want := telling{shape: "winlogbeat"}.decide(t, p, records)
			var golden strings.Builder
			fmt.Fprintf(&golden, "# %s\n\nIn its own shape:\n\n", story)
			lines := slices.Sorted(maps.Keys(want))
			for _, at := range lines {
				fmt.Fprintf(&golden, "%s  %s\n", at, answerLine(want[at]))
			}
			for _, w := range tellings() {
				compareTelling(t, &golden, w, want, w.decide(t, p, records))
			}
			checkGolden(t, filepath.Join(retoldFolder, story+".golden"), golden.String())
		})
	}
}

// compareTelling writes down how a telling differs, and fails where it may not.
func compareTelling(t *testing.T, golden *strings.Builder, w telling, want, got map[string]*policy.Decision) {
	t.Helper()
	fmt.Fprintf(golden, "\n## %s\n\n", w.name)
	lacking, alike := map[string]bool{}, true
	for _, at := range slices.Sorted(maps.Keys(want)) {
		a, b := want[at], got[at]
		var more []string
		if b != nil {
			for _, fact := range b.Answer.Missing {
				if !slices.Contains(a.Answer.Missing, fact) {
					more = append(more, fact)
					lacking[fact] = true
				}
			}
		}
		if answerLine(a) == answerLine(b) {
			continue
		}
		alike = false
		fmt.Fprintf(golden, "%s  %s, not %s\n", at, answerLine(b), answerLine(a))
		switch {
		case b == nil && !w.sensor():
			t.Errorf("%s: %s is not decided", w.name, at)
		case b == nil:
		case len(more) == 0:
			t.Errorf("%s: %s is %s, not %s, and nothing is missing", w.name, at, answerLine(b), answerLine(a))
		case !b.Answer.Disposition.AtLeast(a.Answer.Disposition) && !(a.Answer.Disposition == policy.Alert && b.Answer.Disposition == policy.Review):
			t.Errorf("%s: %s is milder, %s, for want of %v", w.name, at, answerLine(b), more)
		}
	}
	for at := range got {
		if want[at] == nil {
			t.Errorf("%s: %s is decided here alone: %s", w.name, at, answerLine(got[at]))
		}
	}
	if alike {
		golden.WriteString("the same\n")
	}
	for _, fact := range slices.Sorted(maps.Keys(lacking)) {
		fmt.Fprintf(golden, "missing: %s\n", fact)
	}
}

// A batch is decided as its records one by one are.
func TestAStoryInOneBatchIsDecidedAsItsRecordsAre(t *testing.T) {
	p := builtIn(t)
	for _, story := range retoldStories {
		records := storyRecords(t, story)
		for _, shape := range eventtest.Shapes() {
			single := telling{shape: shape}.decide(t, p, records)
			batch := telling{shape: shape, batch: true}.decide(t, p, records)
			for at := range single {
				if batch[at] == nil || answerLine(batch[at]) != answerLine(single[at]) {
					t.Errorf("%s in %s: %s in a batch is %s, alone %s", story, shape, at, answerLine(batch[at]), answerLine(single[at]))
				}
			}
			if len(batch) != len(single) {
				t.Errorf("%s in %s: %d decisions in a batch, alone %d", story, shape, len(batch), len(single))
			}
		}
	}
}
