package install

import (
	"encoding/hex"
	"unique"

	"msigate/gateway/event"
)

// fileSHA1 is a SHA-1 in 20 bytes.
type fileSHA1 [20]byte

// certificate is the signature of a file, as a certificate record told it.
type certificate struct {
	signature unique.Handle[event.Signature]
	at        int64
}

// certificateTable is what certificate records told, by the file's SHA-1. They
// come once for a file, before or after the process that runs it, so each that
// a host sends is kept for a while, whatever it is of.
type certificateTable struct {
	byHash map[fileSHA1]certificate
	order  []fileSHA1 // as they came first
}

func parseSHA1(text string) (sum fileSHA1, ok bool) {
	if len(text) != 2*len(sum) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(text))
	return sum, err == nil
}

// keep takes over what a record told; of several of one file the latest holds.
func (c *certificateTable) keep(sum fileSHA1, one certificate) bool {
	known, again := c.byHash[sum]
	if again && one.at < known.at || known == one {
		return false
	}
	if c.byHash == nil {
		c.byHash = map[fileSHA1]certificate{}
	}
	if !again {
		c.order = append(c.order, sum)
	}
	c.byHash[sum] = one
	return true
}

func (c *certificateTable) forgetFirst() {
	delete(c.byHash, c.order[0])
	c.order = c.order[1:]
}

// of is the certificate of the file with that SHA-1.
func (c *certificateTable) of(sha1 string) (certificate, bool) {
	if len(c.byHash) == 0 {
		return certificate{}, false
	}
	sum, ok := parseSHA1(sha1)
	if !ok {
		return certificate{}, false
	}
	one, ok := c.byHash[sum]
	return one, ok
}

// certify keeps a certificate record and signs the processes of that file.
func (h *host) certify(file event.Hashes, signature event.Signature, at int64) {
	sum, ok := parseSHA1(file.SHA1)
	if !ok || !h.certificates.keep(sum, certificate{unique.Make(signature), at}) {
		return
	}
	for p := h.members.first; p != nil; p = p.after {
		if p.member.facts.Hashes.SHA1 == file.SHA1 && p.member.sign(signature, signerCertificate, at) {
			h.stir(p)
		}
	}
	for _, w := range h.watched {
		if m := &w.context.Event.Module; !m.Signature.Known && m.Hashes.SHA1 == file.SHA1 {
			w.looked = 0
			h.stirred.count++
		}
	}
}

// signed gives a process of a tree the signature that a certificate record told.
func (h *host) signed(p *process) {
	if p.member == nil || p.member.signer > signerCertificate {
		return
	}
	if one, ok := h.certificates.of(p.member.facts.Hashes.SHA1); ok && p.member.sign(one.signature.Value(), signerCertificate, one.at) {
		h.stir(p)
	}
}

// module is what an image_load loads, with the signer that a certificate tells.
func (h *host) module(e *event.Event) event.Module {
	m := e.Module
	if e.Kind == event.KindImageLoad && !m.Signature.Known {
		if one, ok := h.certificates.of(m.Hashes.SHA1); ok {
			m.Signature = one.signature.Value()
		}
	}
	return m
}
