package finding

import (
	"strings"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// OCSF file type_id.
const fileRegular = 1

// newFile is nil where no path is known.
func newFile(path string) *File {
	if path == "" {
		return nil
	}
	name := base(path)
	if name == "" {
		name = path
	}
	return &File{
		Name:         clip(name, maxText),
		Path:         clip(path, maxText),
		ParentFolder: clip(strings.TrimRight(strings.TrimSuffix(path, name), `\/`), maxText),
		TypeID:       fileRegular,
		Type:         "Regular File",
	}
}

// executable is the file a process runs.
func executable(p *install.Process) *File {
	f := newFile(p.Image)
	if f == nil {
		return nil
	}
	f.describe(p.Company, p.Product, p.Description, p.FileVersion, p.OriginalFileName)
	f.Hashes = fingerprints(&p.Hashes)
	f.Signature = newSignature(&p.Signature)
	return f
}

// module is the file an image_load loaded.
func module(m *event.Module) *File {
	f := newFile(m.Path)
	if f == nil {
		return nil
	}
	f.describe(m.Company, m.Product, m.Description, m.FileVersion, m.OriginalFileName)
	f.Hashes = fingerprints(&m.Hashes)
	f.Signature = newSignature(&m.Signature)
	return f
}

// describe adds what a file says of itself: its author chose all of it.
func (f *File) describe(company, product, description, version, original string) {
	f.Company = clip(company, maxText)
	f.Desc = clip(description, maxText)
	f.Version = clip(version, maxText)
	f.InternalName = clip(original, maxText)
	if product != "" {
		f.Product = &Product{Name: clip(product, maxText)}
	}
}

func fingerprints(h *event.Hashes) []Fingerprint {
	var out []Fingerprint
	add := func(id int, algorithm, value string) {
		if value != "" {
			out = append(out, Fingerprint{AlgorithmID: id, Algorithm: algorithm, Value: clip(value, maxText)})
		}
	}
	add(3, "SHA-256", h.SHA256)
	add(2, "SHA-1", h.SHA1)
	add(1, "MD5", h.MD5)
	add(99, "Imphash", h.Imphash)
	return out
}

// signatureStates maps the sensor's word to OCSF's state_id.
var signatureStates = map[string]int{
	"valid": 1, "expired": 2, "revoked": 3, "suspended": 4, "pending": 5, "untrusted": 6, "distrusted": 7,
	"wrongusage": 8, "bad": 9, "broken": 10,
}

// newSignature is nil where the sensor could not tell and where there is no
// signature: a missing one must not read as a bad one.
func newSignature(s *event.Signature) *DigitalSignature {
	if !s.Known || !s.Signed {
		return nil
	}
	id, ok := signatureStates[event.LowerASCII(s.Status)]
	switch {
	case s.Status == "":
		id = 0
	case !ok:
		id = 99
	}
	return &DigitalSignature{AlgorithmID: 4, Algorithm: "Authenticode", StateID: id, State: clip(s.Status, maxText)}
}
