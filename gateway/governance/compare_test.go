package governance

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// comparable is a folder with an entry of each kind and every list filled.
const (
	comparedLife = `
    title: An entry of the test
    owner: endpoint-engineering
    reason: An entry that a test needs, nothing more.
    created: 2026-11-01
    expires: 2027-05-01
`
	comparedInstaller = "installers:\n  - id: agent-setup" + comparedLife + `    signers: [publisher, vendor]
    deployment_tools: [agent]
    sources: [share]
    host_groups: [laptops, servers]
    users: ['CORP\install']
    transforms: [en.mst]
    properties:
      INSTALLDIR: ['C:\Program Files\Example']
    narrow:
      file_names: [setup.exe, helper.exe]
      file_version: {min: "1.2", max: "1.9"}
`
	comparedDeny = "deny:\n  - id: old-agent" + comparedLife + "    file_names: [old.exe, older.exe]\n    deployment_tools: [agent]\n"
)

func compared() fstest.MapFS {
	fsys := sound()
	text := func(name string) string { return string(fsys[name].Data) }
	signers := text("signers.yaml") + "  - id: vendor" + comparedLife + "    subjects: [Vendor Ltd, Vendor GmbH]\n    issuers: [Example CA]\n"
	tools := text("deployment_tools.yaml") + "  - id: pusher" + comparedLife + "    images: ['C:\\Program Files\\Push\\push.exe', 'C:\\Program Files\\Push\\push64.exe']\n    started_by_service: true\n"
	tools = strings.ReplaceAll(tools, "    images: ['C:\\Program Files\\Example\\agent.exe']", "    images: ['C:\\Program Files\\Example\\agent.exe', 'C:\\Program Files\\Example\\agent64.exe']")
	maps.Copy(fsys, folder(map[string]string{"installers.yaml": comparedInstaller, "deny.yaml": comparedDeny, "signers.yaml": signers, "deployment_tools.yaml": tools}))
	return fsys
}

