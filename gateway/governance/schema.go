package governance

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"msigate/bundles"
)

// schemaBase is where the schemas stand for each other's references; nothing is fetched.
const schemaBase = "file:///schemas/"

// schemas are the compiled JSON Schemas and their text, in which every
// description says what is acceptable.
type schemas struct {
	compiled map[string]*jsonschema.Schema // by kind of file
	text     map[string]any                // by URL
}

// builtInSchemas compiles the schemas of the binary, once.
var builtInSchemas = sync.OnceValues(func() (*schemas, error) {
	s := &schemas{compiled: map[string]*jsonschema.Schema{}, text: map[string]any{}}
	compiler := jsonschema.NewCompiler()
	for _, name := range append([]string{"common"}, kinds...) {
		file := name + ".schema.json"
		content, err := bundles.FS.ReadFile("schemas/" + file)
		if err != nil {
			return nil, fmt.Errorf("read a schema built in: %w", err)
		}
		text, err := jsonschema.UnmarshalJSON(strings.NewReader(string(content)))
		if err != nil {
			return nil, fmt.Errorf("read schema %s: %w", file, err)
		}
		s.text[schemaBase+file] = text
		if err := compiler.AddResource(schemaBase+file, text); err != nil {
			return nil, fmt.Errorf("read schema %s: %w", file, err)
		}
	}
	for _, name := range kinds {
		compiled, err := compiler.Compile(schemaBase + name + ".schema.json")
		if err != nil {
			return nil, fmt.Errorf("compile schema of %s: %w", fileName(name), err)
		}
		s.compiled[name] = compiled
	}
	return s, nil
})

// check holds a document to its schema and puts every fault where it stands in the YAML.
func (s *schemas) check(d document) Problems {
	err := s.compiled[d.kind].Validate(d.value)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return Problems{{File: fileName(d.kind), Line: 1, Why: err.Error()}}
	}
	return s.problems(d, invalid)
}

func (s *schemas) problems(d document, e *jsonschema.ValidationError) Problems {
	p := d.problemAt(e.InstanceLocation)
	node := d.nodeAt(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return s.unknownFields(d, e, k.Properties)
	case *kind.Required:
		return s.missingFields(p, e, k.Missing)
	case *kind.AnyOf:
		// Which facts an entry needs together: rules.go says it in words.
		p.Why, p.Want = missingFacts(d, e)
		return Problems{p}
	case *kind.Type:
		p.Why = "is " + yamlKind(k.Got) + ", not " + yamlKind(strings.Join(k.Want, " or "))
	case *kind.Pattern:
		p.Why = quote(k.Got) + " cannot be used"
		if strings.ContainsAny(k.Got, "*?") {
			p.Why = quote(k.Got) + " has a wildcard"
		}
	case *kind.Not:
		p.Why = "cannot be used"
		if node != nil {
			p.Why = quote(node.Value) + " cannot be used"
		}
	case *kind.Const:
		p.Why = fmt.Sprintf("is %v", e.ErrorKind.(*kind.Const).Got)
		if node != nil {
			p.Why = "is " + node.Value
		}
	case *kind.MinLength:
		p.Why = fmt.Sprintf("is %d characters long", k.Got)
	case *kind.MaxLength:
		p.Why = fmt.Sprintf("is %d characters long", k.Got)
	case *kind.MinItems, *kind.MinProperties:
		p.Why = "is empty"
	case *kind.MaxItems:
		p.Why = fmt.Sprintf("has %d values", k.Got)
	case *kind.UniqueItems:
		p.Why = fmt.Sprintf("value %d repeats value %d", k.Duplicates[1]+1, k.Duplicates[0]+1)
	default:
		if len(e.Causes) == 0 {
			p.Why = "is refused by the schema at " + strings.TrimPrefix(e.SchemaURL, schemaBase)
			break
		}
		var all Problems
		for _, cause := range e.Causes {
			all = append(all, s.problems(d, cause)...)
		}
		return all
	}
	p.Want = s.want(e)
	return Problems{p}
}

func (s *schemas) unknownFields(d document, e *jsonschema.ValidationError, names []string) Problems {
	known, _ := s.lookup(e.SchemaURL)["properties"].(map[string]any)
	want := "one of " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
	switch len(known) {
	case 0:
		want = s.want(e)
	case 1:
		want = strings.TrimPrefix(want, "one of ")
	}
	var all Problems
	for _, name := range names {
		p := d.problemAt(append(slices.Clone(e.InstanceLocation), name))
		p.Why, p.Want = "no such field", want
		all = append(all, p)
	}
	return all
}

func (s *schemas) missingFields(at Problem, e *jsonschema.ValidationError, names []string) Problems {
	known, _ := s.lookup(e.SchemaURL)["properties"].(map[string]any)
	var all Problems
	for _, name := range names {
		p := at
		p.Field, p.Why = name, "is missing"
		if property, ok := known[name].(map[string]any); ok {
			p.Want = s.describe(property)
		}
		all = append(all, p)
	}
	return all
}

// want is the description nearest to the schema that refused.
func (s *schemas) want(e *jsonschema.ValidationError) string {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	location := e.SchemaURL
	for {
		if text := s.describe(s.lookup(location)); text != "" {
			return text
		}
		cut := strings.LastIndexByte(location, '/')
		if cut < strings.IndexByte(location, '#') || cut < 0 {
			return ""
		}
		location = location[:cut]
	}
}

// describe is a schema's description, or that of the one it refers to.
func (s *schemas) describe(schema map[string]any) string {
	if reference, ok := schema["$ref"].(string); ok {
		if !strings.HasPrefix(reference, "#") {
			if text, ok := s.lookup(schemaBase + reference)["description"].(string); ok {
				return text
			}
		}
	}
	text, _ := schema["description"].(string)
	return text
}

// lookup follows a schema URL with a JSON pointer; nil where it leads nowhere.
func (s *schemas) lookup(location string) map[string]any {
	base, pointer, _ := strings.Cut(location, "#")
	if unescaped, err := url.PathUnescape(pointer); err == nil {
		pointer = unescaped
	}
	node := s.text[base]
	for step := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		if step == "" {
			continue
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch at := node.(type) {
		case map[string]any:
			node = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(at) {
				return nil
			}
			node = at[n]
		default:
			return nil
		}
	}
	object, _ := node.(map[string]any)
	return object
}

// yamlKind names a JSON type as the writer of YAML knows it.
func yamlKind(name string) string {
	switch name {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "string":
		return "text"
	case "null":
		return "empty"
	case "boolean":
		return "true or false"
	}
	return name
}
