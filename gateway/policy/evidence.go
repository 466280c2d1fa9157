package policy

import (
	"cmp"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// restoreCase copies evidence back in the case the sensor gave it: the policy
// sees lower case, people search for what stands in their logs. A value that
// is not one of the event's own facts stays as the policy wrote it.
func restoreCase(a *Answer, c *install.Context) {
	for _, signal := range a.Signals {
		for fact, value := range signal.Evidence {
			original := factValue(fact, c)
			switch fact {
			case "wrapper":
				original = ancestor(value, c)
			case "session.named":
				original = named(value, c)
			case "transform":
				original = transform(value, c)
			}
			if original != "" && event.LowerASCII(original) == value {
				signal.Evidence[fact] = original
			}
		}
	}
}

// factValue is the event's own value of a fact named as in the policy input.
func factValue(fact string, c *install.Context) string {
	switch fact {
	case "process.image":
		return c.Process.Image
	case "process.command_line":
		return c.Process.CommandLine
	case "process.current_directory":
		return c.Process.CurrentDirectory
	case "process.user":
		return c.Process.User
	case "process.company":
		return c.Process.Company
	case "process.product":
		return c.Process.Product
	case "process.original_file_name":
		return c.Process.OriginalFileName
	case "process.signer.subject":
		return c.Process.Signature.Subject
	case "process.msiexec.package.name":
		return clientPackage(c)
	case "package": // whichever the event names
		return cmp.Or(recordPackage(c), clientPackage(c), sessionPackage(c))
	case "session.package.name":
		return sessionPackage(c)
	case "written.by":
		return cmp.Or(writer(c.Process.Written), writer(c.ModuleWritten))
	case "parent.image":
		return c.Parent.Image
	case "parent.command_line":
		return c.Parent.CommandLine
	case "module.path":
		return c.Event.Module.Path
	case "module.signer.subject":
		return loaded(c).Signature.Subject
	case "file.path":
		return c.Event.File.Path
	case "event.install.package.name":
		return recordPackage(c)
	case "event.registry.key":
		return c.Event.Registry.Key
	case "event.registry.value":
		return c.Event.Registry.Value
	default:
		return ""
	}
}

// clientPackage is what the subject's own command line names.
func clientPackage(c *install.Context) string {
	if c.Process.Msiexec == nil || c.Process.Msiexec.Package == nil {
		return ""
	}
	return c.Process.Msiexec.Package.Name
}

// sessionPackage is what the session that the event came to installs.
func sessionPackage(c *install.Context) string {
	if c.Session == nil || c.Session.Package == nil {
		return ""
	}
	return c.Session.Package.Name
}

// named is the package that records name besides and that reads so in lower case.
func named(lower string, c *install.Context) string {
	if c.Session == nil {
		return ""
	}
	for i := range c.Session.Named {
		if event.LowerASCII(c.Session.Named[i].Name) == lower {
			return c.Session.Named[i].Name
		}
	}
	return ""
}

// transform is the transform of the command line that reads so in lower case.
func transform(lower string, c *install.Context) string {
	if c.Process.Msiexec == nil {
		return ""
	}
	for _, file := range transformFiles(c.Process.Msiexec.Transforms) {
		if event.LowerASCII(file.Name) == lower {
			return file.Name
		}
	}
	return ""
}

// writer is the program that wrote a file.
func writer(w *install.Written) string {
	if w == nil {
		return ""
	}
	return w.By.Image
}

// ancestor is the image above the subject that reads so in lower case.
func ancestor(lower string, c *install.Context) string {
	for i := range c.Lineage {
		if event.LowerASCII(c.Lineage[i].Image) == lower {
			return c.Lineage[i].Image
		}
	}
	return ""
}

// recordPackage is what a MsiInstaller record names.
func recordPackage(c *install.Context) string {
	if c.Package == nil {
		return ""
	}
	return c.Package.Name
}
