package policy

import (
	"errors"
	"fmt"
)

// Canary is a sequence of raw wire messages with the least disposition that
// the last decided one must get. It is run through the whole way, from the
// scope test on, before a Snapshot becomes active.
type Canary struct {
	Name     string      `json:"-"`
	Title    string      `json:"title"`
	Signal   string      `json:"signal"`
	Least    Disposition `json:"least"`
	Messages []string    `json:"messages"`
}

func (c Canary) validate() error {
	switch {
	case c.Least != Alert && c.Least != Review:
		return fmt.Errorf("least is %q: it must be alert or review", c.Least)
	case len(c.Messages) == 0:
		return errors.New("messages is empty: a canary that sends nothing proves nothing")
	default:
		return nil
	}
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
