package install

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// derived are the fields that Export does not write, and why that loses nothing.
var derived = map[string]string{
	"host.worked":             "sessions are worked out anew from clients and records",
	"host.tracker":            "whoever imports the host",
	"host.fresh":              "empty but while a record is applied",
	"host.planted":            "asked for as soon as a record was applied",
	"host.counted":            "counted again by whoever imports the host",
	"host.before":             "hosts are imported in the order in which they were heard of",
	"host.after":              "the same",
	"host.byGUID":             "made of GUIDs, less those with no_guid",
	"host.byPID":              "made of PIDs, less those with no_pid, and of pids",
	"process.older":           "made of pids",
	"process.before":          "made of the order of processes",
	"process.after":           "made of the order of processes",
	"process.listed":          "whether it is one of those remembered or of a tree",
	"processList.first":       "made of the order of processes",
	"processList.last":        "made of the order of processes",
	"fileTable.files":         "made of files",
	"certificateTable.byHash": "made of certificates",
}

// exported are the fields that Export writes, by type. Whoever adds a field adds
// it here and to the state, or says above why it need not be there.
var exported = map[string][]string{
	"host": {
		"name", "clock", "swept", "remembered", "members", "fileTable", "strange", "clients", "records", "packages", "tellsEnds", "lost",
		"sends", "rooted", "certificates", "watched", "stirred", "late", "unborn", "applying", "lag",
	},
	"process": {
		"guid", "parentGUID", "pid", "parentPID", "start", "end", "seen", "sequence", "stream", "record", "image", "user", "parentImage",
		"commandLine", "member", "changed", "wrapper", "widened", "launcher", "late", "noted",
	},
	"member":           {"facts", "role", "msiexec", "above", "writer", "written", "first", "settled", "signer", "signed"},
	"processList":      {"n"},
	"fileTable":        {"fileOrder"},
	"fileWrite":        {"path", "at"},
	"written":          {"writer", "at", "earlier"},
	"write":            {"writer", "at"},
	"installRecord":    {"at", "id", "recordID", "pid", "pkg", "product", "client"},
	"packageFile":      {"path", "seen", "notes"},
	"fileNote":         {"at", "kind", "writer", "hashes"},
	"certificateTable": {"order"},
	"certificate":      {"signature", "at"},
	"watched":          {"at", "context", "since", "subject", "record", "around", "changes", "looked", "frozen", "untold"},
	"stirred":          {"count", "sessions", "all", "looked", "wanted"},
	"deed":             {"process", "at", "seen"},
	"lag":              {"most", "before", "since"},
}

// keptTypes are the types that a host is made of; what they share with a Context is
// held to by TestEveryFactOfAContextSurvives.
func keptTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
			add(t.Elem())
		case reflect.Struct:
			name := t.Name()
			if t.PkgPath() != reflect.TypeFor[host]().PkgPath() || name == "" || types[name] != nil || derivedType(name) || strings.ToUpper(name[:1]) == name[:1] {
				return // a public value, or of another package
			}
			types[name] = t
			for field := range t.Fields() {
				if derived[name+"."+field.Name] == "" || name == "fileTable" || name == "certificateTable" {
					add(field.Type)
				}
			}
		default:
		}
	}
	add(reflect.TypeFor[host]())
	return types
}

func derivedType(name string) bool { return name == "Tracker" || name == "installs" }

// No field of what is kept of a host is forgotten.
func TestEveryFieldIsExportedOrDerived(t *testing.T) {
	types := keptTypes()
	for name, one := range types {
		for field := range one.Fields() {
			if !slices.Contains(exported[name], field.Name) && derived[name+"."+field.Name] == "" {
				t.Errorf("%s.%s is neither exported nor derived: it does not survive a restart", name, field.Name)
			}
		}
	}
	for name, fields := range exported {
		for _, field := range fields {
			if one := types[name]; one == nil {
				t.Errorf("there is no %s", name)
			} else if _, ok := one.FieldByName(field); !ok {
				t.Errorf("there is no %s.%s", name, field)
			}
		}
	}
}

