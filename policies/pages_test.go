package policies_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/policy"
)

var update = flag.Bool("update", false, "write docs/signals anew")

// pages is where the pages stand, seen from this folder.
const pages = "../docs/signals"

func TestPagesAreCurrent(t *testing.T) {
	all := signals(t)
	want := map[string]string{"README.md": contents(all)}
	for _, s := range all {
		want[s.ID+".md"] = page(t, s)
	}
	if *update {
		if err := os.MkdirAll(pages, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(pages, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(pages, name))
		if err != nil || string(got) != text {
			t.Errorf("docs/signals/%s is stale (%v): go test ./policies -run Pages -update", name, err)
		}
	}
	found, err := filepath.Glob(filepath.Join(pages, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if want[filepath.Base(path)] == "" {
			t.Errorf("docs/signals/%s belongs to no signal", filepath.Base(path))
		}
	}
}

const generated = "<!-- Written from METADATA and examples.yaml by `go test ./policies -run Pages -update`. -->\n"

func contents(all []signal) string {
	var b strings.Builder
	b.WriteString("# Signals\n\n" + generated + "\n" +
		"What the policy looks for. A signal that holds is an alert or a review until an\n" +
		"entry of the governance data excuses it. An alert about a program that the\n" +
		"installer started is critical where what is around it makes it worse:\n" +
		"`policies/lib/context/` says by what.\n\n" +
		"| signal | what | at worst | severity | excusable |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range all {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s | %s |\n", s.ID, s.ID, s.Title, s.Disposition, s.Severity, yes(s.Excusable))
	}
	return b.String()
}

func page(t testing.TB, s signal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\nSignal `%s` of %s. %s at %s severity, at worst.\n", s.Title, generated, s.ID, s.Attack, capital(s.Disposition), s.Severity)
	fmt.Fprintf(&b, "\n## What it is, and why it matters\n\n%s\n", s.Description)

	b.WriteString("\n## Sources\n\n")
	for _, source := range s.Sources {
		whose := "our addition"
		if source.Official {
			whose = "a log source of AN0940"
		}
		fmt.Fprintf(&b, "- %s (%s)\n", source.Name, whose)
	}
	b.WriteString("\nWhere a host does not send one of these, the signal is blind there:\n\n")
	for _, group := range s.Needs {
		fmt.Fprintf(&b, "- `%s`\n", strings.Join(group, "` or `"))
	}
	if len(s.WeakerWithout) > 0 {
		fmt.Fprintf(&b, "\nIt sees less without `%s`. [Coverage](../coverage.md) tells which hosts that is.\n", strings.Join(s.WeakerWithout, "`, `"))
	} else {
		b.WriteString("\n[Coverage](../coverage.md) tells which hosts that is.\n")
	}

	b.WriteString("\n## Trigger\n\nAn event in scope is looked at where it is one of these:\n\n")
	for _, trigger := range s.Trigger {
		fmt.Fprintf(&b, "- `%s`", trigger.Kind)
		if len(trigger.EventIDs) > 0 {
			fmt.Fprintf(&b, ", event id %s", strings.Trim(fmt.Sprint(trigger.EventIDs), "[]"))
		}
		if len(trigger.Names) > 0 {
			fmt.Fprintf(&b, ", file named `%s`", strings.Join(trigger.Names, "`, `"))
		}
		if len(trigger.Paths) > 0 {
			fmt.Fprintf(&b, ", of a path that has `%s` in it", strings.Join(trigger.Paths, "` or `"))
		}
		if len(trigger.Outside) > 0 {
			fmt.Fprintf(&b, ", outside `%s`", strings.Join(trigger.Outside, "` and `"))
		}
		if len(trigger.Roles) > 0 {
			fmt.Fprintf(&b, ", by a %s", roles(trigger.Roles))
		}
		if trigger.Written {
			b.WriteString(", of a file of which it is known who wrote it")
		}
		b.WriteString("\n")
	}

	b.WriteString("\n## What excuses it\n\n")
	b.WriteString(excuse(s))

	e := readExamples(t, s)
	b.WriteString("\n## An event that fires it\n\n")
	e.Fires.write(&b, e.Fires.answer(t))
	b.WriteString("\n## An event that does not\n\n")
	e.DoesNotFire.write(&b, e.DoesNotFire.answer(t))
	return b.String()
}

func (e example) write(b *strings.Builder, answer policy.Answer) {
	fmt.Fprintf(b, "%s:\n\n| fact | value |\n| --- | --- |\n", e.Title)
	row := func(fact, value string) {
		if value != "" {
			fmt.Fprintf(b, "| %s | `%s` |\n", fact, value)
		}
	}
	write := func(name string, p exampleProcess) {
		row(name+".image", p.Image)
		row(name+".command_line", p.CommandLine)
		row(name+".user", p.User)
		row(name+".company", p.Company)
		row(name+".product", p.Product)
		row(name+".original_file_name", p.OriginalFileName)
		row(name+".sha256", p.SHA256)
		row(name+".role", string(p.Role))
		if w := p.WrittenBy; w != nil {
			row(name+".written.by.image", w.Image)
			row(name+".written.by.role", string(w.Role))
		}
	}
	if r := e.Registry; r != nil {
		row("event.registry.key", r.Key)
		row("event.registry.value", r.Value)
	}
	if n := e.Network; n != nil {
		row("event.network.destination_ip", n.DestinationIP)
		row("event.network.destination_port", fmt.Sprint(n.DestinationPort))
	}
	if m := e.Module; m != nil {
		row("module.path", m.Path)
		row("module.signer.subject", m.Signer.Subject)
		row("module.signer.status", m.Signer.Status)
		if w := m.WrittenBy; w != nil {
			row("module.written.by.image", w.Image)
			row("module.written.by.role", string(w.Role))
		}
	}
	if e.File != nil {
		row("file.path", e.File.Path)
	}
	if e.Install != nil {
		row("event.install.package.name", e.Install.Package)
		row("event.install.client_pid", fmt.Sprint(e.Install.ClientPID))
	}
	write("process", e.Process)
	if e.Parent != nil {
		write("parent", *e.Parent)
	}
	if s := e.Session; s != nil {
		row("session.package.name", s.Package)
		row("session.named", strings.Join(s.Named, " "))
		if s.Client != nil {
			write("session.client", *s.Client)
		}
		if s.PackageWriter != nil {
			row("session.package_file.writer.image", s.PackageWriter.Image)
		}
	}
	for id, entry := range e.Deny {
		row("deny list, "+id, strings.Join(entry.SHA256, " "))
	}
	fmt.Fprintf(b, "\nThe answer is `%s`, severity `%s`", answer.Disposition, answer.Severity)
	for i := range answer.Signals {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "`%s`", answer.Signals[i].ID)
	}
	b.WriteString(".\n")
}

