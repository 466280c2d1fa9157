package gateway

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"msigate/gateway/event"
)

// MaxFileMessage bounds one line of a file, and a file that is one message, in
// bytes. It is far above what NATS carries, so that nothing that could arrive
// on the bus is refused offline.
const MaxFileMessage = 64 << 20

// FileMessage is one message read from a file.
type FileMessage struct {
	Source  string         // the path as given, or the file's path below a folder as given
	Line    int            // 1-based: the line, or the record's number in a .xml or .evtx file
	Data    []byte         // the message; nil where Records hold it already or nothing could be read; the whole file where a record of .xml has a fault
	Records []event.Record // of a record of .xml or .evtx
	Fault   *event.Fault   // set where the message could not be read at all
	Text    []byte         // the one record of Records, as a message of its own; nil where it could not be cut out
}

// fileFormats are the endings that a folder is searched for; each may be followed by .gz.
var fileFormats = []string{".json", ".jsonl", ".ndjson", ".xml", ".evtx"}

// ReadFiles reads paths in the order given (a folder's files by name, "-" is
// stdin) and calls each with every message. It returns the first error of
// each, or what kept it from opening or reading a file; what stands inside a
// file and cannot be decoded comes as a FileMessage with its Fault.
func ReadFiles(ctx context.Context, paths []string, stdin io.Reader, each func(FileMessage) error) error {
	for _, path := range paths {
		files, err := expand(path)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := readFile(ctx, file, stdin, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// expand lists the files of a folder, sorted by name; a file is itself.
func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() && slices.Contains(fileFormats, format(file)) {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read events: no file ending in %s (or .gz of it) below %s", strings.Join(fileFormats, ", "), path)
	}
	slices.Sort(files)
	return files, nil
}

func format(path string) string {
	return strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.ToLower(path), ".gz")))
}

func readFile(ctx context.Context, path string, stdin io.Reader, each func(FileMessage) error) (err error) {
	reader := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		defer file.Close()
		reader = file
	}
	var refused error // by who takes the messages: it is not of the file
	take := each
	each = func(m FileMessage) error {
		refused = take(m)
		return refused
	}
	defer func() {
		if err != nil && refused == nil && !errors.Is(err, context.Canceled) {
			err = fmt.Errorf("read events from %s: %w", path, err)
		}
	}()
	buffered := bufio.NewReaderSize(reader, 1<<16)
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		buffered = bufio.NewReaderSize(unzipped, 1<<16)
	}
	if magic, _ := buffered.Peek(7); format(path) == ".evtx" || string(magic) == "ElfFile" {
		return readEvtx(ctx, path, buffered, each)
	}
	// A byte order mark says UTF-16 or UTF-8; without one the bytes stay as they are.
	text := bufio.NewReaderSize(transform.NewReader(buffered, unicode.BOMOverride(transform.Nop)), 1<<16)
	first, line, err := firstByte(text)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case first == '<':
		return readWhole(path, text, true, each)
	case first == '[':
		return readArray(ctx, path, text, line, each)
	case format(path) == ".json" && !isLines(text):
		return readWhole(path, text, false, each)
	default:
		return readLines(ctx, path, text, line, each)
	}
}

// firstByte skips white space and peeks; line, from 1, is where that stands.
func firstByte(r *bufio.Reader) (b byte, line int, err error) {
	for line = 1; ; {
		b, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, line, err
		case b == '\n':
			line++
		case !strings.ContainsRune(" \t\r", rune(b)):
			return b, line, r.UnreadByte()
		}
	}
}

// isLines tells a file of one JSON text a line from one pretty-printed text:
// the first line of the former is whole.
func isLines(r *bufio.Reader) bool {
	start, _ := r.Peek(1 << 16)
	line, _, found := bytes.Cut(start, []byte("\n"))
	line = bytes.TrimSpace(line)
	return found && len(line) > 1 && line[len(line)-1] == '}'
}

// readArray takes a text that begins with a list: where its first line is a
// whole list, each line is one message, as the bus carries them; else the text is.
func readArray(ctx context.Context, path string, r *bufio.Reader, first int, each func(FileMessage) error) error {
	line, tooLong, err := readLine(r)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if tooLong {
		if refused := each(lineTooLong(path, first)); refused != nil || err != nil {
			return refused
		}
		return readLines(ctx, path, r, first+1, each)
	}
	all := io.MultiReader(bytes.NewReader(line), r)
	if err == nil && isList(path, line) { // with an error it is all there is
		return readLines(ctx, path, bufio.NewReaderSize(all, 1<<16), first, each)
	}
	return readWhole(path, all, false, each)
}

// isList reports whether a line that begins a list holds the whole of it. Where
// the file's name promises one text a line, one that does not decode is one too.
func isList(path string, line []byte) bool {
	switch format(path) {
	case ".jsonl", ".ndjson":
		return bytes.HasSuffix(bytes.TrimSpace(line), []byte("]"))
	}
	return json.Valid(line)
}

func lineTooLong(path string, number int) FileMessage {
	return FileMessage{Source: path, Line: number, Fault: &event.Fault{Reason: event.ReasonSize, Detail: fmt.Sprintf("line is longer than %d bytes", MaxFileMessage)}}
}

// readLines takes each line as one message; first is the number of the next one.
func readLines(ctx context.Context, path string, r *bufio.Reader, first int, each func(FileMessage) error) error {
	for number := first; ; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, tooLong, err := readLine(r)
		if tooLong {
			if err := each(lineTooLong(path, number)); err != nil {
				return err
			}
		} else if len(bytes.TrimSpace(line)) > 0 {
			if err := each(FileMessage{Source: path, Line: number, Data: line}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// readLine reads to the end of the line; of a line over the bound it keeps nothing.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxFileMessage {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// readWhole takes a file as one message. The records of a .xml file are
// messages of their own, numbered from 1.
func readWhole(path string, r io.Reader, numbered bool, each func(FileMessage) error) error {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileMessage+1))
	if err != nil {
		return err
	}
	if len(data) > MaxFileMessage {
		fault := &event.Fault{Reason: event.ReasonSize, Detail: fmt.Sprintf("file is longer than %d bytes and is one text; give one record a line instead", MaxFileMessage)}
		return each(FileMessage{Source: path, Line: 1, Fault: fault})
	}
	if !numbered {
		return each(FileMessage{Source: path, Line: 1, Data: data})
	}
	records, fault := event.Decode(data)
	if fault != nil {
		return each(FileMessage{Source: path, Line: 1, Data: data, Fault: fault})
	}
	for _, record := range records {
		message := FileMessage{Source: path, Line: record.Index + 1}
		if record.Fault != nil {
			message.Data = data // whether it is in scope can be told from nothing else
		}
		message.hold(record)
		if err := each(message); err != nil {
			return err
		}
	}
	return nil
}
