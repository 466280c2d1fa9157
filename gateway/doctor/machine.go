package doctor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

var (
	dataUnusable = Check{
		"data_dir.unusable", Error, "data_dir is no folder, or this user cannot write to it",
		"no bundle becomes active, and audit events that the stream does not take are lost", "run doctor as the gateway's user; then chown the folder, or name another as data_dir",
	}
	dataOpen = Check{
		"data_dir.open_to_others", Warning, "others can read or write data_dir",
		"who can write there turns bundles back; who can read sees what is excused", "chmod 700 on the folder",
	}
	secretOpen = Check{
		"secret.open_to_others", Error, "others can read a file with credentials or a private key",
		"every user of this machine can act as the gateway", "chmod 600 on the file, owned by the gateway's user",
	}
	secretUnreadable = Check{
		"secret.unreadable", Error, "a file with credentials, a token or a certificate cannot be read",
		"the gateway does not connect, or asks for no bundles", "run doctor as the gateway's user; the finding says what is wrong",
	}
	httpExposed = Check{
		"http.exposed", Warning, "health and metrics listen beyond this machine",
		"whoever reaches the port sees how much is decided and why the gateway is degraded; there is no password", "http.listen: 127.0.0.1:9464, or a firewall in front",
	}
	diskFull = Check{
		"disk.nearly_full", Error, "less than 10 % and less than 20 GiB of the disk below data_dir or embedded.store_dir are free",
		"when it is full, JetStream takes no events and no bundle becomes active", "make room, or move the folder to a larger disk",
	}
)

var machineChecks = []Check{dataUnusable, dataOpen, secretOpen, secretUnreadable, httpExposed, diskFull}

const (
	freeShare = 0.10
	freeBytes = 20 << 30
	others    = 0o077
)

// machine looks at the files, folders and the listener of this machine.
func (e *examination) machine() {
	e.dataDir()
	e.secrets()
	if host, _, err := net.SplitHostPort(e.Config.HTTP.Listen); err == nil && host != "" && host != "localhost" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			e.find(httpExposed, "http.listen", "%s", e.Config.HTTP.Listen)
		}
	}
	e.disk("data_dir", e.Config.DataDir)
	if embedded(e.Config) {
		if e.Config.Embedded.StoreDir != e.Config.DataDir {
			e.disk("embedded.store_dir", e.Config.Embedded.StoreDir)
		}
		return
	}
	e.skip("the disk below JetStream", "it is where nats-server runs: look there at its store_dir")
}

func (e *examination) dataDir() {
	folder := e.Config.DataDir
	info, err := os.Stat(folder)
	object := "data_dir " + folder
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return // the gateway makes it
	case err != nil:
		e.find(dataUnusable, object, "%v", err)
		return
	case !info.IsDir():
		e.find(dataUnusable, object, "it is no folder")
		return
	}
	if err := writable(folder); err != nil {
		e.find(dataUnusable, object, "%v", err)
	}
	for _, at := range []string{folder, e.Config.BundlesFolder()} {
		if info, err := os.Stat(at); err == nil && modes && info.Mode().Perm()&others != 0 {
			e.find(dataOpen, "data_dir "+at, "mode %#o", info.Mode().Perm())
		}
	}
}

// modes tells whether a file's mode says who can read it.
const modes = runtime.GOOS != "windows"

// secrets looks at the files that nobody but the gateway is to read.
func (e *examination) secrets() {
	type secret struct{ setting, file string }
	all := []secret{
		{"nats.credentials_file", e.Config.NATS.CredentialsFile}, {"nats.nkey_seed_file", e.Config.NATS.NKeySeedFile}, {"nats.tls.key_file", e.Config.NATS.TLS.KeyFile},
	}
	for _, b := range e.Config.Bundles {
		all = append(all, secret{"bundle " + b.Name + " bearer_token_file", b.BearerTokenFile}, secret{"bundle " + b.Name + " tls.key_file", b.TLS.KeyFile})
	}
	for _, s := range all {
		if s.file == "" {
			continue
		}
		opened, err := os.Open(s.file)
		if err != nil {
			e.find(secretUnreadable, s.setting, "%v", err)
			continue
		}
		info, err := opened.Stat()
		_ = opened.Close() // it was opened to learn that it can be
		if err == nil && modes && info.Mode().Perm()&others != 0 {
			e.find(secretOpen, s.setting+" "+s.file, "mode %#o", info.Mode().Perm())
		}
	}
}

// disk looks at the disk below a folder, or below the first parent that is there.
func (e *examination) disk(setting, folder string) {
	at, err := filepath.Abs(folder)
	if err != nil {
		e.skip("the disk below "+setting, "%v", err)
		return
	}
	for {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	free, total, err := e.Disk(at)
	if err != nil {
		e.skip("the disk below "+setting, "%v", err)
		return
	}
	if total > 0 && float64(free) < freeShare*float64(total) && free < freeBytes {
		e.find(diskFull, strings.TrimSpace(setting+" "+folder), "%d MiB of %d MiB are free", free>>20, total>>20)
	}
}
