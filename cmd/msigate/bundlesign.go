package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msigate/gateway/governance"
)

// signerFlags say by which key something is signed.
type signerFlags struct {
	key, signer, public, algorithm string
	out, output                    string
}

func (f *signerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.key, "key", "", "private key `FILE` (PEM)")
	flags.StringVar(&f.signer, "signer", "", "`COMMAND` that signs instead, for a key in a KMS, HSM or token: words separated by spaces")
	flags.StringVar(&f.public, "public", "", "with --signer: `FILE` with its public key (PEM)")
	flags.StringVar(&f.algorithm, "algorithm", "", "JWS `ALGORITHM`, for an RSA key: RS256 (default), RS384, RS512, PS256, PS384 or PS512")
	flags.StringVarP(&f.out, "out", "o", "", "archive `FILE` to write (default: the one that is read)")
	flags.StringVar(&f.output, "output", "text", "`FORMAT` of what it says: text or json")
	complete(cmd, "algorithm", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
	complete(cmd, "output", "text", "json")
	complete(cmd, "signer")
	_ = cmd.MarkFlagFilename("key", "pem")
	_ = cmd.MarkFlagFilename("public", "pem")
	_ = cmd.MarkFlagFilename("out", "gz")
}

// open gives what signs.
func (f signerFlags) open(c *command) (governance.Signer, error) {
	if err := checkOutput(f.output, "text", "json"); err != nil {
		return nil, usageError(err)
	}
	switch {
	case f.key == "" && f.signer == "":
		return nil, usageError(withHint(errors.New("neither --key nor --signer is given, and one of them signs"), "msigate bundle keygen --name NAME makes a key"))
	case f.key != "" && f.signer != "":
		return nil, usageError(errors.New("--key and --signer are given: leave one out"))
	case f.signer != "" && f.public == "":
		return nil, usageError(withHint(errors.New("--signer needs --public"), "the public key says whose signature it is, and what the command answers is held to it"))
	case f.signer == "" && f.public != "":
		return nil, usageError(errors.New("--public belongs to --signer; the private key of --key has its public half inside"))
	}
	if f.key != "" {
		if _, err := os.Stat(f.key); err != nil {
			return nil, usageError(fmt.Errorf("--key %s: %w", f.key, reason(err)))
		}
		key, err := governance.ReadSigningKey(f.key)
		if err != nil {
			return nil, usageError(err)
		}
		if key.Key, err = key.By(f.algorithm); err != nil {
			return nil, usageError(err)
		}
		return key, nil
	}
	if _, err := os.Stat(f.public); err != nil {
		return nil, usageError(fmt.Errorf("--public %s: %w", f.public, reason(err)))
	}
	key, err := governance.ReadKey(f.public)
	if err != nil {
		return nil, usageError(err)
	}
	if key, err = key.By(f.algorithm); err != nil {
		return nil, usageError(err)
	}
	words := strings.Fields(f.signer)
	if len(words) == 0 {
		return nil, usageError(errors.New("--signer is empty"))
	}
	return &governance.ExternalSigner{Key: key, Command: words, Stderr: c.say.w}, nil
}

const signerHelp = `
--signer names a program for a key that must not leave its KMS, HSM or token. It gets
what is to be signed (the JWS signing input) on stdin, hashes and signs it, and writes
the signature to stdout as bytes; of ECDSA both forms are taken, ASN.1 and r and s one
after the other. What it answers is held to --public before anything is written. The
words of the command are separated by spaces; where one holds a space, name a script.`

func (c *command) bundleApprove() *cobra.Command {
	var f signerFlags
	cmd := &cobra.Command{
		Use:   "approve [flags] FILE",
		Short: "Sign, as a second person, that a bundle may be published",
		Long: `approve adds a second person's signature over the bundle's name, serial, not_after and
content to the archive's manifest. A gateway asks for it where a governance bundle widens
what can be approved (second_person, on by default), by another key than the one that
signs. Look first at what it changes: msigate bundle inspect FILE --against PUBLISHED.

It comes before sign, whose signature covers it; a bundle that is built again needs to be
approved again.
` + signerHelp,
		Example: `  msigate bundle inspect governance.tar.gz --against published.tar.gz
  msigate bundle approve --key second.key.pem governance.tar.gz`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one archive that is not signed yet"),
		ValidArgsFunction:     archives,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.signArchive(f, args[0], (*governance.Bundle).Approve)
		},
	}
	f.add(cmd)
	return cmd
}

func (c *command) bundleSign() *cobra.Command {
	var f signerFlags
	cmd := &cobra.Command{
		Use:   "sign [flags] FILE",
		Short: "Sign a bundle as its owner",
		Long: `sign adds the owner's signature in OPA's own format (.signatures.json: one JWT with the
digest of every file, the manifest with serial, not_after and approvals among them). It
comes last; signing again replaces the signature.
` + signerHelp,
		Example: `  msigate bundle sign --key owner.key.pem governance.tar.gz
  msigate bundle sign --signer 'openssl dgst -sha256 -sign owner.key.pem' --public owner.pub.pem governance.tar.gz
  msigate bundle sign --signer ./kms-sign.sh --public kms.pub.pem --algorithm PS256 policy.tar.gz`,
		DisableFlagsInUseLine: true,
		Args:                  wantArgs(1, 1, "one archive"),
		ValidArgsFunction:     archives,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.signArchive(f, args[0], (*governance.Bundle).Sign)
		},
	}
	f.add(cmd)
	return cmd
}

func (c *command) signArchive(f signerFlags, file string, sign func(*governance.Bundle, governance.Signer, time.Time) error) error {
	signer, err := f.open(c)
	if err != nil {
		return err
	}
	raw, err := readArchiveFile(file)
	if err != nil {
		return err
	}
	b, err := governance.ReadSigned(raw, "")
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := sign(b, signer, time.Now()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if f.out == "" {
		f.out = file
	}
	if err := writeArchiveFile(f.out, b); err != nil {
		return err
	}
	return c.reportMade(f.out, f.output, b)
}