func TestCompareTellsWhatWidens(t *testing.T) {
	const widens, narrows, says = Widens, Narrows, Says
	tests := []struct {
		name      string
		file      string
		old, now  string // now == "+": old is appended
		effect    Effect
		detail    string
		otherFile string
	}{
		{"another reason", "installers.yaml", "reason: An entry that a test needs, nothing more.", "reason: An entry that a test needs, and nothing more.", says, "reason is worded otherwise", ""},
		{"another owner", "installers.yaml", "owner: endpoint-engineering", "owner: desktop-engineering", says, "owner is worded otherwise", ""},
		{"a longer life", "installers.yaml", "expires: 2027-05-01", "expires: 2027-06-01", widens, "expires 2027-06-01, was 2027-05-01", ""},
		{"a shorter life", "installers.yaml", "expires: 2027-05-01", "expires: 2027-04-01", narrows, "expires 2027-04-01, was 2027-05-01", ""},
		{"an earlier beginning", "installers.yaml", "created: 2026-11-01", "created: 2026-10-01", widens, "created 2026-10-01, was 2026-11-01", ""},
		{"a later beginning", "installers.yaml", "created: 2026-11-01", "created: 2026-11-10", narrows, "created 2026-11-10", ""},
		{"a further strong fact", "installers.yaml", "    signers:", "    sha256: [" + strings.Repeat("ab", 32) + "]\n    signers:", widens, "sha256 +abab", ""},
		{"one signer less", "installers.yaml", "signers: [publisher, vendor]", "signers: [publisher]", narrows, "signers -vendor", ""},
		{"one signer for another", "installers.yaml", "signers: [publisher, vendor]", "signers: [publisher, third]", widens, "signers +third -vendor", "signers.yaml"},
		{"a list of facts dropped", "installers.yaml", "    signers: [publisher, vendor]\n", "", widens, "signers -publisher -vendor", ""},
		{"one situational fact dropped", "installers.yaml", "    sources: [share]\n", "", widens, "sources -share", ""},
		{"one host group more", "installers.yaml", "host_groups: [laptops, servers]", "host_groups: [laptops, servers, kiosks]", widens, "host_groups +kiosks", ""},
		{"one host group less", "installers.yaml", "host_groups: [laptops, servers]", "host_groups: [laptops]", narrows, "host_groups -servers", ""},
		{"every host group", "installers.yaml", "    host_groups: [laptops, servers]\n", "", widens, "host_groups -laptops -servers", ""},
		{"every user", "installers.yaml", "    users: ['CORP\\install']\n", "", widens, `users -corp\install`, ""},
		{"narrower by a product", "installers.yaml", "    narrow:\n", "    narrow:\n      products: [Example]\n", narrows, "narrow.products +example", ""},
		{"a file name more", "installers.yaml", "file_names: [setup.exe, helper.exe]", "file_names: [setup.exe, helper.exe, tool.exe]", widens, "narrow.file_names +tool.exe", ""},
		{"no file names", "installers.yaml", "      file_names: [setup.exe, helper.exe]\n", "", widens, "narrow.file_names", ""},
		{"a program named by its path, which may need no hash then", "installers.yaml", "    narrow:\n", "    narrow:\n      images: ['C:\\Program Files\\Example\\helper.exe']\n", widens, "narrow.images", ""},
		{"command lines, with which an interpreter can be approved", "installers.yaml", "    narrow:\n", "    command_lines: ['helper.exe /quiet']\n    narrow:\n", widens, "command_lines", ""},
		{"later versions", "installers.yaml", `max: "1.9"`, `max: "1.10"`, widens, "narrow.file_version", ""},
		{"earlier versions", "installers.yaml", `min: "1.2"`, `min: "1.1"`, widens, "narrow.file_version", ""},
		{"fewer versions", "installers.yaml", `min: "1.2"`, `min: "1.3"`, narrows, "narrow.file_version", ""},
		{"no oldest version", "installers.yaml", `min: "1.2", `, ``, widens, "narrow.file_version", ""},
		{"every version", "installers.yaml", `      file_version: {min: "1.2", max: "1.9"}` + "\n", ``, widens, "narrow.file_version", ""},
		{"a transform more", "installers.yaml", "transforms: [en.mst]", "transforms: [en.mst, de.mst]", widens, "transforms +de.mst", ""},
		{"no transform", "installers.yaml", "    transforms: [en.mst]\n", "", narrows, "transforms -en.mst", ""},
		{"a property more", "installers.yaml", "    properties:\n", "    properties:\n      ALLUSERS: ['1']\n", widens, "properties.allusers +1", ""},
		{"a value more", "installers.yaml", `['C:\Program Files\Example']`, `['C:\Program Files\Example', 'D:\Example']`, widens, "properties.installdir +d:", ""},
		{"a signer's further subject", "signers.yaml", "[Vendor Ltd, Vendor GmbH]", "[Vendor Ltd, Vendor GmbH, Vendor SA]", widens, "subjects +vendor sa", ""},
		{"a signer's subject less", "signers.yaml", "[Vendor Ltd, Vendor GmbH]", "[Vendor Ltd]", narrows, "subjects -vendor gmbh", ""},
		{"a signer's issuers dropped", "signers.yaml", "    issuers: [Example CA]\n", "", widens, "issuers -example ca", ""},
		{"a tool's program less", "deployment_tools.yaml", `, 'C:\Program Files\Push\push64.exe'`, "", narrows, "images -c:", ""},
		{"a denied tool's program less", "deployment_tools.yaml", `, 'C:\Program Files\Example\agent64.exe'`, "", widens, "images -c:", ""},
		{"a denial of more", "deny.yaml", "[old.exe, older.exe]", "[old.exe, older.exe, oldest.exe]", narrows, "file_name +oldest.exe", ""},
		{"a denial of less", "deny.yaml", "[old.exe, older.exe]", "[old.exe]", widens, "file_name -older.exe", ""},
		{"a denial of another", "deny.yaml", "[old.exe, older.exe]", "[old.exe, new.exe]", widens, "file_name +new.exe -older.exe", ""},
		{"a denial of a tool no more", "deny.yaml", "    deployment_tools: [agent]\n", "", widens, "deployment_tool -agent", ""},
		{"a denial that ends sooner", "deny.yaml", "expires: 2027-05-01", "expires: 2027-04-01", widens, "expires 2027-04-01", ""},
		{"a denial that lasts longer", "deny.yaml", "expires: 2027-05-01", "expires: 2027-06-01", narrows, "expires 2027-06-01", ""},
		{"a denial that begins later", "deny.yaml", "created: 2026-11-01", "created: 2026-11-10", widens, "created 2026-11-10", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			base, edited := compared(), compared()
			if test.otherFile != "" { // an id that both know
				for _, fsys := range []fstest.MapFS{base, edited} {
					fsys["signers.yaml"].Data = append(fsys["signers.yaml"].Data, "  - id: third"+comparedLife+"    subjects: [Third Ltd]\n"...)
				}
			}
			text := string(edited[test.file].Data)
			if strings.Count(text, test.old) < 1 {
				t.Fatalf("%s has no %q", test.file, test.old)
			}
			edited[test.file].Data = []byte(strings.Replace(text, test.old, test.now, 1))
			changes := Compare(built(t, base), built(t, edited))
			if len(changes.Differences) != 1 {
				t.Fatalf("%d differences: %v", len(changes.Differences), changes.Differences)
			}
			d := changes.Differences[0]
			if d.Effect != test.effect || d.What != Altered || !strings.Contains(d.String(), test.detail) || changes.Widens() != (test.effect == Widens) {
				t.Errorf("%v (%s), want %s with %q", d, d.What, test.effect, test.detail)
			}
		})
	}
}

