package install

import "slices"

// sameContext reports whether two contexts of one event say materially the same:
// all that a decision may rest on. What ends a session, what it installed and
// how, sequence numbers and what the host sends are not of that.
func sameContext(a, b *Context) bool {
	return sameProcess(&a.Process, &b.Process) && sameProcess(&a.Parent, &b.Parent) && sameProcess(&a.Root, &b.Root) &&
		sameProcesses(a.Lineage, b.Lineage) && a.Module == b.Module && sameWritten(a.ModuleWritten, b.ModuleWritten) &&
		slices.Equal(a.Missing, b.Missing) && sameSession(a.Session, b.Session)
}

// sameProcess compares what is known of two processes. What msiexec was told to
// do follows from its facts, but for whether it is known.
func sameProcess(a, b *Process) bool {
	return a.Process == b.Process && a.Role == b.Role && (a.Msiexec == nil) == (b.Msiexec == nil) && sameWritten(a.Written, b.Written)
}

func sameProcesses(a, b []Process) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameProcess(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

func sameWritten(a, b *Written) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.At.Equal(b.At) && sameProcess(&a.By, &b.By)
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
	return sameProcess(a, b)
}
