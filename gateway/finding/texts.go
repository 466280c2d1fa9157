package finding

import (
	"maps"
	"slices"
	"strconv"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

func itoa(i int) string { return strconv.Itoa(i) }

// textVisitor is shown a text and the fact it is, as prefix + name: two strings,
// because almost always nobody wants to know.
type textVisitor func(prefix, name string, s *string)

// eachText shows visit every text of a context, with the fact it is. The same
// fact may come twice: the Event's own process and the correlated one.
func eachText(c *install.Context, visit textVisitor) {
	processTexts("process.", &c.Process, visit)
	processTexts("parent.", &c.Parent, visit)
	processTexts("root.", &c.Root, visit)
	for i := range c.Lineage {
		processTexts("lineage."+itoa(i)+".", &c.Lineage[i], visit)
	}
	if c.Package != nil {
		visit("package.", "name", &c.Package.Name)
	}
	if c.Session != nil {
		sessionTexts("session.", c.Session, visit)
	}
	e := c.Event
	eventProcessTexts("process.", &e.Process, visit)
	eventProcessTexts("parent.", &e.Parent, visit)
	visit("module.", "path", &e.Module.Path)
	visit("module.", "original_file_name", &e.Module.OriginalFileName)
	visit("module.", "company", &e.Module.Company)
	visit("module.", "product", &e.Module.Product)
	visit("module.", "description", &e.Module.Description)
	visit("module.", "file_version", &e.Module.FileVersion)
	visit("module.", "signer.subject", &e.Module.Signature.Subject)
	visit("module.", "signer.issuer", &e.Module.Signature.Issuer)
	visit("file.", "path", &e.File.Path)
	visit("file.", "contents", &e.File.Contents)
	visit("file.", "stream", &e.File.Stream)
	visit("event.", "provider", &e.Provider)
	visit("event.", "channel", &e.Channel)
	visit("event.registry.", "operation", &e.Registry.Operation)
	visit("event.registry.", "key", &e.Registry.Key)
	visit("event.registry.", "value", &e.Registry.Value)
	visit("event.registry.", "new_name", &e.Registry.NewName)
	visit("event.network.", "destination_ip", &e.Network.DestinationIP)
	visit("event.network.", "destination_host", &e.Network.DestinationHost)
	visit("event.network.", "query_name", &e.Network.QueryName)
	visit("event.network.", "query_results", &e.Network.QueryResults)
	visit("event.install.", "package.name", &e.Installer.Package)
	visit("event.install.", "product", &e.Installer.Product)
	visit("event.install.", "version", &e.Installer.Version)
	visit("event.install.", "manufacturer", &e.Installer.Manufacturer)
	visit("event.install.", "status", &e.Installer.Status)
	visit("event.sensor.", "configuration", &e.Sensor.Configuration)
	visit("event.sensor.", "description", &e.Sensor.Description)
}

func processTexts(prefix string, p *install.Process, visit textVisitor) {
	eventProcessTexts(prefix, &p.Process, visit)
	m := p.Msiexec
	if m == nil {
		return
	}
	if m.Package != nil {
		visit(prefix, "msiexec.package.name", &m.Package.Name)
	}
	for i := range m.Patches {
		visit(prefix, "msiexec.patches."+itoa(i)+".name", &m.Patches[i].Name)
	}
	for i := range m.Others {
		visit(prefix, "msiexec.others."+itoa(i)+".name", &m.Others[i].Name)
	}
	for i := range m.Transforms {
		visit(prefix, "msiexec.transforms."+itoa(i), &m.Transforms[i])
	}
	visit(prefix, "msiexec.suffix", &m.Suffix)
}

func eventProcessTexts(prefix string, p *event.Process, visit textVisitor) {
	visit(prefix, "command_line", &p.CommandLine)
	visit(prefix, "image", &p.Image)
	visit(prefix, "current_directory", &p.CurrentDirectory)
	visit(prefix, "user", &p.User)
	visit(prefix, "original_file_name", &p.OriginalFileName)
	visit(prefix, "integrity_level", &p.IntegrityLevel)
	visit(prefix, "company", &p.Company)
	visit(prefix, "product", &p.Product)
	visit(prefix, "description", &p.Description)
	visit(prefix, "file_version", &p.FileVersion)
	visit(prefix, "signer.subject", &p.Signature.Subject)
	visit(prefix, "signer.issuer", &p.Signature.Issuer)
}

// eachProperty shows visit the public properties of every msiexec of a context.
func eachProperty(c *install.Context, visit func(fact string, properties map[string]string)) {
	one := func(prefix string, p *install.Process) {
		if p.Msiexec != nil && len(p.Msiexec.Properties) > 0 {
			visit(prefix+"msiexec.properties", p.Msiexec.Properties)
		}
	}
	one("process.", &c.Process)
	one("parent.", &c.Parent)
	one("root.", &c.Root)
	for i := range c.Lineage {
		one("lineage."+itoa(i)+".", &c.Lineage[i])
	}
	if c.Session != nil {
		sessionProperties("session.", c.Session, one, visit)
	}
}

// cloneContext copies everything of a context that eachText and eachProperty
// can reach.
func cloneContext(c install.Context) install.Context {
	e := *c.Event
	c.Event = &e
	if c.Package != nil {
		p := *c.Package
		c.Package = &p
	}
	c.Lineage = slices.Clone(c.Lineage)
	for i := range c.Lineage {
		cloneMsiexec(&c.Lineage[i])
	}
	if c.Session != nil {
		s := cloneSession(*c.Session)
		c.Session = &s
	}
	cloneMsiexec(&c.Process)
	cloneMsiexec(&c.Parent)
	cloneMsiexec(&c.Root)
	return c
}

func cloneMsiexec(p *install.Process) {
	if p.Msiexec == nil {
		return
	}
	m := *p.Msiexec
	if m.Package != nil {
		pkg := *m.Package
		m.Package = &pkg
	}
	m.Patches = slices.Clone(m.Patches)
	m.Others = slices.Clone(m.Others)
	m.Transforms = slices.Clone(m.Transforms)
	m.Properties = maps.Clone(m.Properties)
	p.Msiexec = &m
}