// fill sets every part of a value to something of its own.
func fill(v reflect.Value, n *int, depth int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		if depth == 0 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, depth-1)
	case reflect.Struct:
		if v.Type() == reflect.TypeOf(begin) {
			v.Set(reflect.ValueOf(moment(int64(1_772_000_000_000_000_000 + *n))))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n, depth)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Slice:
		if depth == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n, depth-1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n, depth-1)
		fill(value, n, depth-1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
		panic(v.Kind().String())
	}
}

// Every fact of a Context comes back as it was: of its Event, its processes, who
// wrote what, its session and the session's candidates.
func TestEveryFactOfAContextSurvives(t *testing.T) {
	var c Context
	n := 0
	fill(reflect.ValueOf(&c).Elem(), &n, 9)
	c.Event.Host = testHost
	// What no Context has, and the state does not hold.
	c.Session.Candidates[0].Candidates, c.Session.Candidates[1].Candidates = nil, nil
	for _, w := range processesOf(&c) {
		if w.Written != nil {
			w.Written.By.Written = nil
		}
	}
	c.ModuleWritten.By.Written = nil
	reflectLeaves(reflect.ValueOf(&c).Elem(), "", func(path string, zero bool) {
		if zero && !strings.HasSuffix(path, "Written.By.Written") && !strings.HasSuffix(path, ".Candidates.Candidates") {
			t.Errorf("the test does not set %s", path)
		}
	})
	w := &stateWriter{s: &HostState{Host: testHost}, texts: map[string]int{}}
	row := w.context(&c)
	state, _ := stored(t, w.s)
	r := &stateReader{s: state}
	r.tables()
	got, ok := r.context("context", &row, r.events())
	if !ok || r.err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%v\n%s", r.err, differences(got, c))
	}
}

// processesOf are all Processes of a Context.
func processesOf(c *Context) []*Process {
	all := []*Process{&c.Process, &c.Parent, &c.Root}
	for i := range c.Lineage {
		all = append(all, &c.Lineage[i])
	}
	for _, s := range append([]*Session{c.Session}, &c.Session.Candidates[0], &c.Session.Candidates[1]) {
		all = append(all, s.Client)
		for i := range s.Launcher {
			all = append(all, &s.Launcher[i])
		}
		if s.PackageFile != nil {
			all = append(all, s.PackageFile.Writer)
		}
	}
	return slices.DeleteFunc(all, func(p *Process) bool { return p == nil })
}

// reflectLeaves visits the parts of a value that have no parts.
func reflectLeaves(v reflect.Value, path string, visit func(path string, zero bool)) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() != reflect.TypeOf(begin) {
			for field, part := range v.Fields() {
				reflectLeaves(part, path+"."+field.Name, visit)
			}
			return
		}
	case reflect.Pointer:
		if !v.IsNil() {
			reflectLeaves(v.Elem(), path, visit)
			return
		}
	case reflect.Slice:
		for i := range v.Len() {
			reflectLeaves(v.Index(i), path, visit)
		}
	default:
	}
	visit(path, v.IsZero())
}

// sameGraph reports where two values that point to each other differ, but for
// what is derived; "" where they do not. An empty list is as good as none.
func sameGraph(a, b reflect.Value, path string, seen map[[2]uintptr]bool) string {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return path
			}
			return ""
		}
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if seen[pair] {
			return ""
		}
		seen[pair] = true
		return sameGraph(a.Elem(), b.Elem(), path, seen)
	case reflect.Struct:
		for field, part := range a.Fields() {
			why := derived[a.Type().Name()+"."+field.Name]
			if why != "" && !strings.HasPrefix(why, "made of") {
				continue
			}
			if where := sameGraph(part, b.FieldByIndex(field.Index), path+"."+field.Name, seen); where != "" {
				return where
			}
		}
		return ""
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return path
		}
		for i := range a.Len() {
			if where := sameGraph(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i), seen); where != "" {
				return where
			}
		}
		return ""
	case reflect.Map:
		if a.Len() != b.Len() {
			return path
		}
		for key, part := range a.Seq2() {
			other := b.MapIndex(key)
			if !other.IsValid() {
				return path
			}
			if where := sameGraph(part, other, fmt.Sprintf("%s[%v]", path, key), seen); where != "" {
				return where
			}
		}
		return ""
	}
	if !a.Equal(b) {
		return path
	}
	return ""
}
