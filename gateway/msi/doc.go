// Package msi reads Windows Installer files (.msi, .msp, .mst) without
// Windows and without running anything of them: who signed one and whether the
// signature covers it, what its custom actions run and when, the hashes of what
// it carries, and what about it a reviewer should read first. From that it
// proposes the governance entry that would approve it by its strong facts.
//
// Takes: a file by io.ReaderAt and its size. The container is read by
// github.com/richardlehane/mscfb ([MS-CFB]), PKCS#7 by
// github.com/sassoftware/relic; the database in the container is read here, as
// Windows Installer writes it.
//
// Gives: a [Report], in the words of the Windows Installer documentation.
// https://learn.microsoft.com/windows/win32/msi/installer-database-reference
//
// Guarantees: a hostile file gives an error that names stream, table and row,
// never a panic, and never costs more than about 512 MB of memory or more work
// than a few passes over the file: each bound is in limits.go.
//
// Never does: trust. Whether a certificate is trusted is decided where the
// package is installed; everything but hashes and signer is the author's claim.
// A transform's rows (.mst, and those inside an .msp) are not read; its streams
// are hashed and listed.
package msi
