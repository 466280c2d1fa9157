package policy

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

const harmless = `{"disposition": "expected", "severity": "informational", "signals": [], "near_misses": [], "pending": [], "missing": []}`

func TestCompileRefusesAPolicyThatCannotBeTrusted(t *testing.T) {
	with := func(path, content string) func(fstest.MapFS) {
		return func(files fstest.MapFS) { files[path] = &fstest.MapFile{Data: []byte(content)} }
	}
	signal := func(metadata, body string) func(fstest.MapFS) {
		return with("an0940/signal.rego", "# METADATA\n# custom:\n"+metadata+"package an0940.signal\n\n"+body+"\n")
	}
	for name, test := range map[string]struct {
		change func(fstest.MapFS)
		want   []string
	}{
		"http.send": {
			signal("#   trigger: [{kind: dns}]\n", `x := http.send({"method": "get", "url": "http://127.0.0.1"})`),
			[]string{"policy/an0940/signal.rego:6", "http.send", "hint: a policy may call only these built-ins", "startswith"},
		},
		"the clock": {
			signal("#   trigger: [{kind: dns}]\n", `x := time.now_ns()`),
			[]string{"signal.rego:6", "time.now_ns"},
		},
		"a misspelt input": {
			signal("#   trigger: [{kind: dns}]\n", `x if input.proces.image == "a"`),
			[]string{"policy/an0940/signal.rego:6", "input.proces"},
		},
		"a misspelt fact": {
			signal("#   trigger: [{kind: dns}]\n", `x if input.process.comand_line == "a"`),
			[]string{"signal.rego:6", "comand_line"},
		},
		"an unused import, by strict mode": {
			with("an0940/signal.rego", "package an0940.signal\n\nimport data.an0940.other\n\nx := 1\n"),
			[]string{"signal.rego:3", "unused"},
		},
		"an unknown trigger kind": {
			signal("#   trigger: [{kind: process_started}]\n", `x := 1`),
			[]string{"signal.rego:4", "process_started"},
		},
		"an unknown trigger field": {
			signal("#   trigger: [{kind: dns, name: x}]\n", `x := 1`),
			[]string{"signal.rego:4", "{kind, event_ids, names, paths, outside, roles, written}"},
		},
		"a trigger name in upper case": {
			signal("#   trigger: [{kind: image_load, names: [\"MSI*.tmp\"]}]\n", `x := 1`),
			[]string{"signal.rego:4", "lower case"},
		},
		"a scope narrowed to nothing": {
			with("scope/data.json", `{"installer_images":[],"original_file_names":["msiexec.exe"],"providers":["MsiInstaller"],"temp_modules":["msi*.tmp"]}`),
			[]string{"data.scope", "installer_images is empty"},
		},
		"a misspelt scope": {
			with("scope/data.json", `{"installer_image":["msiexec.exe"]}`),
			[]string{"data.scope", "installer_image"},
		},
		"no window": {
			with("an0940/parameters/data.json", `{"InstallerParent":{},"ChildImagePath":{},"ExecutionTimeWindow":0}`),
			[]string{"ExecutionTimeWindow is 0"},
		},
		"no decision": {
			with("an0940/decision.rego", "# METADATA\n# custom:\n#   trigger: [{kind: dns}]\npackage an0940\n\nverdict := 1\n"),
			[]string{"no rule data.an0940.decision"},
		},
		"no trigger at all": {
			with("an0940/decision.rego", "package an0940\n\ndecision := "+harmless+"\n"),
			[]string{"no signal declares a trigger"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := minimal(answering(harmless))
			test.change(files)
			_, err := compile(t, files)
			if err == nil {
				t.Fatal("it compiled")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q:\n%v", part, err)
				}
			}
		})
	}
}

func TestCompileRefusesTwoBundlesWithOneRoot(t *testing.T) {
	b := readBundle(t, minimal(answering(harmless)))
	_, err := Compile(t.Context(), []Bundle{b, b}, Options{})
	if err == nil || !strings.Contains(err.Error(), "already there from another bundle") {
		t.Errorf("got %v", err)
	}
}

func TestEveryAllowedBuiltinIsOneOfOPAs(t *testing.T) {
	var have []string
	for _, b := range Capabilities().Builtins {
		have = append(have, b.Name)
	}
	for _, name := range Builtins() {
		if !slices.Contains(have, name) {
			t.Errorf("%s is allowed and OPA has no such built-in", name)
		}
	}
}

// OPA's type checker writes into the declarations of its built-in functions: two
// compilations at the same time that shared one would race.
func TestEachCompilationHasDeclarationsOfItsOwn(t *testing.T) {
	taken := map[*types.Function]string{}
	for whose, builtins := range map[string][]*ast.Builtin{
		"OPA's": ast.CapabilitiesForThisVersion().Builtins, "one's": Capabilities().Builtins, "another's": Capabilities().Builtins,
	} {
		for _, b := range builtins {
			if before, ok := taken[b.Decl]; ok && before != whose {
				t.Errorf("the declaration of %s is %s and %s", b.Name, before, whose)
			}
			taken[b.Decl] = whose
		}
	}
	own := Capabilities().Builtins
	if want := len(Builtins()); len(own) != want {
		t.Errorf("%d declarations, want %d", len(own), want)
	}
	for _, b := range own {
		if opa := ast.BuiltinMap[b.Name].Decl; types.Compare(b.Decl, opa) != 0 {
			t.Errorf("%s is declared as %s, by OPA as %s", b.Name, b.Decl, opa)
		}
	}
}

func TestBuiltInPolicyCompilesAndHasACanaryASignal(t *testing.T) {
	s := builtIn(t)
	if len(s.Canaries()) < 11 {
		t.Errorf("%d canaries; want one a signal", len(s.Canaries()))
	}
	if p := s.Parameters(); !slices.Contains(p.InstallerParents, "setup.exe") || p.ExecutionTimeWindow <= 0 {
		t.Errorf("parameters %+v", p)
	}
}
