package event

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event/eventtest"
)

// The attack and the approved install, told in every shape,
// decode to the same facts, less what the shape truly lacks: and that is named.
func TestAnAttackAndAnInstallAreTheSameStoryInEveryShape(t *testing.T) {
	for _, story := range []string{"attack-custom-action", "approved-install", "custom-action-dll", "extracted-exe"} {
		text, err := os.ReadFile("../../testdata/stories/" + story + "/events.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		records := eventtest.Read(t, lines)
		for _, shape := range storyShapes {
			starts := 0
			for i, r := range records {
				message := r.Write(t, string(shape), i)
				want := *decodeOne(t, lines[i])
				if message == nil {
					if want.Kind == KindProcessStart && want.Provider == ProviderSysmon {
						t.Errorf("%s in %s: a start is not told", story, shape)
					}
					continue
				}
				switch {
				case isSensor(shape):
					want = sensorForm(want, &r, shape)
				case shape == ShapeFluentBit && want.Provider != ProviderSysmon:
					want.Time = want.Time.Truncate(time.Second)
				}
				want.Shape = shape
				got := decodeOne(t, message)
				if got.Kind == KindProcessStart {
					starts++
				}
				t.Run(story+"/"+string(shape), func(t *testing.T) { assertEvent(t, got, &want) })
				for _, name := range lacks[shape][got.Kind] {
					if !strings.HasSuffix(name, ".imphash") && !slices.Contains(got.Missing, name) {
						t.Errorf("%s in %s: %s is lacking and not missing", story, shape, name)
					}
				}
			}
			if starts == 0 && story == "attack-custom-action" {
				t.Errorf("%s in %s: nothing starts", story, shape)
			}
		}
	}
}
