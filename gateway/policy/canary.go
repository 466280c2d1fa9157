package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/util"

	"msigate/policies"
)

// Canary is a sequence of raw wire messages with the least disposition that
// the last one must get. It is run through the whole way, from the scope test
// on, before a Snapshot becomes active: as it stands, and with the scope of the
// entries of the governance data put into its slots (docs/decisions/0011).
type Canary struct {
	Name   string      `json:"-"`
	Title  string      `json:"title"`
	Signal string      `json:"signal"` // that its last message fires, whatever else does
	Least  Disposition `json:"least"`
	// Excusable: an entry whose facts suffice may excuse it. Where it is absent no
	// entry may, however much of its scope the canary shows.
	Excusable bool `json:"excusable,omitempty"`
	// Exclusion is the exclusion of other rule sets that would hide it; "" where it
	// stands for a signal alone.
	Exclusion string `json:"exclusion,omitempty"`
	// Floor: it belongs to the set that is compiled into the binary and that no
	// bundle can drop or weaken. What a bundle says here of its own has no effect.
	Floor bool `json:"floor,omitempty"`
	// LoweredBy names facts that lower it by themselves, whoever approves them: what
	// is signed is less of an alarm than what is not. They are not put in.
	LoweredBy []FactKind `json:"lowered_by,omitempty"`
	// Messages are as a shipper sends them. A slot, {{name|default}}, stands for its
	// default here; Fill puts something else in.
	Messages []string `json:"messages"`

	templates [][]part // Messages with their slots
}

// compile checks a canary that was read and takes its slots apart.
func (c *Canary) compile() error {
	switch {
	case c.Least != Alert && c.Least != Review:
		return fmt.Errorf("least is %q: it must be alert or review", c.Least)
	case len(c.Messages) == 0:
		return errors.New("messages is empty: a canary that sends nothing proves nothing")
	case c.Excusable && c.Exclusion != "":
		return errors.New("excusable is true: what an exclusion of other rule sets hides is excused by nothing")
	}
	for _, kind := range c.LoweredBy {
		if !slices.Contains(factKinds, kind) {
			return fmt.Errorf("lowered_by: %q is none of %v", kind, factKinds)
		}
	}
	c.templates = make([][]part, len(c.Messages))
	messages := make([]string, len(c.Messages))
	for i, text := range c.Messages {
		parts, err := parseSlots(text)
		if err != nil {
			return fmt.Errorf("messages: number %d: %w", i+1, err)
		}
		c.templates[i], messages[i] = parts, fill(parts, nil)
	}
	c.Messages = messages
	return nil
}

// readCanaries makes canaries of data.canaries, sorted by name.
func readCanaries(byName map[string]Canary) ([]Canary, error) {
	canaries := make([]Canary, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		canary := byName[name]
		canary.Name = name
		if err := canary.compile(); err != nil {
			return nil, fmt.Errorf("read data.canaries.%s: %w", name, err)
		}
		canaries = append(canaries, canary)
	}
	return canaries, nil
}

// Floor are the canaries that every policy must see, whatever its bundle says:
// those of the binary's own policy that are marked floor, sorted by name.
var Floor = sync.OnceValues(func() ([]Canary, error) {
	files, err := fs.Glob(policies.FS, "canaries/*/data.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the floor set of canaries: %w", err)
	}
	byName := map[string]Canary{}
	for _, file := range files {
		raw, err := policies.FS.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the floor set of canaries: %w", err)
		}
		var canary Canary
		if err := util.Unmarshal(raw, &canary); err != nil {
			return nil, fmt.Errorf("read the floor set of canaries: %s: %w", file, err)
		}
		if canary.Floor {
			byName[file[len("canaries/"):len(file)-len("/data.yaml")]] = canary
		}
	}
	return readCanaries(byName)
})

// withFloor is the floor set, and what a bundle has besides. A canary of the same
// name is replaced, so that it cannot be weakened, and no name of a signal is
// asked of a policy that does not give one itself.
func withFloor(own []Canary) ([]Canary, error) {
	floor, err := Floor()
	if err != nil {
		return nil, err
	}
	byName := map[string]Canary{}
	for _, canary := range own {
		canary.Floor = false
		byName[canary.Name] = canary
	}
	for _, canary := range floor {
		canary.Signal = byName[canary.Name].Signal
		byName[canary.Name] = canary
	}
	all := make([]Canary, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all, nil
}

// rank orders dispositions from harmless to alarming.
var rank = map[Disposition]int{Expected: 0, Approved: 1, Review: 2, Alert: 3}

// AtLeast tells whether d is as alarming as least, or more.
func (d Disposition) AtLeast(least Disposition) bool { return rank[d] >= rank[least] }

// Known tells whether d is one of the four dispositions.
func (d Disposition) Known() bool { _, ok := rank[d]; return ok }

// Known tells whether s is one of the five severities.
func (s Severity) Known() bool {
	switch s {
	case Informational, Low, Medium, High, Critical:
		return true
	default:
		return false
	}
}
