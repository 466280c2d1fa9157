package install

import "slices"

// sameContext reports whether two contexts of one event say materially the same:
// all that a decision may rest on. What ends a session, what it installed and
// how, sequence numbers and what the host sends are not of that.
//
// Of the process itself and the root, from which a finding has its name, each
// fact counts; of those around it, what says what they are: see sameNeighbour.
func sameContext(a, b *Context) bool {
	return sameProcess(&a.Process, &b.Process) && sameNeighbour(&a.Parent, &b.Parent) && sameProcess(&a.Root, &b.Root) &&
		sameProcesses(a.Lineage, b.Lineage) && a.Module == b.Module && sameWritten(a.ModuleWritten, b.ModuleWritten) &&
		slices.Equal(a.Missing, b.Missing) && sameSession(a.Session, b.Session)
}

// sameProcess compares what is known of two processes. What msiexec was told to
// do follows from its facts, but for whether it is known.
func sameProcess(a, b *Process) bool {
	return a.Process == b.Process && a.Role == b.Role && (a.Msiexec == nil) == (b.Msiexec == nil) && sameWritten(a.Written, b.Written)
}

// sameNeighbour compares what is known of two ancestors, launchers or writers.
// A GUID or PID that only one of them has changes nothing of what they are, nor,
// outside every tree, an account, where the image is known; nor does the command
// line of services.exe, which is the same on every host.
func sameNeighbour(a, b *Process) bool {
	if a.Image == "" || a.Image != b.Image {
		return sameProcess(a, b)
	}
	x, y := *a, *b
	if x.GUID == "" || y.GUID == "" {
		x.GUID, y.GUID = "", ""
	}
	if x.PID == 0 || y.PID == 0 {
		x.PID, y.PID = 0, 0
	}
	if x.Role == RoleNone && y.Role == RoleNone && (x.User == "" || y.User == "") {
		x.User, y.User = "", ""
	}
	if isServices(x.Image) && (x.CommandLine == "" || y.CommandLine == "") {
		x.CommandLine, y.CommandLine = "", ""
	}
	return sameProcess(&x, &y)
}

func sameProcesses(a, b []Process) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameNeighbour(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

func sameWritten(a, b *Written) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.At.Equal(b.At) && sameNeighbour(&a.By, &b.By)
}

// sameSession reports whether two values say the same of where something
// belongs, of what that is, and of how far it can be relied on.
func sameSession(a, b *Session) bool {
	switch {
	case a == b:
		return true
	case a == nil || b == nil:
		return false
	}
	return a.Attribution == b.Attribution && a.Ambiguous == b.Ambiguous && slices.Equal(a.Doubts, b.Doubts) && sameInstall(a, b) &&
		slices.EqualFunc(a.Candidates, b.Candidates, func(x, y Session) bool { return x.Ambiguous == y.Ambiguous && sameInstall(&x, &y) })
}

// sameInstall compares what two sessions are.
func sameInstall(a, b *Session) bool {
	return a.ID == b.ID && a.OpenedBy == b.OpenedBy && a.Via == b.Via && a.Verb == b.Verb && a.Quiet == b.Quiet && a.User == b.User &&
		a.Within == b.Within && a.Inventory == b.Inventory && a.MarkOfTheWeb == b.MarkOfTheWeb && a.Begin.Equal(b.Begin) &&
		samePackageFact(a, b) && samePackageFile(a.PackageFile, b.PackageFile) && slices.Equal(a.Named, b.Named) &&
		sameClient(a.Client, b.Client) && sameProcesses(a.Launcher, b.Launcher)
}

func samePackageFact(a, b *Session) bool {
	if a.Package == nil || b.Package == nil {
		return a.Package == b.Package
	}
	return *a.Package == *b.Package && slices.Contains(a.Claimed, "package") == slices.Contains(b.Claimed, "package")
}

func samePackageFile(a, b *PackageFile) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Hashes == b.Hashes && a.Written.Equal(b.Written) && sameClient(a.Writer, b.Writer)
}

func sameClient(a, b *Process) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sameNeighbour(a, b)
}
