package policy

import (
	"slices"
	"strings"
	"time"
)

// Filling is a scope as it is put into a canary: one value for each kind of
// fact that an entry of the governance data has.
type Filling struct {
	Entry  string     // one of the entries with this scope, the first by name; "" for a change window alone
	Ticket string     // of the change window that is put in; "": that of no record
	Count  int        // how many entries have it
	Kinds  []FactKind // that are put in, in the order of the constants
	Whole  bool       // all that the entry has; else what does not suffice
	Now    time.Time  // when everything of it counts

	Host, User, Tool, Package      string
	Groups                         []string // host groups that the host is in
	Packages                       []string // that the change window names besides those of the canary
	Signer                         SignerFact
	SHA256, SHA1, Company, Product string

	key string // see shapes; "": that of its values
}

// SignerFact is a signature that a signer's record vouches for.
type SignerFact struct{ Subject, Issuer, Thumbprint string }

// standInSHA1 is a SHA-1 that no entry lists: a certificate record tells a
// file's signer by it.
const standInSHA1 = "5e0c1d2a5e0c1d2a5e0c1d2a5e0c1d2a5e0c1d2a"

func (f Filling) has(kind FactKind) bool { return slices.Contains(f.Kinds, kind) }

// Open tells whether a change window is put in.
func (f Filling) Open() bool { return f.has(FactChange) }

// values are what stands in the slots; what lowers the canary by itself stays out.
// It is nil where no kind of fact is left.
func (f Filling) values(without []FactKind) map[string]string {
	values := map[string]string{}
	any := false
	put := func(kind FactKind, slot, value string) {
		if f.has(kind) && !slices.Contains(without, kind) && value != "" {
			values[slot] = value
			any = true
		}
	}
	put(FactSHA256, "sha256", f.SHA256)
	put(FactSHA1, "sha1", f.SHA1)
	put(FactTool, "tool", f.Tool)
	put(FactSource, "package", f.Package)
	put(FactChange, "package", f.Package)
	if f.has(FactChange) && !slices.Contains(without, FactChange) {
		any = true // it stands in no slot: the gateway gives it beside the messages
	}
	if f.has(FactSigner) && !slices.Contains(without, FactSigner) {
		put(FactSigner, "signer", f.Signer.Subject)
		put(FactSigner, "issuer", f.Signer.Issuer)
		put(FactSigner, "thumbprint", f.Signer.Thumbprint)
		if values["signer"] == "" {
			values["signer"] = f.Signer.Thumbprint // a record that lists thumbprints alone is content with any name
		}
		if values["sha1"] == "" {
			values["sha1"] = standInSHA1
		}
	}
	if !any {
		return nil
	}
	for slot, value := range map[string]string{"host": f.Host, "user": f.User, "company": f.Company, "product": f.Product} {
		if value != "" {
			values[slot] = value
		}
	}
	return values
}

// Key tells fillings apart that a canary can tell apart. The digits of a hash
// are no part of it: the policy looks a hash up, so that one stands for all.
func (f Filling) Key() string {
	if f.key != "" {
		return f.key
	}
	kinds := make([]string, len(f.Kinds))
	for i, kind := range f.Kinds {
		kinds[i] = string(kind)
	}
	whole := "part"
	if f.Whole {
		whole = "whole"
	}
	return strings.Join([]string{
		whole, strings.Join(kinds, "+"), f.Host, f.User, f.Tool, f.Package, strings.Join(f.Groups, "+"),
		f.Signer.Subject, f.Signer.Issuer, f.Signer.Thumbprint, f.Company, f.Product,
	}, "\x00")
}

// String is the scope in words, for whoever reads a refusal.
func (f Filling) String() string {
	var words []string
	say := func(name, value string) {
		if value != "" {
			words = append(words, name+" "+value)
		}
	}
	for _, kind := range f.Kinds {
		switch kind {
		case FactSHA256:
			say("sha256", f.SHA256)
		case FactSHA1:
			say("sha1", f.SHA1)
		case FactSigner:
			say("signer", strings.TrimSpace(f.Signer.Subject+" "+f.Signer.Thumbprint))
		case FactTool:
			say("deployment tool", f.Tool)
		case FactSource:
			say("package", f.Package)
		case FactChange:
			words = append(words, strings.TrimSpace("an open change window "+f.Ticket))
		}
	}
	say("host", f.Host)
	say("host groups", strings.Join(f.Groups, "+"))
	say("user", f.User)
	return strings.Join(words, ", ")
}
