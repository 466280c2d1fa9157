package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/policies"
)

// Entrypoint is the document that a policy bundle must define.
const Entrypoint = "data.an0940.decision"

// OutcomeEntrypoint is the decision without its explanation. A policy may define
// it; the canaries hold it to what [Entrypoint] says.
const OutcomeEntrypoint = "data.an0940.outcome"

// DefaultDeadline bounds one evaluation.
const DefaultDeadline = 50 * time.Millisecond

// Bundle is a verified OPA bundle and the stamp that every decision under it carries.
type Bundle struct {
	Stamp   BundleStamp
	Content *bundle.Bundle
}

// Snapshot is the active policy: verified bundles compiled together, immutable.
type Snapshot struct {
	decision entry
	outcome  entry // the decision itself where the policy has no other
	data     map[string]any
	terms    ast.Object // the data, as the evaluation reads them
	stamps   []BundleStamp
	scope    *event.Scope
	triggers triggers
	canaries []Canary
	tuning   install.Parameters
	created  time.Time
	deadline time.Duration
	whole    bool // an expected Decision has its Input
	sessions *sessionTerms
	compiler *ast.Compiler
	code     string // what the compiler has, see codeOf
}

// entry is an entry point with its prepared query.
type entry struct {
	name  string
	query rego.PreparedEvalQuery
}

// Options tune a Snapshot; the zero value is ready to use.
type Options struct {
	Deadline time.Duration // of one evaluation; 0 means DefaultDeadline
	// KeepInput gives an expected Decision its Input too, for a profile; what is
	// live keeps its log small.
	KeepInput bool
	// Like is a Snapshot that may have been compiled from the same code; nil: none.
	// Then only what differs, the data, is taken in.
	Like *Snapshot
}

