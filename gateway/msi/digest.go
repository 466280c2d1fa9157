package msi

import (
	"bytes"
	"crypto"
	_ "crypto/md5" // the digests of old signatures
	_ "crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"unicode/utf16"
)

// digestContent is what an Authenticode signature of a package signs: the
// streams of each storage in the order of their names, without the signature's
// own, then the storage's class identifier; before all that the extended digest
// where there is one. Nobody documents it; osslsigncode and relic agree.
func digestContent(c *container, algorithm crypto.Hash, extended []byte) ([]byte, error) {
	if !algorithm.Available() {
		return nil, fmt.Errorf("its digest %s is not known", algorithm)
	}
	d := algorithm.New()
	d.Write(extended)
	err := c.walk(c.root, func(e *entry) error { return e.copyTo(d) }, func(storage *entry) error {
		id, err := storage.class()
		d.Write(id)
		return err
	})
	return d.Sum(nil), err
}

// digestMetadata is what MsiDigitalSignatureEx holds: names, sizes, class
// identifiers, state bits and times. mscfb does not give state bits, which
// [MS-CFB] has as zero for streams, and gives times to the second; a package
// that has either is not confirmed.
func digestMetadata(c *container, algorithm crypto.Hash) ([]byte, error) {
	d := algorithm.New()
	err := metadataOf(c, c.root, d)
	return d.Sum(nil), err
}

func metadataOf(c *container, storage *entry, d hash.Hash) error {
	write := func(e *entry) error {
		if e != c.root {
			d.Write(e.utf16())
		}
		if e.storage {
			id, err := e.class()
			if err != nil {
				return err
			}
			d.Write(id)
		} else {
			d.Write(binary.LittleEndian.AppendUint32(nil, uint32(e.size)))
		}
		d.Write(make([]byte, 4)) // state bits
		if e != c.root {
			d.Write(make([]byte, 16)) // created and modified
		}
		return nil
	}
	if err := write(storage); err != nil {
		return err
	}
	for _, e := range c.sorted(storage) {
		var err error
		if e.storage {
			err = metadataOf(c, e, d)
		} else {
			err = write(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walk tells every stream of a storage and of those below it in the order of
// the digest, and each storage after what it holds.
func (c *container) walk(storage *entry, stream, after func(*entry) error) error {
	for _, e := range c.sorted(storage) {
		var err error
		if e.storage {
			err = c.walk(e, stream, after)
		} else {
			err = stream(e)
		}
		if err != nil {
			return err
		}
	}
	return after(storage)
}

// sorted gives what a storage holds by the bytes of the stored names, without the signature.
func (c *container) sorted(storage *entry) []*entry {
	below := slices.Clone(c.below[storage])
	below = slices.DeleteFunc(below, func(e *entry) bool {
		return e.stored == signatureStream || e.stored == signatureExStream
	})
	slices.SortFunc(below, func(a, b *entry) int { return bytes.Compare(a.utf16(), b.utf16()) })
	return below
}

func (e *entry) utf16() []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(e.stored)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// class gives a storage's class identifier as it is stored: its first three
// parts little-endian.
func (e *entry) class() ([]byte, error) {
	b, err := hex.DecodeString(strings.NewReplacer("{", "", "}", "", "-", "").Replace(e.file.ID()))
	if err != nil || len(b) != 16 {
		return nil, fmt.Errorf("read storage %s: its class identifier %q is none", e, e.file.ID())
	}
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	return b, nil
}
