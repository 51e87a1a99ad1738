package extract

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// answer is one page as the API gave it: everything, before any filter.
type answer struct {
	records  []Record
	sheet    *sheet // that the records are spans of
	next     string // token of the next page; "": this was the last
	total    int    // records in all, as the API says; -1: it does not
	capped   bool   // the API may hold more, but shows no further page
	shifting bool   // the next page is found by counting: rows that come or go move the others
}

// page asks for the page that token leads to and takes it apart. parent is nil for root resources.
func (c *Client) page(ctx context.Context, r *Resource, v *variables, token string, parent *parentFields) (*request, *answer, error) {
	q, err := c.request(r, v, token)
	if err != nil {
		return nil, nil, err
	}
	page, err := c.fetch(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.parse(q, page, parent)
	if err == nil && parent != nil { // the records have bytes of their own
		c.sheets.put(page.sheet)
		a.sheet = nil
	}
	return q, a, err
}

// parse makes the records of an answer that was walked, and finds how the listing goes on. parent is nil for root resources.
func (c *Client) parse(q *request, page fetched, parent *parentFields) (*answer, error) {
	r, spec, doc := q.resource, &q.resource.request, page.sheet
	if e := c.errorInside(q, doc); e != nil {
		return nil, e
	}
	a := &answer{total: -1, sheet: doc}
	if !doc.isList {
		return nil, c.noList(q, doc, doc.text(doc.found))
	}
	if err := c.records(q, a, parent); err != nil {
		return nil, err
	}
	if v := doc.at(spec.total...); spec.total != nil && !absent(v) {
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 0 {
			return nil, c.finish(q.fail(KindProtocol, "%s of %s is %s, not a number of records", strings.Join(spec.total, "."), r.Name, shown(v)), q)
		}
		a.total = n
	}
	if err := c.goOn(q, a, doc, page.header); err != nil {
		return nil, err
	}
	return a, nil
}

// noList makes the error for an answer without records where they should be, and says where it has lists.
func (c *Client) noList(q *request, doc *sheet, found json.RawMessage) error {
	where := strings.Join(q.resource.request.selector, ".")
	if where == "" {
		where = "the top of the answer"
	}
	e := q.fail(KindProtocol, "no list of records at %s, but %s", where, jsonKind(found))
	var lists []string
	eachMember(doc.whole(), func(m member) bool {
		if len(m.value) > 0 && m.value[0] == '[' {
			lists = append(lists, looseText(m.name))
		}
		return true
	})
	if len(lists) > 0 {
		e.Hint = "data_selector says where they are; the answer has lists at " + strings.Join(lists, ", ")
	}
	return c.finish(e, q)
}

// errorInside finds an error object in an answer whose status says that all is well.
func (c *Client) errorInside(q *request, doc *sheet) *Error {
	found := false
	eachElement(doc.at("errors"), func(json.RawMessage) { found = true })
	if v := doc.at("type"); string(v) == `"error.list"` {
		found = true
	}
	if v := doc.at("error"); !found && !absent(v) && string(v) != "false" && string(v) != `""` {
		found = !doc.isList
	}
	if !found {
		return nil
	}
	e := q.fail(KindProtocol, "")
	e.readAPI(doc.whole())
	e.Message = strings.TrimSuffix("the answer says OK but holds an error: "+strings.TrimPrefix(strings.Join(e.Codes, ", ")+": "+e.Message, ": "), ": ")
	return c.finish(e, q)
}

// records makes the answer's records: one allocation of them, and one of their keys, for a page.
func (c *Client) records(q *request, a *answer, parent *parentFields) error {
	r, s := q.resource, a.sheet
	m := recordMaker{c: c, q: q, parent: parent, below: r.belowCursor(), top: make([]json.RawMessage, len(r.Key)+1), parts: make([]string, len(r.Key))}
	a.records = make([]Record, len(s.rows))
	room := 0
	for _, v := range s.taken {
		room += v.to - v.from
	}
	m.keys.Grow(room)
	for i, row := range s.rows {
		for k := range m.top {
			m.top[k] = s.text(s.taken[i*len(m.top)+k])
		}
		if err := m.record(&a.records[i], s.text(row)); err != nil {
			return err
		}
	}
	return nil
}

// recordMaker makes the records of one answer.
type recordMaker struct {
	c      *Client
	q      *request
	parent *parentFields
	top    []json.RawMessage // what the record at hand has of Resource.takes
	below  []string          // Resource.belowCursor
	parts  []string          // of its key
	keys   strings.Builder   // the text of all keys
}

// record makes a record of one element of the list.
func (m *recordMaker) record(record *Record, obj json.RawMessage) error {
	c, q, r := m.c, m.q, m.q.resource
	if len(obj) == 0 || obj[0] != '{' {
		return c.finish(q.fail(KindProtocol, "the list of records holds %s, not an object", jsonKind(obj)), q)
	}
	record.JSON = obj
	if p := m.parent; p != nil {
		record.JSON, record.ParentKey = withMembers(obj, p.names, p.values), p.key
		r.topMembers(m.top, record.JSON)
	}
	record.Key, record.KeyErr = m.key()
	var err error
	if record.Cursor, err = r.cursorOf(m.top, m.below); err != nil {
		key := record.Key
		if key == "" {
			key = "without key"
		}
		e := q.fail(KindCursor, "record %s: %v", key, err)
		e.Hint = "the resource is read by this field, so nothing after this record can be trusted: check cursor_path and cursor_format"
		return c.finish(e, q)
	}
	// The key and the cursor are those of the API's record; steps leave them alone.
	if record.JSON, record.Filtered, err = process(r.steps, record.JSON); err != nil {
		e := q.fail(KindProtocol, "record %s: %v", record.Key, err)
		e.Hint = "the API's type has changed, or processing_steps in the source file compare with the wrong one"
		return c.finish(e, q)
	}
	return nil
}

// wanted are the records that no filter has dropped.
func wanted(records []Record) []Record {
	for i, r := range records {
		if !r.Filtered {
			continue
		}
		kept := append([]Record(nil), records[:i]...)
		for _, r := range records[i+1:] {
			if !r.Filtered {
				kept = append(kept, r)
			}
		}
		return kept
	}
	return records
}
