package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

func (c *command) bundles() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Build, approve, sign, verify and look into policy and governance bundles",
		Long: `A bundle is what a gateway takes its policy or its allowlists from: an archive
(.tar.gz) in the format of Open Policy Agent, which opa itself reads and verifies.
Its way:

  keygen   once: a key pair for each person who approves or signs
  build    reviewed YAML, or a policy folder, becomes an unsigned archive
  approve  a second person signs that this very content may be published
  sign     the owner signs last
  verify   what a gateway would believe of it
  inspect  what it holds, what it changes, what is about to expire
  push     into its owner's object bucket, from where gateways take it`,
		Example: `  msigate bundle build --serial 7 --not-after 2027-03-01 -o governance.tar.gz bundles/governance
  msigate bundle approve --key second.key.pem governance.tar.gz
  msigate bundle sign --key owner.key.pem governance.tar.gz
  msigate bundle verify --key owner.pub.pem --approver second.pub.pem governance.tar.gz
  msigate bundle push --url nats://bus.corp.example:4222 governance.tar.gz`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		RunE:                  groupOnly,
	}
	cmd.AddCommand(c.bundleKeygen(), c.bundleBuild(), c.bundleApprove(), c.bundleSign(), c.bundleVerify(), c.bundleInspect(), c.bundlePush())
	return cmd
}

var bundleNames = []string{governance.NamePolicy, governance.NameGovernance, governance.NameBaseline}

// nameFlag adds --name, under which a bundle is read.
func nameFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "name", "", "`BUNDLE` it must be: policy, governance or baseline (default: what it says of itself)")
	complete(cmd, "name", bundleNames...)
}

func checkName(name string) error {
	if name == "" {
		return nil
	}
	for _, known := range bundleNames {
		if name == known {
			return nil
		}
	}
	return usageError(fmt.Errorf("--name %s: it is %s", name, strings.Join(bundleNames, ", ")))
}

// archives completes an argument with bundle archives.
func archives(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"gz"}, cobra.ShellCompDirectiveFilterFileExt
}

// readArchiveFile reads an archive as bytes, never more than a gateway would take.
func readArchiveFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usageError(fmt.Errorf("%s: %w", path, reason(err)))
	}
	if info.IsDir() {
		return nil, usageError(withHint(fmt.Errorf("%s: it is a folder, and this is done to an archive", path), "msigate bundle build makes one of it"))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	defer file.Close()
	limit := governance.DefaultLimits.Packed
	raw, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s: it is larger than the %d bytes that a gateway takes", path, limit)
	}
	return raw, nil
}

// writeArchiveFile writes a bundle beside its place and renames it there, so that
// a watching gateway never sees half of one. A file that is there keeps its mode,
// and a link to it stays; a device or a pipe is written into.
func writeArchiveFile(path string, b *governance.Bundle) (err error) {
	mode := os.FileMode(0o644)
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		if target, err := os.Readlink(path); err == nil { // a link to what is not there yet
			if folder, _ := filepath.Split(path); !filepath.IsAbs(target) {
				target = folder + target
			}
			return writeArchiveFile(target, b)
		}
	case err != nil: // also links that lead in a circle, which a rename would end
		return fmt.Errorf("write %s: %w", path, reason(err))
	case !info.Mode().IsRegular():
		return writeInto(path, b)
	default:
		mode = info.Mode().Perm()
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, reason(err))
		}
		path = target
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".msigate-bundle-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, reason(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err = b.WriteArchive(file); err == nil {
		err = file.Chmod(mode)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, reason(err))
	}
	return nil
}

func writeInto(path string, b *governance.Bundle) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, reason(err))
	}
	if err := errors.Join(b.WriteArchive(file), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, reason(err))
	}
	return nil
}

// bundleReport is what a command says of the bundle it made or looked at.
type bundleReport struct {
	File          string            `json:"file"`
	Bundle        string            `json:"bundle"`
	Summary       string            `json:"summary"`
	Revision      string            `json:"revision"`
	Serial        int64             `json:"serial"`              // 0: none
	NotAfter      *time.Time        `json:"not_after,omitempty"` // absent: none
	Signed        bool              `json:"signed"`
	SignedBy      string            `json:"signed_by,omitempty"`
	SignedAt      *time.Time        `json:"signed_at,omitempty"`
	Algorithm     string            `json:"algorithm,omitempty"`
	ApprovedBy    []string          `json:"approved_by"`
	Verified      bool              `json:"verified"`                 // false: signature and approvals are as the bundle says
	Entries       []inspectedEntry  `json:"entries,omitzero"`         // absent: not asked for
	ApprovedSince *time.Time        `json:"approved_since,omitempty"` // since when the bus that was asked notes approvals
	Changes       *bundleChanges    `json:"changes,omitempty"`
	names         map[string]string // what key files call the keys
}

type bundleChanges struct {
	Against     string                  `json:"against"`
	Summary     string                  `json:"summary"`
	Widens      bool                    `json:"widens"`
	Differences []governance.Difference `json:"differences"`
}

func reportOf(file string, b *governance.Bundle, claims governance.Claims) *bundleReport {
	r := &bundleReport{
		File: file, Bundle: b.Name, Summary: b.Summary, Revision: b.Revision, Serial: claims.Serial,
		Signed: claims.Signed, SignedBy: claims.KeyID, Algorithm: claims.Algorithm, ApprovedBy: []string{},
	}
	for _, a := range claims.Approvals {
		r.ApprovedBy = append(r.ApprovedBy, a.KeyID)
	}
	if !claims.NotAfter.IsZero() {
		r.NotAfter = &claims.NotAfter
	}
	if !claims.SignedAt.IsZero() {
		r.SignedAt = &claims.SignedAt
	}
	return r
}

// printBundle writes the report: what a person asks first comes first.
func (c *command) printBundle(output string, r *bundleReport) error {
	if output == "json" {
		encoder := json.NewEncoder(c.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(c.out, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(c.out, "%s: %s\n", r.File, r.Summary)
	row("revision", "%s", r.Revision)
	if r.Serial > 0 {
		row("serial", "%d", r.Serial)
	}
	if r.NotAfter != nil {
		row("not after", "%s", r.NotAfter.Format(time.RFC3339))
	}
	unproven := ""
	if !r.Verified {
		unproven = ", not verified"
	}
	if len(r.ApprovedBy) == 0 {
		row("approved by", "nobody")
	}
	for _, id := range r.ApprovedBy {
		row("approved by", "%s%s", r.key(id), unproven)
	}
	switch {
	case !r.Signed:
		row("signed by", "nobody")
	case r.SignedAt != nil:
		row("signed by", "%s, %s, %s%s", r.key(r.SignedBy), r.Algorithm, r.SignedAt.Format(time.RFC3339), unproven)
	default:
		row("signed by", "%s, %s%s", r.key(r.SignedBy), r.Algorithm, unproven)
	}
	return nil
}

func (r *bundleReport) key(id string) string {
	switch name := r.names[id]; {
	case id == "":
		return "a key without an id"
	case name != "":
		return fmt.Sprintf("%q (%s)", name, printable(id))
	default:
		return printable(id)
	}
}

// printable keeps what a bundle's author wrote from being taken for the terminal's.
func printable(text string) string {
	quoted := fmt.Sprintf("%q", text)
	if quoted == `"`+text+`"` {
		return text
	}
	return quoted
}
