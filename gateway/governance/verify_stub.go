package governance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// To be replaced by the branch bundles5.

type Key struct{ ID string }
type Keys map[string]Key
type Floor struct {
	Serial   int64
	Revision string
}
type Trust struct {
	Name          string
	Keys          Keys
	Approvers     Keys
	AllowUnsigned bool
	Floor         Floor
	Now           time.Time
}

var (
	ErrUnsigned     = errors.New("is not signed")
	ErrPastNotAfter = errors.New("past not_after")
	ErrNotAfter     = errors.New("is past its not_after")
	ErrKey          = errors.New("signed by no key of the bundle")
	ErrSerial       = errors.New("serial is below the floor")
)

func ReadKey(file string) (Key, error) {
	raw, err := os.ReadFile(file)
	return Key{ID: strings.TrimSpace(string(raw))}, err
}

type stubMeta struct {
	Serial     int64     `json:"serial"`
	NotAfter   time.Time `json:"not_after"`
	SignedBy   string    `json:"stub_signed_by"`
	ApprovedBy []string  `json:"stub_approved_by"`
}

func Verify(raw []byte, trust Trust) (*Bundle, error) {
	b, err := ReadArchive(bytes.NewReader(raw), trust.Name)
	if err != nil {
		return nil, err
	}
	var m stubMeta
	text, _ := json.Marshal(b.Content.Manifest.Metadata)
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	if m.SignedBy == "" {
		if !trust.AllowUnsigned {
			return nil, ErrUnsigned
		}
		if trust.Floor.Serial > 0 {
			return nil, fmt.Errorf("%w", ErrSerial)
		}
		return b, nil
	}
	if _, ok := trust.Keys[m.SignedBy]; !ok {
		return nil, fmt.Errorf("%w: %s", ErrKey, m.SignedBy)
	}
	b.Serial, b.NotAfter, b.SignedBy = m.Serial, m.NotAfter, m.SignedBy
	for _, id := range m.ApprovedBy {
		if id != m.SignedBy {
			b.ApprovedBy = append(b.ApprovedBy, id)
		}
	}
	if m.Serial < trust.Floor.Serial || m.Serial == trust.Floor.Serial && b.Revision != trust.Floor.Revision {
		return nil, fmt.Errorf("%w: %d", ErrSerial, m.Serial)
	}
	if !m.NotAfter.IsZero() && trust.Now.After(m.NotAfter) {
		if m.Serial == trust.Floor.Serial {
			return b, ErrPastNotAfter
		}
		return nil, ErrNotAfter
	}
	return b, nil
}

type Changes struct {
	widens  bool
	summary string
}

func Compare(before, after *Bundle) Changes {
	ids := func(b *Bundle) []string {
		all, _ := b.Content.Data["governance"].(map[string]any)
		entries, _ := all["installers"].(map[string]any)
		return sortedKeys(entries)
	}
	old, now := ids(before), ids(after)
	for _, id := range now {
		if !slices.Contains(old, id) {
			return Changes{true, "1 added"}
		}
	}
	if before.Name != NameGovernance {
		return Changes{true, "policy"}
	}
	return Changes{false, "narrower"}
}
func (c Changes) Widens() bool    { return c.widens }
func (c Changes) Summary() string { return c.summary }
