package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// Facts is all that one evaluation reads besides the Snapshot itself.
type Facts struct {
	Context *install.Context
	Host    string   // lower-cased, DNS suffix stripped
	Groups  []string // host groups; nil: in no group
	// Changes are change windows for a group that the host is in, open or not: those
	// beyond MaxChanges are left out. nil: none is known.
	Changes []Change
	Now     time.Time
	// Received is the stamp of the message that carried the Event; offline the
	// Event's time. What is pending is due so long after it, however often the
	// Event is decided. Zero: Now.
	Received time.Time
}

// MaxChanges bounds the change windows that one evaluation is given.
const MaxChanges = 16

// Change is a change window as it was recorded. Whether it covers a package and
// counts is the policy's to say (policies/lib/approvals/change.rego): an opener
// is not the approver, the group is never all, it lasts at most 14 days, and it
// was opened before what it is to explain.
type Change struct {
	Ticket    string    // e.g. CHG-1042
	Opener    string    // who asked for the change
	Approver  string    // who approved it
	HostGroup string    // the hosts it is for
	Packages  []string  // each a full path, URL, file name, ProductCode or SHA-256
	Begin     time.Time // the window is open from Begin
	End       time.Time // until before End
	Opened    time.Time // the server's stamp of the record: later than an event, it is retroactive
}

// inputValue builds the policy input straight as OPA values: going through a
// map and encoding/json costs more than the evaluation (docs/performance.md).
// Its shape is policies/schemas/input.json. Strings are ASCII-lower-cased here
// and nowhere else; what is empty is absent. sessions keeps the terms of those
// asked for before.
func inputValue(f Facts, sessions *sessionTerms) ast.Value {
	c := f.Context
	var processes processTerms
	o := newObject(14)
	o.set("event", eventTerm(f))
	o.object("process", processes.term(&c.Process))
	o.set("lineage", processes.terms(c.Lineage))
	o.object("parent", processes.term(&c.Parent))
	o.object("root", processes.term(&c.Root))
	o.object("module", moduleTerm(loaded(c), c.ModuleWritten))
	o.object("file", fileTerm(&c.Event.File))
	if c.Session != nil {
		o.set("session", sessions.term(c.Session))
	}
	host := newObject(4)
	host.set("name", ast.StringTerm(event.LowerASCII(f.Host)))
	host.set("groups", stringsTerm(f.Groups))
	host.set("sends", stringsTerm(c.Sends))
	host.integer("root_certificate", c.RootCertificate)
	o.set("host", host.term())
	if len(f.Changes) > 0 {
		o.set("change", changesTerm(f.Changes[:min(len(f.Changes), MaxChanges)]))
	}
	o.set("missing", stringsTerm(c.Missing))
	o.set("now", timeTerm(f.Now))
	return o.term().Value
}

func changesTerm(changes []Change) *ast.Term {
	terms := make([]*ast.Term, len(changes))
	for i := range changes {
		c := &changes[i]
		o := newObject(8)
		// All are there, and empty where nobody said: no window counts by what is absent.
		o.set("ticket", ast.StringTerm(event.LowerASCII(c.Ticket)))
		o.set("opener", ast.StringTerm(event.LowerASCII(c.Opener)))
		o.set("approver", ast.StringTerm(event.LowerASCII(c.Approver)))
		o.set("host_group", ast.StringTerm(event.LowerASCII(c.HostGroup)))
		o.set("packages", stringsTerm(c.Packages))
		o.set("begin", timeTerm(c.Begin))
		o.set("end", timeTerm(c.End))
		o.set("opened", timeTerm(c.Opened))
		terms[i] = o.term()
	}
	return ast.ArrayTerm(terms...)
}