// Compile builds a Snapshot from bundles whose roots do not overlap. It
// compiles with the allow-listed built-ins, strictly, type-checked against the
// input schema, and reads the documents the gateway itself needs (scope,
// triggers, canaries). Errors name the file and line of the policy.
func Compile(ctx context.Context, bundles []Bundle, options Options) (*Snapshot, error) {
	s := &Snapshot{created: time.Now(), deadline: options.Deadline, whole: options.KeepInput, sessions: newSessionTerms()}
	if s.deadline <= 0 {
		s.deadline = DefaultDeadline
	}
	s.data = map[string]any{}
	for _, b := range bundles {
		for root, document := range b.Content.Data {
			if _, taken := s.data[root]; taken {
				// One root may hold the Rego of a package and the data beside it, but never two bundles' data.
				return nil, fmt.Errorf("compile bundle %s: data.%s is already there from another bundle", b.Stamp.Name, root)
			}
			s.data[root] = document
		}
		s.stamps = append(s.stamps, b.Stamp)
	}
	slices.SortFunc(s.stamps, func(a, b BundleStamp) int { return strings.Compare(a.Name, b.Name) })
	s.code = codeOf(bundles)
	if like := options.Like; like != nil && like.code == s.code {
		s.compiler, s.triggers = like.compiler, like.triggers
	} else if err := s.compile(bundles); err != nil {
		return nil, err
	}
	if err := s.readDocuments(); err != nil {
		return nil, err
	}

	var err error
	if s.terms, err = terms(s.data, options.Like); err != nil {
		return nil, err
	}
	documents := map[string]any{}
	s.terms.Foreach(func(root, document *ast.Term) { documents[string(root.Value.(ast.String))] = document.Value })
	store := inmem.NewFromObjectWithOpts(documents, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	if s.decision, err = s.prepare(ctx, store, Entrypoint); err != nil {
		return nil, err
	}
	s.outcome = s.decision
	if hasRule(s.compiler, OutcomeEntrypoint) {
		s.outcome, err = s.prepare(ctx, store, OutcomeEntrypoint)
	}
	return s, err
}

func (s *Snapshot) prepare(ctx context.Context, store storage.Store, entrypoint string) (entry, error) {
	query, err := rego.New(
		rego.Query(entrypoint),
		rego.Compiler(s.compiler),
		rego.Store(store),
		rego.StrictBuiltinErrors(false),
	).PrepareForEval(ctx)
	if err != nil {
		return entry{}, fmt.Errorf("prepare %s: %w", entrypoint, err)
	}
	return entry{entrypoint, query}, nil
}

// compile parses and compiles the code of the bundles.
func (s *Snapshot) compile(bundles []Bundle) error {
	capabilities := Capabilities()
	modules := map[string]*ast.Module{}
	for _, b := range bundles {
		if err := parseModules(b, capabilities, modules); err != nil {
			return err
		}
	}
	schemas, err := inputSchema()
	if err != nil {
		return err
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities).WithSchemas(schemas).WithStrict(true)
	if compiler.Compile(modules); compiler.Failed() {
		return fmt.Errorf("compile policy: %w", compileError(compiler.Errors))
	}
	if !hasRule(compiler, Entrypoint) {
		return fmt.Errorf("compile policy: no rule %s: the policy bundle must define it", Entrypoint)
	}
	s.compiler = compiler
	s.triggers, err = readTriggers(compiler.GetAnnotationSet())
	return err
}

func parseModules(b Bundle, capabilities *ast.Capabilities, into map[string]*ast.Module) error {
	for _, m := range b.Content.Modules {
		name := b.Stamp.Name + "/" + strings.TrimPrefix(m.Path, "/")
		parsed, err := ast.ParseModuleWithOpts(name, string(m.Raw), ast.ParserOptions{
			ProcessAnnotation: true,
			RegoVersion:       ast.RegoV1,
			Capabilities:      capabilities,
		})
		if err != nil {
			return fmt.Errorf("parse policy: %w", err)
		}
		into[name] = parsed
	}
	return nil
}

// inputSchema is the one schema at the root of input, for the type check.
func inputSchema() (*ast.SchemaSet, error) {
	raw, err := policies.FS.ReadFile("schemas/input.json")
	if err != nil {
		return nil, fmt.Errorf("read the input schema built in: %w", err)
	}
	var schema any
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, fmt.Errorf("read the input schema built in: %w", err)
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return set, nil
}

// compileError adds the hint that OPA's own message lacks for a refused built-in.
func compileError(errs ast.Errors) error {
	for _, e := range errs {
		if e.Code == ast.TypeErr && strings.Contains(e.Message, "undefined function") {
			return fmt.Errorf("%w\nhint: a policy may call only these built-ins: %s", errs, strings.Join(Builtins(), ", "))
		}
	}
	return errs
}

func hasRule(c *ast.Compiler, ref string) bool {
	return len(c.GetRulesExact(ast.MustParseRef(ref))) > 0
}

func (s *Snapshot) readDocuments() error {
	var scope event.ScopeDocument
	if err := s.Document("scope", &scope); err != nil {
		return err
	}
	compiled, err := event.CompileScope(scope)
	if err != nil {
		return fmt.Errorf("compile data.scope: %w", err)
	}
	s.scope = compiled
	if err := s.readParameters(); err != nil {
		return err
	}
	byName := map[string]Canary{}
	if err := s.Document("canaries", &byName); err != nil && !errors.Is(err, ErrNoDocument) {
		return err
	}
	own, err := readCanaries(byName)
	if err != nil {
		return err
	}
	if s.canaries, err = withFloor(own); err != nil {
		return err
	}
	return nil
}

// readParameters takes AN0940's mutable elements, of which correlation needs two.
func (s *Snapshot) readParameters() error {
	var p struct {
		InstallerParent     map[string]bool
		ChildImagePath      map[string]bool
		ExecutionTimeWindow int64 // seconds
	}
	if err := s.Document("an0940.parameters", &p); err != nil {
		return err
	}
	if p.ExecutionTimeWindow <= 0 {
		return fmt.Errorf("read data.an0940.parameters: ExecutionTimeWindow is %d: it is a number of seconds above 0", p.ExecutionTimeWindow)
	}
	s.tuning = install.Parameters{
		InstallerParents:    slices.Sorted(maps.Keys(p.InstallerParent)),
		ExecutionTimeWindow: time.Duration(p.ExecutionTimeWindow) * time.Second,
	}
	return nil
}

// ErrNoDocument is returned by Document for a path that no bundle defines.
var ErrNoDocument = errors.New("no such document")

// Document decodes the data document at a dotted path, e.g. "masking" or
// "an0940.parameters", into a struct with JSON tags. An unknown field is an
// error, so that a misspelt setting does not pass unnoticed.
func (s *Snapshot) Document(path string, into any) error {
	var node any = s.data
	for key := range strings.SplitSeq(path, ".") {
		object, ok := node.(map[string]any)
		if ok {
			node, ok = object[key]
		}
		if !ok {
			return fmt.Errorf("read data.%s: %w", path, ErrNoDocument)
		}
	}
	raw, err := json.Marshal(node)
	if err != nil {
		return fmt.Errorf("read data.%s: %w", path, err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read data.%s: %w", path, err)
	}
	return nil
}

// WithDeadline is the same Snapshot with another bound on an evaluation: a
// canary is asked what the policy answers, not how busy the machine is.
func (s *Snapshot) WithDeadline(d time.Duration) *Snapshot {
	patient := *s
	patient.deadline = d
	return &patient
}

// SameCode tells whether both decide by the same Rego, compiled once.
func (s *Snapshot) SameCode(other *Snapshot) bool { return s.compiler == other.compiler }

// Scope is the scope matcher of this Snapshot.
func (s *Snapshot) Scope() *event.Scope { return s.scope }

// Parameters are AN0940's mutable elements that correlation needs.
func (s *Snapshot) Parameters() install.Parameters { return s.tuning }

// Canaries are the floor set and the bundle's canaries besides, sorted by name.
func (s *Snapshot) Canaries() []Canary { return s.canaries }

// Bundles are the stamps of the bundles, sorted by name.
func (s *Snapshot) Bundles() []BundleStamp { return s.stamps }

// Created is when the Snapshot was built.
func (s *Snapshot) Created() time.Time { return s.created }
