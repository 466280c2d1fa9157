package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

type keygenFlags struct {
	name, dir, expires, output string
}

func (c *command) bundleKeygen() *cobra.Command {
	var f keygenFlags
	cmd := &cobra.Command{
		Use:   "keygen [flags] --name NAME",
		Short: "Make a key pair for one person or team",
		Long: `keygen makes an ECDSA key on P-256 (JWS algorithm ES256) and writes

  NAME.key.pem  the private key: PKCS #8, readable by you alone; it signs, so keep it
  NAME.pub.pem  the public key: goes into the gateway's configuration (keys, approvers)

Its id is derived from the key, so that no other key can take it. Files that are there
are never written over. A key that lives in a KMS or HSM needs no keygen: export its
public key, and see msigate bundle sign --signer.`,
		Example: `  msigate bundle keygen --name governance-owner
  msigate bundle keygen --name governance-second --expires 2027-12-31 --dir /secure`,
		DisableFlagsInUseLine: true,
		Args:                  noArgs,
		RunE:                  func(*cobra.Command, []string) error { return c.keygen(f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "`NAME` of the key: letters, digits, dot, dash and underscore")
	flags.StringVar(&f.dir, "dir", ".", "`FOLDER` for both files")
	flags.StringVar(&f.expires, "expires", "", "`DATE` (YYYY-MM-DD) from which the key counts no more (default: no end)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	complete(cmd, "name")
	complete(cmd, "expires")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (c *command) keygen(f keygenFlags) error {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return usageError(err)
	}
	if f.name == "" {
		return usageError(withHint(fmt.Errorf("msigate bundle keygen needs --name"), "for instance --name governance-owner"))
	}
	if !keyName.MatchString(f.name) {
		return usageError(fmt.Errorf("--name %s: it must be 1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit", printable(f.name)))
	}
	var expires time.Time
	if f.expires != "" {
		var err error
		if expires, err = time.Parse(time.DateOnly, f.expires); err != nil {
			return usageError(withHint(fmt.Errorf("--expires %s: this is no date", f.expires), "year, month and day, for instance 2027-12-31"))
		}
		if !expires.After(time.Now()) {
			return usageError(fmt.Errorf("--expires %s: it is past already", f.expires))
		}
	}
	key, err := governance.NewSigningKey(f.name, expires)
	if err != nil {
		return err
	}
	private, public := filepath.Join(f.dir, f.name+".key.pem"), filepath.Join(f.dir, f.name+".pub.pem")
	switch err := key.WriteFiles(private, public); {
	case errors.Is(err, fs.ErrExist):
		return withHint(err, "a key is never written over: choose another --name or --dir")
	case err != nil:
		return err
	}
	if f.output == "json" {
		return json.NewEncoder(c.out).Encode(map[string]string{"id": key.ID, "name": f.name, "algorithm": key.Algorithm, "private_key": private, "public_key": public})
	}
	fmt.Fprintf(c.out, "key %s (%s)\n  %-12s %s\n  %-12s %s\n", key.ID, key.Algorithm, "private", private, "public", public)
	return nil
}