func eventTerm(f Facts) *ast.Term {
	e := f.Context.Event
	o := newObject(11)
	o.set("kind", ast.StringTerm(string(e.Kind)))
	o.set("id", integerTerm(int64(e.EventID)))
	o.set("provider", ast.StringTerm(event.LowerASCII(e.Provider)))
	o.string("channel", e.Channel)
	o.string("shape", string(e.Shape))
	o.set("time", timeTerm(e.Time))
	received := f.Received
	if received.IsZero() {
		received = f.Now
	}
	o.set("received", timeTerm(received))
	o.set("mangled", stringsTerm(e.Mangled))
	switch e.Kind {
	case event.KindInstall:
		o.object("install", installerTerm(&e.Installer, f.Context.Package))
	case event.KindRegistry:
		r := newObject(5)
		r.string("operation", e.Registry.Operation)
		r.string("key", e.Registry.Key)
		r.string("value", e.Registry.Value)
		r.string("new_name", e.Registry.NewName)
		if program := event.CommandProgram(e.Registry.Value); program != "" {
			p := newObject(3)
			p.path("path", "name", program)
			r.set("program", p.term())
		}
		o.object("registry", r.termOrNil())
	case event.KindNetwork, event.KindDNS:
		n := newObject(7)
		n.string("protocol", e.Network.Protocol)
		n.string("destination_ip", e.Network.DestinationIP)
		n.string("destination_host", e.Network.DestinationHost)
		n.integer("destination_port", int64(e.Network.DestinationPort))
		n.string("query_name", e.Network.QueryName)
		n.string("query_status", e.Network.QueryStatus)
		n.string("query_results", e.Network.QueryResults)
		o.object("network", n.termOrNil())
	default:
	}
	return o.term()
}

func installerTerm(i *event.Installer, pkg *install.Package) *ast.Term {
	o := newObject(8)
	if pkg != nil {
		o.set("package", packageTerm(pkg))
	}
	o.integer("client_pid", int64(i.ClientPID))
	o.string("product", i.Product)
	o.string("version", i.Version)
	o.string("language", i.Language)
	o.string("status", i.Status)
	o.string("manufacturer", i.Manufacturer)
	o.string("product_code", i.ProductCode)
	return o.termOrNil()
}

// loaded is the module of the record, with its signer where only another record told it.
func loaded(c *install.Context) *event.Module {
	if c.Event.Module.Signature.Known || !c.Module.Signature.Known {
		return &c.Event.Module
	}
	m := c.Event.Module
	m.Signature = c.Module.Signature
	return &m
}

func moduleTerm(m *event.Module, written *install.Written) *ast.Term {
	o := newObject(15)
	o.path("path", "name", m.Path)
	o.string("original_file_name", m.OriginalFileName)
	o.string("company", m.Company)
	o.string("product", m.Product)
	o.string("description", m.Description)
	o.string("file_version", m.FileVersion)
	o.hashes(m.Hashes)
	o.object("signer", signerTerm(m.Signature))
	if written != nil && !o.empty() {
		o.set("written", writtenTerm(written))
	}
	return o.termOrNil()
}

func fileTerm(f *event.File) *ast.Term {
	o := newObject(9)
	o.path("path", "name", f.Path)
	o.string("stream", f.Stream)
	o.string("contents", f.Contents)
	o.hashes(f.Hashes)
	return o.termOrNil()
}

// signerTerm is nil where the sensor could not tell: absent is unknown, never unsigned.
func signerTerm(s event.Signature) *ast.Term {
	if !s.Known {
		return nil
	}
	o := newObject(5)
	o.set("signed", ast.InternedTerm(s.Signed))
	o.string("status", s.Status)
	o.string("subject", s.Subject)
	o.string("issuer", s.Issuer)
	o.string("thumbprint", s.Thumbprint)
	return o.term()
}

func packageTerm(p *install.Package) *ast.Term {
	o := newObject(4)
	o.set("kind", ast.StringTerm(string(p.Kind)))
	name := event.LowerASCII(p.Name)
	o.set("name", ast.StringTerm(name))
	if p.Kind != install.PackageProductCode {
		o.set("file", ast.StringTerm(event.Base(name)))
		o.set("folders", stringsTerm(event.Folders(name)))
	}
	return o.term()
}

