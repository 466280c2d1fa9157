package msi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// pool is the database's strings: _StringPool has of each its length and its
// count of references, _StringData has the bytes one after the other. Cells
// refer to a string by its number from 1; 0 is no string.
type pool struct {
	codepage int
	long     bool // references have three bytes, not two
	data     []byte
	starts   []uint32 // of string n, and as a last one the end
	decoded  map[uint32]string
	charset  encoding.Encoding
	left     int // bytes of text that may still be given
}

func readPool(stream streamOf) (*pool, error) {
	lengths, err := stream("_StringPool")
	if err != nil {
		return nil, err
	}
	data, err := stream("_StringData")
	if err != nil {
		return nil, err
	}
	if lengths == nil {
		return nil, errors.New("read the database: there is no string pool (_StringPool), so this is no Windows Installer database")
	}
	if len(lengths) < 4 || len(lengths)%4 != 0 {
		return nil, fmt.Errorf("read the database: _StringPool has %d bytes, and that is no multiple of 4", len(lengths))
	}
	high := binary.LittleEndian.Uint16(lengths[2:])
	p := &pool{
		codepage: int(binary.LittleEndian.Uint16(lengths)) | int(high&0x7fff)<<16,
		long:     high&0x8000 != 0, data: data, decoded: map[uint32]string{}, left: maxText,
	}
	p.charset = charset(p.codepage)
	p.starts = make([]uint32, 1, len(lengths)/4+1) // string 0 is none
	at := uint64(0)
	for i := 4; i < len(lengths); i += 4 {
		length, references := uint64(binary.LittleEndian.Uint16(lengths[i:])), binary.LittleEndian.Uint16(lengths[i+2:])
		if length == 0 && references != 0 { // 64 KB or more: the high word stands here, the rest in the next entry
			if i += 4; i >= len(lengths) {
				return nil, errors.New("read the database: _StringPool ends within the entry of a long string")
			}
			length = uint64(references)<<16 | uint64(binary.LittleEndian.Uint16(lengths[i:]))
		}
		p.starts = append(p.starts, uint32(at))
		if at += length; at > uint64(len(data)) {
			return nil, fmt.Errorf("read the database: string %d ends at byte %d, and _StringData has %d", len(p.starts)-1, at, len(data))
		}
	}
	p.starts = append(p.starts, uint32(at))
	return p, nil
}

// text gives string n, as UTF-8 and valid.
func (p *pool) text(n uint32) (string, error) {
	if n == 0 {
		return "", nil
	}
	if int(n) >= len(p.starts)-1 {
		return "", fmt.Errorf("it refers to string %d, and there are %d", n, len(p.starts)-2)
	}
	length := int(p.starts[n+1] - p.starts[n])
	if length > p.left {
		return "", errText
	}
	text, ok := p.decoded[n]
	if !ok {
		raw := p.data[p.starts[n]:p.starts[n+1]]
		text = decodeText(raw, p.charset)
		p.decoded[n] = text
	}
	if p.left -= len(text); p.left < 0 {
		return "", errText
	}
	return text, nil
}

var errText = fmt.Errorf("the tables say more than %d MB of text", maxText>>20)

// decodeText makes UTF-8 of a code page's bytes. What is already UTF-8 is left
// as it is: ASCII is in every code page that Windows Installer knows.
func decodeText(raw []byte, charset encoding.Encoding) string {
	ascii := true
	for _, b := range raw {
		if b >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return string(raw)
	}
	if charset != nil {
		if text, err := charset.NewDecoder().Bytes(raw); err == nil {
			return string(text)
		}
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// charset is a Windows code page; nil for UTF-8, for 0 (neutral: ASCII), and for
// those that nobody decodes, whose other bytes show as U+FFFD.
// https://learn.microsoft.com/windows/win32/intl/code-page-identifiers
func charset(codepage int) encoding.Encoding {
	switch codepage {
	case 874:
		return charmap.Windows874
	case 932:
		return japanese.ShiftJIS
	case 936:
		return simplifiedchinese.GBK
	case 949:
		return korean.EUCKR
	case 950:
		return traditionalchinese.Big5
	case 1250:
		return charmap.Windows1250
	case 1251:
		return charmap.Windows1251
	case 1252:
		return charmap.Windows1252
	case 1253:
		return charmap.Windows1253
	case 1254:
		return charmap.Windows1254
	case 1255:
		return charmap.Windows1255
	case 1256:
		return charmap.Windows1256
	case 1257:
		return charmap.Windows1257
	case 1258:
		return charmap.Windows1258
	default:
		return nil
	}
}
