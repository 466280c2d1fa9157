//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package bus

import "os"

// lockFile only opens the file: this system has no advisory lock in the
// standard library. Two servers on one store then differ in port, or the
// second finds the first one's taken.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}

func unlockFile(f *os.File) {
	_ = f.Close() // nothing was written
}
