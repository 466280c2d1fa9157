package msi

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// database is the tables of a package: which there are, with their columns.
type database struct {
	stream streamOf
	pool   *pool
	names  []string // of all tables, in the order of _Tables
	tables map[string]*table
}

// table is one table's layout. Its stream holds the cells column by column:
// first the first column of every row, and so on.
type table struct {
	name    string
	columns []column
	width   int // bytes of a row
}

type column struct {
	name   string
	kind   uint16
	offset int // of the column within a row's bytes
	width  int
}

// A column's type, as _Columns has it: the low byte is its size.
const (
	columnString   = 0x0800
	columnNullable = 0x1000
	columnBinary   = 0x0900 // a string without a size: the cell says whether there is a stream
)

func (c column) isBinary() bool { return c.kind&^columnNullable == columnBinary }
func (c column) isText() bool   { return c.kind&columnString != 0 && !c.isBinary() }

// streamOf gives the content of a table's stream; nil where there is none.
type streamOf func(table string) ([]byte, error)

func openDatabase(stream streamOf) (*database, error) {
	p, err := readPool(stream)
	if err != nil {
		return nil, err
	}
	db := &database{stream: stream, pool: p, tables: map[string]*table{}}
	text := func(name string, kind uint16) column { return column{name: name, kind: kind} }
	catalogue := &table{name: "_Tables", columns: []column{text("Name", 0x0d40)}}
	columns := &table{name: "_Columns", columns: []column{text("Table", 0x0d40), text("Number", 0x0502), text("Name", 0x0d40), text("Type", 0x0502)}}
	for _, t := range []*table{catalogue, columns} {
		if err := db.lay(t); err != nil {
			return nil, err
		}
	}
	err = db.rows(catalogue, func(r row) error {
		name, err := r.text("Name")
		if err != nil {
			return err
		}
		if db.tables[name] != nil {
			return fmt.Errorf("there are two tables %q", name)
		}
		db.names = append(db.names, name)
		db.tables[name] = &table{name: name}
		return nil
	})
	if err != nil {
		return nil, err
	}
	type numbered struct {
		number int
		column
	}
	found := map[string][]numbered{}
	count := 0
	err = db.rows(columns, func(r row) error {
		if count++; count > maxColumns {
			return fmt.Errorf("there are more than %d columns", maxColumns)
		}
		of, err := r.text("Table")
		if err != nil {
			return err
		}
		name, err := r.text("Name")
		if err != nil {
			return err
		}
		number, _ := r.number("Number")
		kind, _ := r.number("Type")
		found[of] = append(found[of], numbered{number, column{name: name, kind: uint16(kind)}})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, t := range db.tables {
		cs := found[name]
		if len(cs) > 32 {
			return nil, fmt.Errorf("read table %s: it has %d columns, and Windows Installer allows 32", name, len(cs))
		}
		slices.SortFunc(cs, func(a, b numbered) int { return a.number - b.number })
		for i, c := range cs {
			if c.number != i+1 {
				return nil, fmt.Errorf("read table %s: its columns are not numbered from 1 to %d, each once", name, len(cs))
			}
			t.columns = append(t.columns, c.column)
		}
		if err := db.lay(t); err != nil {
			return nil, err
		}
	}
	return db, nil
}

// lay says where in a row's bytes each column stands.
func (db *database) lay(t *table) error {
	for i := range t.columns {
		c := &t.columns[i]
		c.offset = t.width
		switch size := c.kind & 0xff; {
		case c.isBinary():
			c.width = 2
		case c.isText() && db.pool.long:
			c.width = 3
		case c.isText(), size <= 2:
			c.width = 2
		case size == 4:
			c.width = 4
		default:
			return fmt.Errorf("read table %s: column %s has the type %#04x, which is none", t.name, c.name, c.kind)
		}
		t.width += c.width
	}
	return nil
}

// row is one row while it is told.
type row struct {
	db      *database
	table   *table
	content []byte
	count   int
	index   int
}

// each tells every row of a table; none where there is no such table. A table
// of more than maxRows rows is refused: nothing is left out quietly.
func (db *database) each(name string, tell func(row) error) error {
	return db.all(name, func(r row) error {
		if r.count > maxRows {
			return fmt.Errorf("the table has %d rows, more than %d", r.count, maxRows)
		}
		return tell(r)
	})
}

// all is each without that bound, for what keeps few rows of many.
func (db *database) all(name string, tell func(row) error) error {
	t := db.tables[name]
	if t == nil {
		return nil
	}
	return db.rows(t, tell)
}

func (db *database) rows(t *table, tell func(row) error) error {
	content, err := db.stream(t.name)
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.name, err)
	}
	if t.width == 0 || len(content) == 0 {
		return nil
	}
	if len(content)%t.width != 0 {
		return fmt.Errorf("read table %s: its stream has %d bytes, and a row has %d: it is cut, or its columns are not those of _Columns", t.name, len(content), t.width)
	}
	r := row{db: db, table: t, content: content, count: len(content) / t.width}
	for ; r.index < r.count; r.index++ {
		if err := tell(r); err != nil {
			return fmt.Errorf("read table %s, row %d: %w", t.name, r.index+1, err)
		}
	}
	return nil
}

// cell gives the raw value; 0 is null. ok is false where there is no such column.
func (r row) cell(name string) (c column, value uint32, ok bool) {
	i := slices.IndexFunc(r.table.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, 0, false
	}
	c = r.table.columns[i]
	at := r.content[c.offset*r.count+r.index*c.width:]
	switch c.width {
	case 2:
		value = uint32(binary.LittleEndian.Uint16(at))
	case 3:
		value = uint32(binary.LittleEndian.Uint16(at)) | uint32(at[2])<<16
	default:
		value = binary.LittleEndian.Uint32(at)
	}
	return c, value, true
}

// text gives a text; "" where it is null, or where the table has no such column.
func (r row) text(name string) (string, error) {
	c, value, ok := r.cell(name)
	if !ok {
		return "", nil
	}
	if !c.isText() {
		return "", fmt.Errorf("column %s is no text: its type is %#04x", name, c.kind)
	}
	text, err := r.db.pool.text(value)
	if err != nil {
		return "", fmt.Errorf("column %s: %w", name, err)
	}
	return text, nil
}

// texts gives several.
func (r row) texts(names ...string) ([]string, error) {
	texts := make([]string, len(names))
	for i, name := range names {
		text, err := r.text(name)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// number gives a number; ok is false where it is null or the table has no such
// column. Windows Installer stores a number with its sign bit turned.
func (r row) number(name string) (n int, ok bool) {
	c, value, ok := r.cell(name)
	switch {
	case !ok || value == 0 || c.isText() || c.isBinary():
		return 0, false
	case c.width == 2:
		return int(int16(value ^ 0x8000)), true
	default:
		return int(int32(value ^ 0x80000000)), true
	}
}
