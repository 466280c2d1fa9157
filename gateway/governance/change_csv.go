package governance

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"msigate/gateway/event"
)

// maxRows bounds a CSV file: a fleet, not a log.
const maxRows = 500_000

// table reads a CSV file (RFC 4180) with a header, and gives each row by its
// columns' names to each. Every row that each refuses is an error with its line.
// A column that is neither needed nor allowed is refused: a misspelt one would
// be passed over.
func table(r io.Reader, needed, allowed []string, each func(row map[string]string) error) error {
	reader := csv.NewReader(r)
	reader.TrimLeadingSpace = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file is empty; its first line names the columns: %s", strings.Join(needed, ","))
	}
	if err != nil {
		return err
	}
	for i, name := range header {
		header[i] = event.LowerASCII(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if !slices.Contains(needed, header[i]) && !slices.Contains(allowed, header[i]) {
			return fmt.Errorf("line 1: there is no column %s; the columns are %s", quote(header[i]), strings.Join(append(slices.Clone(needed), allowed...), ", "))
		}
		if slices.Contains(header[:i], header[i]) {
			return fmt.Errorf("line 1: column %s is there twice", header[i])
		}
	}
	for _, name := range needed {
		if !slices.Contains(header, name) {
			return fmt.Errorf("line 1: column %s is missing", name)
		}
	}
	var wrong []error
	for rows := 0; ; rows++ {
		record, err := reader.Read()
		switch {
		case errors.Is(err, io.EOF):
			if rows == 0 {
				return errors.New("the file has a header and no row")
			}
			return errors.Join(wrong...)
		case err != nil:
			return errors.Join(append(wrong, err)...)
		case rows == maxRows:
			return fmt.Errorf("the file has more than %d rows", maxRows)
		}
		row := map[string]string{}
		for i, value := range record {
			row[header[i]] = strings.TrimSpace(value)
		}
		if err := each(row); err != nil {
			line, _ := reader.FieldPos(0)
			wrong = append(wrong, fmt.Errorf("line %d: %w", line, err))
			if len(wrong) == maxProblemsShown {
				return errors.Join(append(wrong, errors.New("and perhaps more"))...)
			}
		}
	}
}

// ReadChangesCSV reads changes to be opened: the columns ticket, host_group,
// packages (with ";" between several), from, until (RFC 3339), and rrule, lasts
// and reason, which may be absent. opened is when they are. An error names each
// line that is wrong; then nothing of the file is to be opened.
func ReadChangesCSV(r io.Reader, opened time.Time) ([]Change, error) {
	var changes []Change
	tickets := map[string]bool{}
	err := table(r, []string{"ticket", "host_group", "packages", "from", "until"}, []string{"rrule", "lasts", "reason"}, func(row map[string]string) error {
		c := Change{
			Ticket: row["ticket"], HostGroup: row["host_group"], Packages: list(row["packages"]),
			RRule: row["rrule"], Lasts: row["lasts"], Reason: row["reason"], OpenedAt: opened,
		}
		for name, into := range map[string]*time.Time{"from": &c.From, "until": &c.Until} {
			at, err := time.Parse(time.RFC3339, row[name])
			if err != nil {
				return fmt.Errorf("%s %s: this is no time; RFC 3339, for instance 2026-11-28T22:00:00Z", name, quote(row[name]))
			}
			*into = at
		}
		c.Normalise()
		if ticket := event.LowerASCII(c.Ticket); tickets[ticket] {
			return fmt.Errorf("ticket %s is there twice", c.Ticket)
		} else {
			tickets[ticket] = true
		}
		changes = append(changes, c)
		return c.Check()
	})
	return changes, err
}

// list splits a field at ";".
func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ";") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
