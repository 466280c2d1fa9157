package gateway

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/event/eventtest"
	"msigate/gateway/policy"
)

// retoldFolder has one golden file a story: how its decisions differ in each
// wire shape, and for want of which facts.
const retoldFolder = "../testdata/retold"

// retoldStories are told in every shape: an attack by a program and one by a
// module, an approved install, a program that a package carried, facts that come
// late, and installs that only MsiInstaller's records name or tell apart.
var retoldStories = []string{
	"approved-install", "attack-custom-action", "custom-action-dll", "extracted-exe", "late-signer", "task-after-nine-minutes", "two-installs-at-once", "wmi-install",
}

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

// retold is a story before any shipper wrote it down.
type retold struct {
	records []eventtest.Record
	stamps  []time.Time // of each record's message; zero where the story has none
}

// messages tells the story that way. Each message and record of it is one line
// of the story: of[sequence][record].
func (w telling) messages(t *testing.T, story retold) (all []*Message, of [][]int) {
	t.Helper()
	add := func(data []byte, lines ...int) {
		if data == nil {
			return
		}
		last := lines[len(lines)-1]
		all = append(all, &Message{
			Stream: bus.StreamEvents, Sequence: uint64(len(all)) + 1, Host: strings.ToLower(story.records[last].Host), Data: data, Stamp: story.stamps[last],
		})
		of = append(of, lines)
	}
	if w.batch {
		data, lines := eventtest.Batch(t, w.shape, story.records)
		add(data, lines...)
		return all, of
	}
	for i := range story.records {
		r := &story.records[i]
		data := r.Write(t, w.shape, i)
		if data == nil && w.log && r.Provider != event.ProviderSysmon {
			data = r.Write(t, "winlogbeat", i)
		}
		add(data, i)
		if w.shape == "defender" {
			add(r.Certificate(t), i) // from a table of its own
		}
	}
	return all, of
}

// decide gives the last Decision on each line of the story.
func (w telling) decide(t *testing.T, p *Policy, story retold) map[string]*policy.Decision {
	t.Helper()
	messages, of := w.messages(t, story)
	at := map[string]*policy.Decision{}
	for _, step := range toldBy(t, p, messages) {
		if step.Told == nil {
			continue
		}
		d := step.Told.Decision()
		at[fmt.Sprintf("line %2d", of[d.Trigger.Sequence-1][d.Trigger.Record]+1)] = d
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

func readRetold(t *testing.T, name string) retold {
	t.Helper()
	var story retold
	var lines [][]byte
	for _, m := range storyMessages(t, name) {
		lines, story.stamps = append(lines, m.Data), append(story.stamps, m.Stamp)
	}
	story.records = eventtest.Read(t, lines)
	return story
}

// The same story gets the same decisions whoever tells it, less what the shape
// truly lacks. That is named in missing wherever an answer differs, and it never
// makes one milder: what cannot be seen excuses nothing.
func TestStoriesAreDecidedAlikeInEveryShape(t *testing.T) {
	p := builtIn(t)
	for _, name := range retoldStories {
		t.Run(name, func(t *testing.T) {
			story := readRetold(t, name)
			want := telling{shape: "winlogbeat"}.decide(t, p, story)
			var golden strings.Builder
			fmt.Fprintf(&golden, "# %s\n\nIn its own shape:\n\n", name)
			lines := slices.Sorted(maps.Keys(want))
			for _, at := range lines {
				fmt.Fprintf(&golden, "%s  %s\n", at, answerLine(want[at]))
			}
			for _, w := range tellings() {
				compareTelling(t, &golden, w, want, w.decide(t, p, story))
			}
			checkGolden(t, filepath.Join(retoldFolder, name+".golden"), golden.String())
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
		fmt.Fprintf(golden, "%s  %s (in its own shape: %s)\n", at, answerLine(b), answerLine(a))
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
	for _, name := range []string{"approved-install", "attack-custom-action", "custom-action-dll", "extracted-exe"} { // each of one host
		story := readRetold(t, name)
		for _, shape := range eventtest.Shapes() {
			single := telling{shape: shape}.decide(t, p, story)
			batch := telling{shape: shape, batch: true}.decide(t, p, story)
			for at := range single {
				if answerLine(batch[at]) != answerLine(single[at]) {
					t.Errorf("%s in %s: %s in a batch is %s, alone %s", name, shape, at, answerLine(batch[at]), answerLine(single[at]))
				}
			}
			if len(batch) != len(single) {
				t.Errorf("%s in %s: %d decisions in a batch, alone %d", name, shape, len(batch), len(single))
			}
		}
	}
}
