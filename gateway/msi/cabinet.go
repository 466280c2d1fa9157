package msi

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// cabinet is the directory of one embedded cabinet, [MS-CAB].
// https://learn.microsoft.com/previous-versions//bb267310(v=vs.85)
type cabinet struct {
	folders []cabFolder
	reserve int // bytes that each block of data has in its header besides
}

type cabFolder struct {
	start       int64
	blocks      int
	compression uint16
	files       []cabFile
}

type cabFile struct {
	name      string
	size, at  int64 // within the folder's unpacked data
	continued bool  // it begins or ends in another cabinet
}

const (
	compressNone  = 0
	compressMSZIP = 1
	maxBlock      = 32 << 10 // unpacked bytes of one block
	maxCabHead    = 16 << 20 // where a cabinet's directory must end
)

// parseCabinet reads the directory from the first bytes of a cabinet.
func parseCabinet(b []byte) (*cabinet, error) {
	if len(b) < 36 || string(b[:4]) != "MSCF" {
		return nil, errors.New("it is no cabinet")
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	u32 := func(at int) int64 { return int64(binary.LittleEndian.Uint32(b[at:])) }
	filesAt, folders, files, flags := u32(16), u16(26), u16(28), u16(30)
	c := &cabinet{}
	at, folderReserve := 36, 0
	if flags&4 != 0 {
		if len(b) < 40 {
			return nil, errors.New("it ends within its header")
		}
		at, folderReserve, c.reserve = 40+u16(36), int(b[38]), int(b[39])
	}
	for range 2 * (flags&1 + flags>>1&1) { // the names of the cabinets before and after, and of their disks
		if at > len(b) {
			return nil, errors.New("it ends within its header")
		}
		end := bytes.IndexByte(b[at:], 0)
		if end < 0 {
			return nil, errors.New("it ends within its header")
		}
		at += end + 1
	}
	for range folders {
		if at+8 > len(b) {
			return nil, errors.New("it ends within its folders")
		}
		c.folders = append(c.folders, cabFolder{start: u32(at), blocks: u16(at + 4), compression: uint16(u16(at+6)) & 0xf})
		at += 8 + folderReserve
	}
	for n, at := 0, filesAt; n < files; n++ {
		if at+16 > int64(len(b)) {
			return nil, fmt.Errorf("it ends within its files, at the %dth of %d", n+1, files)
		}
		i := int(at)
		end := bytes.IndexByte(b[i+16:min(len(b), i+16+257)], 0)
		if end < 0 {
			return nil, fmt.Errorf("the name of its %dth file does not end", n+1)
		}
		file := cabFile{name: string(b[i+16 : i+16+end]), size: u32(i), at: u32(i + 4)}
		folder := u16(i + 8)
		if folder >= 0xfffd {
			file.continued = true
			folder = map[bool]int{true: 0, false: len(c.folders) - 1}[folder == 0xfffd]
		}
		if folder < 0 || folder >= len(c.folders) {
			return nil, fmt.Errorf("its file %q lies in a folder that is not there", file.name)
		}
		c.folders[folder].files = append(c.folders[folder].files, file)
		at += int64(16 + end + 1)
	}
	return c, nil
}

// hashes are of one file.
type hashes struct {
	SHA1   string `json:"sha1"`
	SHA256 string `json:"sha256"`
}

// hashFiles unpacks a cabinet as far as it must and gives the hashes of the
// files that are wanted. What it cannot unpack (LZX, Quantum, a file that spans
// cabinets) it names. budget is what may still be unpacked, in bytes.
func hashFiles(r io.Reader, c *cabinet, wanted func(string) bool, budget *int64) (found map[string]hashes, left []string, err error) {
	found = map[string]hashes{}
	in := bufio.NewReaderSize(r, 64<<10)
	at := int64(0)
	slices.SortFunc(c.folders, func(a, b cabFolder) int { return int(a.start - b.start) })
	for _, folder := range c.folders {
		files := slices.DeleteFunc(slices.Clone(folder.files), func(f cabFile) bool {
			if wanted(f.name) && (f.continued || folder.compression > compressMSZIP) {
				left = append(left, f.name)
			}
			return !wanted(f.name) || f.continued
		})
		if len(files) == 0 || folder.compression > compressMSZIP {
			continue
		}
		slices.SortFunc(files, func(a, b cabFile) int { return int(a.at - b.at) })
		for i := range files[1:] {
			if files[i].at+files[i].size > files[i+1].at {
				return nil, nil, fmt.Errorf("its files %q and %q overlap", files[i].name, files[i+1].name)
			}
		}
		if folder.start < at {
			return nil, nil, errors.New("its folders overlap")
		}
		if err := skip(in, folder.start-at); err != nil {
			return nil, nil, err
		}
		read, err := hashFolder(in, folder, c.reserve, files, found, budget)
		if err != nil {
			return nil, nil, err
		}
		at = folder.start + read
	}
	return found, left, nil
}

func skip(in *bufio.Reader, n int64) error {
	if _, err := io.CopyN(io.Discard, in, n); err != nil {
		return fmt.Errorf("it ends before its data: %w", err)
	}
	return nil
}

// hashFolder reads blocks until the last of files, which lie in it by their places.
func hashFolder(in *bufio.Reader, folder cabFolder, reserve int, files []cabFile, found map[string]hashes, budget *int64) (read int64, err error) {
	var (
		one, two hash.Hash
		window   []byte // MSZIP: what the block before unpacked to
		packed   [64 << 10]byte
		plain    = make([]byte, maxBlock)
		at       int64
		open     bool
	)
	for block := 0; block < folder.blocks && len(files) > 0; block++ {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return read, fmt.Errorf("it ends within its data: %w", err)
		}
		if err := skip(in, int64(reserve)); err != nil {
			return read, err
		}
		size, unpacked := int(binary.LittleEndian.Uint16(head[4:])), int(binary.LittleEndian.Uint16(head[6:]))
		if unpacked > maxBlock {
			return read, fmt.Errorf("a block unpacks to %d bytes, more than %d", unpacked, maxBlock)
		}
		if *budget -= int64(unpacked); *budget < 0 {
			return read, fmt.Errorf("the package's cabinets unpack to more than %d MB", maxUnpacked>>20)
		}
		if _, err := io.ReadFull(in, packed[:size]); err != nil {
			return read, fmt.Errorf("it ends within its data: %w", err)
		}
		read += int64(8 + reserve + size)
		data := packed[:size]
		if folder.compression == compressMSZIP {
			if data, err = unzip(plain[:unpacked], data, window); err != nil {
				return read, err
			}
			window = append(window[:0], data...)
		} else if size != unpacked {
			return read, errors.New("a block that is not compressed has two sizes")
		}
		for start, end := at, at+int64(len(data)); len(files) > 0; {
			f := files[0]
			from, to := max(f.at, start), min(f.at+f.size, end)
			if f.at > end || (f.at == end && f.size > 0) {
				break
			}
			if !open {
				one, two, open = sha1.New(), sha256.New(), true
			}
			if from < to {
				one.Write(data[from-start : to-start])
				two.Write(data[from-start : to-start])
			}
			if f.at+f.size > end {
				break
			}
			if _, twice := found[f.name]; twice {
				return read, fmt.Errorf("it has two files %q", f.name)
			}
			found[f.name] = hashes{hex.EncodeToString(one.Sum(nil)), hex.EncodeToString(two.Sum(nil))}
			files, open = files[1:], false
		}
		at += int64(len(data))
	}
	if len(files) > 0 {
		return read, fmt.Errorf("its file %q goes beyond its data", files[0].name)
	}
	return read, nil
}

// unzip unpacks one block of MSZIP: CK, then one deflate stream that may refer
// to the block before it, [MS-MCI].
func unzip(into, packed, window []byte) ([]byte, error) {
	if len(packed) < 2 || string(packed[:2]) != "CK" {
		return nil, errors.New("a block is no MSZIP")
	}
	if n, err := io.ReadFull(flate.NewReaderDict(bytes.NewReader(packed[2:]), window), into); err != nil {
		return nil, fmt.Errorf("a block unpacks to %d bytes of %d: %w", n, len(into), err)
	}
	return into, nil
}