func commandLineTerm(c *install.CommandLine) *ast.Term {
	o := newObject(9)
	o.set("verb", ast.StringTerm(c.Verb))
	if c.Package != nil {
		o.set("package", packageTerm(c.Package))
	}
	o.set("patches", packagesTerm(c.Patches))
	o.set("others", packagesTerm(c.Others))
	properties := newObject(len(c.Properties))
	for name, value := range c.Properties {
		properties.set(event.LowerASCII(name), ast.StringTerm(event.LowerASCII(value)))
	}
	o.set("properties", properties.term())
	o.set("transforms", stringsTerm(c.Transforms))
	if files := transformFiles(c.Transforms); len(files) > 0 {
		o.set("transform_files", packagesTerm(files))
	}
	o.set("quiet", ast.StringTerm(c.Quiet))
	o.string("suffix", c.Suffix)
	return o.term()
}

// transformFiles are the transforms that name a file: ":name" is one inside the
// package, and "@" or "|" before a list asks for them to be kept
// (learn.microsoft.com, "TRANSFORMS Property").
func transformFiles(transforms []string) []install.Package {
	var files []install.Package
	for i, name := range transforms {
		if i == 0 {
			name = strings.TrimLeft(name, "@|")
		}
		if name != "" && name[0] != ':' {
			files = append(files, install.ParsePackage(name, ""))
		}
	}
	return files
}

func packagesTerm(packages []install.Package) *ast.Term {
	terms := make([]*ast.Term, len(packages))
	for i := range packages {
		terms[i] = packageTerm(&packages[i])
	}
	return ast.ArrayTerm(terms...)
}

func stringsTerm(values []string) *ast.Term {
	terms := make([]*ast.Term, len(values))
	for i, v := range values {
		terms[i] = ast.StringTerm(event.LowerASCII(v))
	}
	return ast.ArrayTerm(terms...)
}

func integerTerm(v int64) *ast.Term {
	return ast.NewTerm(ast.Number(strconv.FormatInt(v, 10)))
}

// timeTerm is nanoseconds since 1970; 0 where no time is known, for which
// UnixNano has no defined value.
func timeTerm(t time.Time) *ast.Term {
	if t.IsZero() {
		return integerTerm(0)
	}
	return integerTerm(t.UnixNano())
}

// object collects the pairs of one OPA object, leaving out what is empty.
type object struct{ pairs [][2]*ast.Term }

func newObject(capacity int) *object {
	return &object{pairs: make([][2]*ast.Term, 0, capacity)}
}

func (o *object) set(key string, value *ast.Term) {
	o.pairs = append(o.pairs, [2]*ast.Term{ast.InternedTerm(key), value})
}

func (o *object) string(key, value string) {
	if value != "" {
		o.set(key, ast.StringTerm(event.LowerASCII(value)))
	}
}

func (o *object) integer(key string, value int64) {
	if value != 0 {
		o.set(key, integerTerm(value))
	}
}

func (o *object) object(key string, value *ast.Term) {
	if value != nil {
		o.set(key, value)
	}
}

// path sets a path, its last element under nameKey, and its folders.
func (o *object) path(key, nameKey, value string) {
	if value == "" {
		return
	}
	lower := event.LowerASCII(value)
	o.set(key, ast.StringTerm(lower))
	o.set(nameKey, ast.StringTerm(event.Base(lower)))
	o.set("folders", stringsTerm(event.Folders(lower)))
}

func (o *object) hashes(h event.Hashes) {
	o.string("md5", h.MD5)
	o.string("sha1", h.SHA1)
	o.string("sha256", h.SHA256)
	o.string("imphash", h.Imphash)
}

func (o *object) empty() bool { return len(o.pairs) == 0 }

func (o *object) term() *ast.Term { return ast.ObjectTerm(slices.Clip(o.pairs)...) }

func (o *object) termOrNil() *ast.Term {
	if o.empty() {
		return nil
	}
	return o.term()
}
