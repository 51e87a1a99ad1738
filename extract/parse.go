package extract

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// answer is one page as the API gave it: everything, before any filter.
type answer struct {
	records []Record
	next    string // token of the next page; "": this was the last
	total   int    // records in all, as the API says; -1: it does not
}

// parse takes a page apart. parent is nil for root resources.
func (c *Client) parse(q *request, body []byte, parent *parentFields) (*answer, error) {
	r, spec := q.resource, &q.resource.request
	doc := newDocument(body)
	if e := c.errorInside(q, doc); e != nil {
		return nil, e
	}
	a := &answer{total: -1}
	var bad error
	list := doc.at(spec.selector...)
	isList := eachElement(list, func(obj json.RawMessage) {
		if bad != nil {
			return
		}
		var record Record
		if record, bad = c.record(q, obj, parent); bad == nil {
			a.records = append(a.records, record)
		}
	})
	if bad != nil {
		return nil, bad
	}
	if !isList {
		where := strings.Join(spec.selector, ".")
		if where == "" {
			where = "the top of the answer"
		}
		return nil, c.finish(q.fail(KindProtocol, "no list of records at %s, but %s", where, jsonKind(list)), q)
	}
	if v := doc.at(spec.total...); spec.total != nil && !absent(v) {
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 0 {
			return nil, c.finish(q.fail(KindProtocol, "%s of %s is %s, not a number of records", strings.Join(spec.total, "."), r.Name, shown(v)), q)
		}
		a.total = n
	}
	var err error
	if a.next, err = c.nextToken(q, doc); err == nil {
		a.next, err = c.publicToken(q, a.next)
	}
	return a, err
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

// record makes a record of one element of the list.
func (c *Client) record(q *request, obj json.RawMessage, parent *parentFields) (Record, error) {
	r := q.resource
	if len(obj) == 0 || obj[0] != '{' {
		return Record{}, c.finish(q.fail(KindProtocol, "the list of records holds %s, not an object", jsonKind(obj)), q)
	}
	record := Record{JSON: obj}
	if parent != nil {
		record.JSON, record.ParentKey = withMembers(obj, parent.names, parent.values), parent.key
	}
	record.Key, record.KeyErr = r.key(record.JSON)
	var err error
	if record.Cursor, err = r.cursorOf(record.JSON); err != nil {
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

// nextToken returns the token of the next page, or "" if this is the last one. What is there but cannot be followed is an
// error: it must not pass for the end.
func (c *Client) nextToken(q *request, doc document) (string, error) {
	pages := &q.resource.request.pages
	if pages.kind == pagingSingle {
		return "", nil
	}
	v := doc.at(pages.next...)
	where := strings.Join(pages.next, ".")
	if absent(v) {
		if above := doc.at(pages.next[:len(pages.next)-1]...); len(pages.next) > 1 && !absent(above) && above[0] != '{' {
			return "", c.finish(q.fail(KindProtocol, "%s is not an object: no page token can be read from it", strings.Join(pages.next[:len(pages.next)-1], ".")), q)
		}
		return "", nil
	}
	if pages.kind == pagingLink {
		return c.nextLink(q, v, where)
	}
	token, err := scalarText(v)
	if err != nil || v[0] == 't' || v[0] == 'f' {
		return "", c.finish(q.fail(KindProtocol, "page token at %s is %s", where, jsonKind(v)), q)
	}
	return token, nil
}

// nextLink turns a next link into a token: its path and query. Links to another host are refused, with the token of the API
// in mind; the host is not kept, so that a position stays good when the API moves.
func (c *Client) nextLink(q *request, v json.RawMessage, where string) (string, error) {
	var link *url.URL
	var err error
	switch v[0] {
	case '"':
		var text string
		if text, err = scalarText(v); err == nil && text == "" {
			return "", nil
		}
		if err == nil {
			link, err = q.url.Parse(text)
		}
	case '{':
		link, err = objectLink(q, v)
	default:
		err = errors.New("neither text nor an object")
	}
	if err != nil {
		return "", c.finish(q.fail(KindProtocol, "next link at %s: %v", where, err), q)
	}
	if !c.sameHost(link) {
		e := q.fail(KindProtocol, "next link leads to another host (%s://%s)", link.Scheme, link.Host)
		e.Hint = "the token is sent to " + c.base.Host + " only: set base_url to the host that the API uses in its links"
		return "", c.finish(e, q)
	}
	return link.RequestURI(), nil
}

// objectLink follows a next that is an object: the members that the source file names become query parameters.
func objectLink(q *request, v json.RawMessage) (*url.URL, error) {
	link := *q.url
	query := link.Query()
	found := false
	for _, name := range q.resource.request.pages.linkParams {
		if m := at(v, []string{name}); !absent(m) {
			text, err := scalarText(m)
			if err != nil {
				return nil, err
			}
			query.Set(name, text)
			found = true
		}
	}
	if !found {
		return nil, errors.New("an object without any member that next_params names")
	}
	link.RawQuery = query.Encode()
	return &link, nil
}
