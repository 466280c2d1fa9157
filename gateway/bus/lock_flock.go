//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package bus

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile takes an exclusive lock that the system drops with the process, so
// that a killed one leaves nothing to clean up.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

func unlockFile(f *os.File) {
	_ = f.Close() // closing drops the lock
}
