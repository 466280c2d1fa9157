package governance

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// Whatever the entries, one that counts is listed whenever any of its class counts.
func TestAnEntryThatCountsIsListedAtEveryMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []filed
		for i := range rapid.IntRange(0, 30).Draw(t, "entries") {
			created := rapid.Int64Range(0, 60).Draw(t, "created")
			all = append(all, filed{
				id: fmt.Sprintf("e%02d", i), class: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "class"),
				created: created, expires: created + rapid.Int64Range(1, 20).Draw(t, "days"),
			})
		}
		kept := covering(slices.Clone(all))
		counts := func(entries []filed, class string, now int64) (n int) {
			for _, e := range entries {
				if e.class == class && e.created <= now && now < e.expires {
					n++
				}
			}
			return n
		}
		for now := int64(0); now <= 81; now++ {
			for _, class := range []string{"a", "b"} {
				some, listed := counts(all, class, now), counts(kept, class, now)
				if (some > 0) != (listed > 0) {
					t.Fatalf("class %s at %d: %d count, %d of them are listed", class, now, some, listed)
				}
				if listed > 2 {
					t.Fatalf("class %s at %d: %d are listed, two are always enough", class, now, listed)
				}
			}
		}
	})
}

// A thousand hashes rolled out the same way are one entry to a client's start,
// and a thousand file names are each found by its own.
func TestEntriesThatApproveTheSameAreListedOnce(t *testing.T) {
	const entry = `  - id: entry-%06d
    title: Product number %d
    owner: endpoint-engineering
    reason: Rolled out to every workstation by the deployment tool.
    created: 2026-11-01
    expires: %s
    deployment_tools: [agent]
    sources: [share]
    sha256: [%064x]
`
	var b bytes.Buffer
	b.WriteString("installers:\n")
	for i := range 100 {
		expires := "2027-05-31"
		if i == 70 {
			expires = "2027-10-31"
		}
		fmt.Fprintf(&b, entry, i, i, expires, i)
		if i >= 90 {
			fmt.Fprintf(&b, "    narrow:\n      file_names: [product-%d.msi]\n", i)
		}
	}
	fsys := sound()
	fsys["installers.yaml"] = &fstest.MapFile{Data: b.Bytes()}
	built, err := Build(fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	index := built.Content.Data["governance"].(object)["index"].(object)["installers"].(object)
	pairs := index["tool_source"].(object)
	if plain := pairs["agent|share"].(object); len(plain) != 1 || plain["entry-000070"] != true {
		t.Errorf("under the pair alone stand %v, want the one that lasts longest", plain)
	}
	if len(pairs) != 11 {
		t.Errorf("%d keys, want the pair and ten file names", len(pairs))
	}
	for i := 90; i < 100; i++ {
		key := fmt.Sprintf("agent|share|file_name|product-%d.msi", i)
		if ids, _ := pairs[key].(object); len(ids) != 1 || ids[fmt.Sprintf("entry-%06d", i)] != true {
			t.Errorf("%s lists %v", key, ids)
		}
	}
	if hashes := index["sha256"].(object); len(hashes) != 100 {
		t.Errorf("%d hashes are indexed, want all 100", len(hashes))
	}
}
