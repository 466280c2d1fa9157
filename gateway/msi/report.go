package msi

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Report is what one file is and does. Apart from hashes and signature it is
// what the author wrote.
type Report struct {
	File string `json:"file"` // as it was given
	Kind Kind   `json:"kind"`
	Size int64  `json:"size"`
	hashes

	Signature *Signature `json:"signature"` // null: unsigned
	Product   Product    `json:"product"`
	Summary   *Summary   `json:"summary,omitempty"`

	Actions  []Action   `json:"custom_actions"`
	Binaries []Binary   `json:"binaries"`                 // every row of the Binary table, and the like in storages
	Files    []File     `json:"files,omitempty"`          // installed files that an action or service runs
	Services []Service  `json:"services,omitempty"`       // ServiceInstall
	Registry []Registry `json:"registry,omitempty"`       // values by which something is started or trusted
	Embedded []Embedded `json:"embedded,omitempty"`       // MsiEmbeddedUI, MsiEmbeddedChainer, nested storages
	Tables   []string   `json:"tables,omitempty"`         // of the database, in its order
	Trailing int64      `json:"trailing_bytes,omitempty"` // behind the compound file, where no signature reaches

	Notes []Note `json:"notes"` // what to read first
}

// Kind is told by the class identifier of the root storage.
type Kind string

// The kinds of Windows Installer files.
const (
	Package   Kind = "package"   // .msi, and .msm
	Patch     Kind = "patch"     // .msp
	Transform Kind = "transform" // .mst
	Other     Kind = "unknown"
)

var classes = map[string]Kind{
	"{000C1084-0000-0000-C000-000000000046}": Package,
	"{000C1086-0000-0000-C000-000000000046}": Patch,
	"{000C1082-0000-0000-C000-000000000046}": Transform,
}

// Product is what the Property table claims.
type Product struct {
	Code         string   `json:"product_code,omitempty"`
	Name         string   `json:"name,omitempty"`
	Version      string   `json:"version,omitempty"`
	Manufacturer string   `json:"manufacturer,omitempty"`
	UpgradeCode  string   `json:"upgrade_code,omitempty"`
	AllUsers     string   `json:"all_users,omitempty"` // ALLUSERS: 1 per machine, 2 by the user's rights, "" per user
	Replaces     []string `json:"replaces,omitempty"`  // upgrade codes of the products that it removes, besides its own
}

// Binary is a stream that the package carries for its actions.
type Binary struct {
	Table   string `json:"table"` // Binary, or MsiEmbeddedUI
	Name    string `json:"name"`
	Storage string `json:"storage,omitempty"` // the nested storage that it lies in
	Content string `json:"content"`           // by its first bytes, e.g. "DLL", "EXE", "text"
	Size    int64  `json:"size"`
	hashes
	RunBy []string `json:"run_by,omitempty"` // the actions whose source it is

	// Extracted says that Windows Installer extracts it to a file MSIxxxx.tmp and
	// runs or loads that: an event shows these hashes.
	Extracted bool `json:"extracted,omitempty"`
}

// File is a row of the File table that something in the package runs.
type File struct {
	Key       string   `json:"key"`
	Name      string   `json:"name"`
	Component string   `json:"component,omitempty"`
	hashes             // "" where the file lies outside, or is packed in a way that is not read
	Cabinet   string   `json:"cabinet,omitempty"`
	RunBy     []string `json:"run_by,omitempty"`
}

// Service is a row of ServiceInstall.
type Service struct {
	Name      string `json:"name"`
	Shown     string `json:"display_name,omitempty"`
	Start     string `json:"start"`
	Account   string `json:"account"`
	Arguments string `json:"arguments,omitempty"`
	File      string `json:"file,omitempty"`
}

// Registry is a row of the Registry table that starts, or has trusted, something.
type Registry struct {
	Key   string `json:"key"` // with its root
	Name  string `json:"name,omitempty"`
	Value string `json:"value,omitempty"`
	Why   string `json:"why"`
}

// Embedded is what Windows Installer runs of a package besides custom actions.
type Embedded struct {
	What   string `json:"what"` // the table, or "storage"
	Name   string `json:"name"`
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
}

// Note is something about a package that a reviewer should know.
type Note struct {
	Serious bool   `json:"serious"` // it is how attacks look; the rest is worth knowing
	About   string `json:"about"`   // e.g. custom action Launch
	Says    string `json:"says"`
}

// Inspect reads a Windows Installer file. It runs nothing. An error means that
// the file is none, contradicts itself or goes beyond a bound: then nothing of
// it is told, since half a report would hide the other half.
func Inspect(r io.ReaderAt, size int64) (*Report, error) {
	c, err := openContainer(r, size)
	if err != nil {
		return nil, err
	}
	report := &Report{Kind: classes[c.root.file.ID()], Size: size, Actions: []Action{}, Binaries: []Binary{}, Notes: []Note{}}
	if report.Kind == "" {
		report.Kind = Other
	}
	if report.hashes, err = hashOf(io.NewSectionReader(r, 0, size)); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if report.Summary, err = readSummary(c); err != nil {
		return nil, err
	}
	report.Signature = readSignature(c)
	if report.Trailing, err = trailing(r, size); err != nil {
		return nil, err
	}
	if err := report.readStreams(c); err != nil {
		return nil, err
	}
	if report.Kind != Transform || c.tables["_StringPool"] != nil && c.tables["_Tables"] != nil {
		db, err := openDatabase(c.tableStream)
		if err != nil {
			return nil, err
		}
		if err := report.readDatabase(c, db); err != nil {
			return nil, err
		}
	}
	report.note()
	return report, nil
}

func hashOf(r io.Reader) (hashes, error) {
	one, two := sha1.New(), sha256.New()
	if _, err := io.CopyBuffer(io.MultiWriter(one, two), struct{ io.Reader }{r}, make([]byte, readChunk)); err != nil {
		return hashes{}, err
	}
	return hashes{hex.EncodeToString(one.Sum(nil)), hex.EncodeToString(two.Sum(nil))}, nil
}

// readStreams hashes what actions may use, in the root and in every storage.
func (r *Report) readStreams(c *container) error {
	for _, e := range c.entries {
		if e.storage {
			r.Embedded = append(r.Embedded, Embedded{What: "storage", Name: e.String()})
			continue
		}
		// A row's stream is named by its table and its key.
		table, name, ok := strings.Cut(e.name, ".")
		if !ok || e.table || table != "Binary" && table != "MsiEmbeddedUI" {
			continue
		}
		h, err := hashOf(e.reader())
		if err != nil {
			return err
		}
		head, err := e.head(4096)
		if err != nil {
			return err
		}
		r.Binaries = append(r.Binaries, Binary{Table: table, Name: name, Storage: e.where, Content: contentOf(head), Size: e.size, hashes: h})
	}
	return nil
}
