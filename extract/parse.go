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
	return q, a, err
}

// parse takes a page apart. parent is nil for root resources.
func (c *Client) parse(q *request, page fetched, parent *parentFields) (*answer, error) {
	r, spec := q.resource, &q.resource.request
	doc := newDocument(page.body)
	if e := c.errorInside(q, doc); e != nil {
		return nil, e
	}
	a := &answer{total: -1}
	var bad error
	list := doc.at(spec.selector...)
	isList := r.eachRecord(list, func(obj json.RawMessage, top []json.RawMessage) {
		if bad != nil {
			return
		}
		var record Record
		if record, bad = c.record(q, obj, top, parent); bad == nil {
			a.records = append(a.records, record)
		}
	})
	if bad != nil {
		return nil, bad
	}
	if !isList {
		return nil, c.noList(q, doc, list)
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
func (c *Client) noList(q *request, doc document, found json.RawMessage) error {
	where := strings.Join(q.resource.request.selector, ".")
	if where == "" {
		where = "the top of the answer"
	}
	e := q.fail(KindProtocol, "no list of records at %s, but %s", where, jsonKind(found))
	var lists []string
	eachMember(doc.whole, func(m member) bool {
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
func (c *Client) errorInside(q *request, doc document) *Error {
	found := false
	eachElement(doc.at("errors"), func(json.RawMessage) { found = true })
	if v := doc.at("type"); string(v) == `"error.list"` {
		found = true
	}
	if v := doc.at("error"); !found && !absent(v) && string(v) != "false" && string(v) != `""` {
		if data := doc.at(q.resource.request.selector...); len(data) == 0 || data[0] != '[' {
			found = true
		}
	}
	if !found {
		return nil
	}
	e := q.fail(KindProtocol, "")
	e.readAPI(doc.whole)
	e.Message = strings.TrimSuffix("the answer says OK but holds an error: "+strings.TrimPrefix(strings.Join(e.Codes, ", ")+": "+e.Message, ": "), ": ")
	return c.finish(e, q)
}

// record makes a record of one element of the list; top is what topMembers returned of it.
func (c *Client) record(q *request, obj json.RawMessage, top []json.RawMessage, parent *parentFields) (Record, error) {
	r := q.resource
	if len(obj) == 0 || obj[0] != '{' {
		return Record{}, c.finish(q.fail(KindProtocol, "the list of records holds %s, not an object", jsonKind(obj)), q)
	}
	record := Record{JSON: obj}
	if parent != nil {
		record.JSON, record.ParentKey = withMembers(obj, parent.names, parent.values), parent.key
		top, _ = r.topMembers(record.JSON)
	}
	record.Key, record.KeyErr = r.key(top)
	var err error
	if record.Cursor, err = r.cursorOf(top); err != nil {
		key := record.Key
		if key == "" {
			key = "without key"
		}
		e := q.fail(KindCursor, "record %s: %v", key, err)
		e.Hint = "the resource is read by this field, so nothing after this record can be trusted: check cursor_path and cursor_format"
		return Record{}, c.finish(e, q)
	}
	// The key and the cursor are those of the API's record; steps leave them alone.
	if record.JSON, record.Filtered, err = process(r.steps, record.JSON); err != nil {
		e := q.fail(KindProtocol, "record %s: %v", record.Key, err)
		e.Hint = "the API's type has changed, or processing_steps in the source file compare with the wrong one"
		return Record{}, c.finish(e, q)
	}
	return record, nil
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