// excuse says in words what an entry must show, by the classes of its facts.
func excuse(s signal) string {
	if !s.Excusable {
		return "Nothing.\n"
	}
	strong := those(s.ExcusedBy, "sha256", "sha1", "signer", "package_sha256")
	situational := those(s.ExcusedBy, "deployment_tool", "source")
	beside := append(slices.Clone(situational), "change_window") // an open window stands beside any strong fact
	var b strings.Builder
	b.WriteString("An entry of the governance data that shows ")
	if len(strong) > 0 {
		fmt.Fprintf(&b, "a strong fact (`%s`) and a situational one (`%s`)", strings.Join(strong, "`, `"), strings.Join(beside, "`, `"))
	}
	switch packages := len(those(s.ExcusedBy, "package_sha256")) > 0; {
	case packages && len(situational) == 1: // where the package lies is what is told
	case packages:
		fmt.Fprintf(&b, ", or `%s` together", strings.Join(situational, "` and `"))
	case len(strong) == 0:
		fmt.Fprintf(&b, "`%s` together", strings.Join(situational, "` and `"))
	default:
		b.WriteString(": what the package as a whole has does not do here")
	}
	if len(those(s.ExcusedBy, "command_line")) > 0 {
		b.WriteString("; and besides the exact `command_line`, as the program is driven by its arguments")
	}
	b.WriteString(". What the package's author chooses never excuses it.\n")
	return b.String()
}

func those(facts []string, wanted ...string) []string {
	return slices.DeleteFunc(wanted, func(fact string) bool { return !slices.Contains(facts, fact) })
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "never"
}

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// roles names the roles of a trigger; the empty one is a process that belongs to no installer.
func roles(all []string) string {
	named := slices.Clone(all)
	if at := slices.Index(named, ""); at >= 0 {
		named[at] = "process of no installer"
	}
	return strings.Join(named, ", ")
}
