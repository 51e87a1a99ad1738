package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/headwater-stream/headwater/extract/expr"
)

// parentFields are the parent's members that its children's records get.
type parentFields struct {
	key    string
	names  []string
	values []json.RawMessage
}

// parentField returns one scalar field of a parent record. A record that is only a key (its bytes were not kept) still has
// the field that is its key.
func parentField(parent *Resource, record Record, field string) (json.RawMessage, error) {
	if v := at(record.JSON, []string{field}); len(v) > 0 && v[0] != 'n' && v[0] != '{' && v[0] != '[' {
		return v, nil
	}
	if len(record.JSON) == 0 && len(parent.Key) == 1 && parent.Key[0].Name == field && record.Key != "" {
		return json.RawMessage(quote(record.Key)), nil
	}
	return nil, fmt.Errorf("record %q of %s has no %s", record.Key, parent.Name, field)
}

// sliceOf gives {{ stream_slice.… }} its values: the record's fields, read where they are asked for. Of a record that is only
// a key there is that.
func sliceOf(parent *Resource, record Record) any {
	if len(record.JSON) > 0 {
		return expr.JSON(record.JSON)
	}
	if len(parent.Key) == 1 && record.Key != "" {
		return map[string]string{parent.Key[0].Name: record.Key}
	}
	return map[string]string{}
}

// Children reads the whole list of child for one parent record, of which it needs the key and the bytes, or the key alone
// where that is all the request takes. The records carry the parent's fields.
//
// complete is false where the API holds back some: the listing cap is reached, or it counts more than it lists; then a
// child that is absent may still exist. gone is true where the parent does not exist any more: there are no records then,
// and no error.
func (c *Client) Children(ctx context.Context, child *Resource, parent Record) (recs []Record, complete, gone bool, err error) {
	if child.Parent == nil {
		return nil, false, false, &Error{Kind: KindProtocol, Resource: child.Name, Message: "not a substream"}
	}
	fields := &parentFields{key: parent.Key}
	for _, f := range child.fromParent {
		v, err := parentField(child.Parent, parent, f.parentField)
		if err != nil {
			return nil, false, false, &Error{Kind: KindProtocol, Resource: child.Name, Message: err.Error()}
		}
		fields.names, fields.values = append(fields.names, f.field), append(fields.values, v)
	}
	v := &variables{slice: sliceOf(child.Parent, parent), parent: fmt.Sprintf("record %q of %s", parent.Key, child.Parent.Name)}
	total, token, tokens := -1, "", map[string]struct{}{}
	for {
		a, err := c.childPage(ctx, child, v, token, fields)
		var e *Error
		if errors.As(err, &e) && e.means != meansFailure {
			return nil, e.means == meansEmpty, e.means == meansGone, nil
		}
		if err != nil {
			return nil, false, false, err
		}
		recs, total, token = append(recs, a.records...), a.total, a.next
		if token == "" {
			break
		}
		if _, again := tokens[token]; again {
			return nil, false, false, &Error{Kind: KindProtocol, Resource: child.Name,
				Message: fmt.Sprintf("the list of parent %s leads to a page that was read already", parent.Key)}
		}
		tokens[token] = struct{}{}
	}
	capped := child.ListingCap > 0 && len(recs) >= child.ListingCap
	return wanted(recs), !capped && total <= len(recs), false, nil
}

func (c *Client) childPage(ctx context.Context, child *Resource, v *variables, token string, fields *parentFields) (*answer, error) {
	q, err := c.request(child, v, token)
	if err != nil {
		return nil, err
	}
	body, err := c.fetch(ctx, q)
	if err != nil {
		return nil, err
	}
	return c.parse(q, body, fields)
}
