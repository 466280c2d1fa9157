package msi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// readDatabase takes from the tables what the package is and runs.
func (r *Report) readDatabase(c *container, db *database) error {
	r.Tables = db.names
	properties := map[string]string{}
	err := db.each("Property", func(row row) error {
		cells, err := row.texts("Property", "Value")
		if err == nil {
			properties[cells[0]] = cells[1]
		}
		return err
	})
	if err != nil {
		return err
	}
	r.Product = Product{
		Code: properties["ProductCode"], Name: properties["ProductName"], Version: properties["ProductVersion"],
		Manufacturer: properties["Manufacturer"], UpgradeCode: properties["UpgradeCode"], AllUsers: properties["ALLUSERS"],
	}
	if err := r.readActions(db); err != nil {
		return err
	}
	files, err := r.readFiles(c, db)
	if err != nil {
		return err
	}
	for _, read := range []func(*database) error{r.readUpgrades, r.readRegistry, r.readEmbedded} {
		if err := read(db); err != nil {
			return err
		}
	}
	return r.resolve(c, properties, files)
}

func (r *Report) readActions(db *database) error {
	err := db.each("CustomAction", func(row row) error {
		cells, err := row.texts("Action", "Source", "Target")
		if err != nil {
			return err
		}
		number, ok := row.number("Type")
		if !ok {
			return fmt.Errorf("custom action %q has no type", cells[0])
		}
		extended, _ := row.number("ExtendedType")
		a := Action{Name: cells[0], Type: number, Source: cells[1], Target: cells[2]}
		a.decodeType(extended)
		r.Actions = append(r.Actions, a)
		return nil
	})
	if err != nil {
		return err
	}
	scheduled := map[string][]Schedule{}
	for _, table := range []string{
		"InstallUISequence", "InstallExecuteSequence", "AdminUISequence", "AdminExecuteSequence", "AdvtExecuteSequence", "AdvtUISequence",
	} {
		err := db.each(table, func(row row) error {
			cells, err := row.texts("Action", "Condition")
			if err == nil {
				number, _ := row.number("Sequence")
				scheduled[cells[0]] = append(scheduled[cells[0]], Schedule{table, number, cells[1]})
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	// A dialog's button starts an action, too.
	// https://learn.microsoft.com/windows/win32/msi/doaction-controlevent
	err = db.each("ControlEvent", func(row row) error {
		cells, err := row.texts("Event", "Argument", "Condition", "Dialog_")
		if err == nil && strings.EqualFold(cells[0], "DoAction") {
			scheduled[cells[1]] = append(scheduled[cells[1]], Schedule{"ControlEvent", 0, strings.TrimSpace(cells[3] + " " + cells[2])})
		}
		return err
	})
	for i := range r.Actions {
		r.Actions[i].Scheduled = scheduled[r.Actions[i].Name]
	}
	return err
}

// readFiles gives the installed files that an action or a service runs, by key,
// with the hashes of those that lie in an embedded cabinet.
func (r *Report) readFiles(c *container, db *database) (map[string]*File, error) {
	runBy := map[string][]string{}
	for _, a := range r.Actions {
		if a.installs() {
			runBy[a.Source] = append(runBy[a.Source], "custom action "+a.Name)
		}
	}
	services, err := readServices(db)
	if err != nil {
		return nil, err
	}
	keyPaths := map[string]string{} // of a component
	if len(services) > 0 {
		for _, s := range services {
			keyPaths[s.component] = ""
		}
		err := db.all("Component", func(row row) error {
			cells, err := row.texts("Component", "KeyPath")
			if err != nil {
				return err
			}
			if _, wanted := keyPaths[cells[0]]; wanted {
				keyPaths[cells[0]] = cells[1]
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range services {
		if key := keyPaths[services[i].component]; key != "" {
			services[i].File = key
			runBy[key] = append(runBy[key], "service "+services[i].Name)
		}
		r.Services = append(r.Services, services[i].Service)
	}
	files := map[string]*File{}
	if len(runBy) > 0 {
		err := db.all("File", func(row row) error {
			key, err := row.text("File")
			if err != nil || runBy[key] == nil {
				return err
			}
			cells, err := row.texts("FileName", "Component_")
			if err == nil {
				_, long, found := strings.Cut(cells[0], "|") // short|long
				if !found {
					long = cells[0]
				}
				files[key] = &File{Key: key, Name: long, Component: cells[1], RunBy: runBy[key]}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := r.unpack(c, db, files); err != nil {
		return nil, err
	}
	for _, f := range files {
		r.Files = append(r.Files, *f)
	}
	slices.SortFunc(r.Files, func(a, b File) int { return strings.Compare(a.Key, b.Key) })
	return files, nil
}

// unpack hashes files out of the embedded cabinets. A cabinet that cannot be
// read leaves them without a hash, and a note says so.
func (r *Report) unpack(c *container, db *database, files map[string]*File) error {
	var cabinets []string
	err := db.each("Media", func(row row) error {
		name, err := row.text("Cabinet")
		if name, embedded := strings.CutPrefix(name, "#"); embedded {
			cabinets = append(cabinets, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(cabinets) > maxCabinets {
		return fmt.Errorf("read table Media: it has %d cabinets, more than %d", len(cabinets), maxCabinets)
	}
	budget := int64(maxUnpacked)
	for _, name := range cabinets {
		if len(files) == 0 {
			break
		}
		e := c.streams[name]
		if e == nil {
			r.add(true, "cabinet "+name, "Media names it, and the package has no such stream")
			continue
		}
		err := func() error {
			head, err := e.head(maxCabHead)
			if err != nil {
				return err
			}
			cabinet, err := parseCabinet(head)
			if err != nil {
				return err
			}
			found, left, err := hashFiles(e.reader(), cabinet, func(key string) bool { return files[key] != nil }, &budget)
			for key, h := range found {
				files[key].hashes, files[key].Cabinet = h, name
			}
			for _, key := range left {
				files[key].Cabinet = name
			}
			return err
		}()
		if err != nil {
			r.add(false, "cabinet "+name, "the files in it have no hash here: "+err.Error())
		}
	}
	return nil
}

type serviceRow struct {
	Service
	component string
}

// https://learn.microsoft.com/windows/win32/msi/serviceinstall-table
func readServices(db *database) ([]serviceRow, error) {
	var services []serviceRow
	err := db.each("ServiceInstall", func(row row) error {
		cells, err := row.texts("Name", "DisplayName", "StartName", "Arguments", "Component_")
		if err != nil {
			return err
		}
		start, _ := row.number("StartType")
		names := map[int]string{0: "boot", 1: "system", 2: "automatic", 3: "on demand", 4: "disabled"}
		services = append(services, serviceRow{Service{
			Name: cells[0], Shown: cells[1], Account: cmp.Or(cells[2], "LocalSystem"), Arguments: cells[3],
			Start: cmp.Or(names[start], fmt.Sprint(start)),
		}, cells[4]})
		return nil
	})
	return services, err
}

func (r *Report) readUpgrades(db *database) error {
	return db.each("Upgrade", func(row row) error {
		code, err := row.text("UpgradeCode")
		if code != r.Product.UpgradeCode && !slices.Contains(r.Product.Replaces, code) {
			r.Product.Replaces = append(r.Product.Replaces, code)
		}
		return err
	})
}

// starts are parts of a registry key, in lower case, below which a value starts
// something, or has something trusted. https://attack.mitre.org/techniques/T1547/
var starts = []struct{ part, why string }{
	{`\currentversion\run`, "starts at logon"}, // and RunOnce, RunServices
	{`\policies\explorer\run`, "starts at logon"},
	{`\winlogon`, "is loaded or started at logon"},
	{`\image file execution options`, "starts instead of, or besides, another program"},
	{`\silentprocessexit`, "starts when another program ends"},
	{`\appcertdlls`, "is loaded into every process"},
	{`\control\lsa`, "is loaded by the local security authority"},
	{`\currentcontrolset\services`, "is a service"},
	{`\active setup\installed components`, "starts at each user's first logon"},
	{`\systemcertificates\root`, "makes a certificate a trusted root"},
	{`\systemcertificates\authroot`, "makes a certificate a trusted root"},
	{`\windows defender`, "configures Microsoft Defender"},
	{`\currentversion\windows`, "may load libraries into every process (AppInit_DLLs)"},
}

var roots = map[int]string{-1: "HKMU", 0: "HKCR", 1: "HKCU", 2: "HKLM", 3: "HKU"}

// https://learn.microsoft.com/windows/win32/msi/registry-table
func (r *Report) readRegistry(db *database) error {
	return db.all("Registry", func(row row) error {
		key, err := row.text("Key")
		if err != nil {
			return err
		}
		lower := `\` + strings.ToLower(key)
		for _, s := range starts {
			if !strings.Contains(lower, s.part) {
				continue
			}
			root, _ := row.number("Root")
			cells, err := row.texts("Name", "Value")
			if err != nil {
				return err
			}
			if s.part == `\currentversion\windows` && !strings.HasSuffix(lower, s.part) {
				continue // e.g. CurrentVersion\Windows NT
			}
			if len(r.Registry) >= maxRows {
				return fmt.Errorf("more than %d values start something", maxRows)
			}
			r.Registry = append(r.Registry, Registry{cmp.Or(roots[root], "HK?") + `\` + key, cells[0], cells[1], s.why})
			break
		}
		return nil
	})
}

// https://learn.microsoft.com/windows/win32/msi/msiembeddedui-table
// https://learn.microsoft.com/windows/win32/msi/msiembeddedchainer-table
func (r *Report) readEmbedded(db *database) error {
	err := db.each("MsiEmbeddedUI", func(row row) error {
		cells, err := row.texts("MsiEmbeddedUI", "FileName")
		if err == nil {
			r.Embedded = append(r.Embedded, Embedded{What: "MsiEmbeddedUI", Name: cells[0], Target: cells[1]})
		}
		return err
	})
	if err != nil {
		return err
	}
	return db.each("MsiEmbeddedChainer", func(row row) error {
		cells, err := row.texts("MsiEmbeddedChainer", "Source", "CommandLine")
		if err == nil {
			r.Embedded = append(r.Embedded, Embedded{What: "MsiEmbeddedChainer", Name: cells[0], Source: cells[1], Target: cells[2]})
		}
		return err
	})
}