func built(t testing.TB, fsys fstest.MapFS) *Bundle {
	t.Helper()
	b, err := Build(fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEntriesAddedAndRemoved(t *testing.T) {
	full := built(t, compared())
	without := func(edit func(fstest.MapFS)) *Bundle {
		fsys := compared()
		edit(fsys)
		return built(t, fsys)
	}
	noInstaller := without(func(f fstest.MapFS) { f["installers.yaml"].Data = []byte("installers: []\n") })
	noDenial := without(func(f fstest.MapFS) { f["deny.yaml"].Data = []byte("deny: []\n") })
	noPusher := without(func(f fstest.MapFS) {
		text := string(f["deployment_tools.yaml"].Data)
		f["deployment_tools.yaml"].Data = []byte(text[:strings.Index(text, "  - id: pusher")])
	})
	for _, test := range []struct {
		name          string
		before, after *Bundle
		widens        bool
		summary       string
	}{
		{"nothing", full, built(t, compared()), false, "governance: nothing is changed"},
		{"an approval added", noInstaller, full, true, "governance: installers 1 added; 1 widens"},
		{"an approval removed", full, noInstaller, false, "governance: installers 1 removed; nothing widens"},
		{"a denial added", noDenial, full, false, "governance: deny 1 added; nothing widens"},
		{"a denial removed", full, noDenial, true, "governance: deny 1 removed; 1 widens"},
		{"a tool added", noPusher, full, true, "governance: deployment_tools 1 added; 1 widens"},
		{"a tool removed", full, noPusher, false, "governance: deployment_tools 1 removed; nothing widens"},
		{"the first", nil, full, true, "governance: deny 1 added; deployment_tools 2 added; installers 1 added; signers 2 added; sources 1 added; 6 widen"},
	} {
		changes := Compare(test.before, test.after)
		if changes.Widens() != test.widens || changes.Summary() != test.summary {
			t.Errorf("%s: %s, widens %v", test.name, changes.Summary(), changes.Widens())
		}
	}
}

// What Build makes has the index that its entries give. A bundle made otherwise
// can show a reviewer one entry and let the policy find another.
func TestAnIndexThatIsNotItsEntriesWidens(t *testing.T) {
	for name, edit := range map[string]func(governance object){
		"a tool under a program that its entry does not name": func(g object) {
			g["index"].(object)["deployment_tools"].(object)["image"].(object)[`c:\windows\system32\cmd.exe`] = object{"agent": true}
		},
		"an installer taken out of the index": func(g object) { g["index"].(object)["installers"].(object)["tool_source"] = object{} },
		"a denial of an entry that is not there": func(g object) {
			g["index"].(object)["deny"].(object)["file_name"].(object)["x.exe"] = object{"nobody": true}
		},
		"a part that Build does not know": func(g object) { g["exceptions"] = object{"all": true} },
		"no index at all":                 func(g object) { delete(g, "index") },
	} {
		before, after := built(t, compared()), built(t, compared())
		edit(after.Content.Data["governance"].(object))
		after.Revision = "another"
		if changes := Compare(before, after); !changes.Widens() {
			t.Errorf("%s: %s", name, changes.Summary())
		}
	}
}

// Build refuses a denial of a tool that is not there; a bundle made otherwise can
// hold one, and the policy then no longer knows what is denied.
func TestAToolThatIsDeniedCannotBeTakenAwayUnseen(t *testing.T) {
	before, after := built(t, compared()), built(t, compared())
	data := after.Content.Data["governance"].(object)
	delete(data["deployment_tools"].(object), "agent")
	for _, ids := range data["index"].(object)["deployment_tools"].(object)["image"].(object) {
		delete(ids.(object), "agent")
	}
	after.Revision = "another"
	for _, d := range Compare(before, after).Differences {
		if d.Kind == "deployment_tools" && d.ID == "agent" && d.What == Removed {
			if d.Effect != Widens {
				t.Errorf("%v, want that it widens", d)
			}
			return
		}
	}
	t.Error("the tool's removal is not told")
}

func TestWhateverAPolicyChangesWidens(t *testing.T) {
	read := func(rego, data string) *Bundle {
		b, err := ReadDir(folder(map[string]string{"an0940/a.rego": rego, "data.json": data}), NamePolicy)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := read(policyRego, `{"scope":{"x":1}}`)
	after := read(policyRego+"\n# more\n", `{"scope":{"x":2},"lib":{}}`)
	changes := Compare(before, after)
	if got, want := changes.Summary(), "policy: data 1 added, 1 altered; module 1 altered; 3 widen"; got != want || !changes.Widens() {
		t.Errorf("got %s, want %s", got, want)
	}
	if gone := Compare(after, before); !gone.Widens() {
		t.Errorf("taking it back: %s", gone.Summary())
	}
}
