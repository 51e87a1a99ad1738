package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/headwater-stream/headwater/extract/expr"
)

// parentFields are the parent's members that its children's records get.
type parentFields struct {
	key    string
	names  []string
	values []json.RawMessage
}

// parentField returns what f takes from a parent record: a field as it stands there, whatever it is, and null where there is none,
// but a scalar for the key. A record that is only a key (its bytes were not kept) still has the field that is its key.
func parentField(child *Resource, record Record, f fromParent) (json.RawMessage, error) {
	parent := child.Parent
	if f.resource {
		return json.RawMessage(quote(parent.Name)), nil
	}
	if len(record.JSON) == 0 && len(parent.Key) == 1 && slices.Equal(f.path, []string{parent.Key[0].Name}) && record.Key != "" {
		return json.RawMessage(quote(record.Key)), nil
	}
	v := at(record.JSON, f.path)
	inKey := slices.ContainsFunc(child.Key, func(k KeyField) bool { return k.Name == f.field })
	switch {
	case !absent(v) && (!inKey || v[0] != '{' && v[0] != '['):
		return v, nil
	case !inKey:
		return json.RawMessage("null"), nil
	}
	return nil, fmt.Errorf("record %q of %s has no %s", record.Key, parent.Name, strings.Join(f.path, "."))
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
// complete is false where the API holds back some, because the listing cap is reached: then a child that is absent may still exist.
// gone is true where the parent does not exist any more: there are no records then, and no error. A list that lacks what the API
// counts is read again, and is an error if it still does.
func (c *Client) Children(ctx context.Context, child *Resource, parent Record) (recs []Record, complete, gone bool, err error) {
	if child.Parent == nil {
		return nil, false, false, &Error{Kind: KindProtocol, Resource: child.Name, Message: "not a substream"}
	}
	fields := &parentFields{key: parent.Key}
	for _, f := range child.fromParent {
		v, err := parentField(child, parent, f)
		if err != nil {
			return nil, false, false, &Error{Kind: KindProtocol, Resource: child.Name, Message: err.Error()}
		}
		fields.names, fields.values = append(fields.names, f.field), append(fields.values, v)
	}
	v := &variables{slice: sliceOf(child.Parent, parent), resource: child.Parent.Name, parent: fmt.Sprintf("record %q of %s", parent.Key, child.Parent.Name)}
	var before *seenIDs
	seed := maphash.MakeSeed()
	for readings := 1; ; readings++ {
		l, err := c.siblings(ctx, child, v, fields, seed)
		var e *Error
		if errors.As(err, &e) && e.means != meansFailure {
			return nil, e.means == meansEmpty, e.means == meansGone, nil
		}
		if err != nil {
			return nil, false, false, err
		}
		still := !l.shifting || l.pages == 1 || before != nil && before.equal(&l.ids)
		switch lacks := !l.capped && l.total > l.ids.count; {
		case still && !lacks:
			return wanted(l.records), !l.capped, false, nil
		case still && readings > 1:
			e := shortTwice(child, l.total, l.ids.count, "the parent waits for them; where the API counts what it does not list, leave out total_path or give listing_cap")
			e.Message += fmt.Sprintf(" (%s)", v.parent)
			return nil, false, false, e
		case readings == maxReadings:
			return nil, false, false, &Error{Kind: KindIncomplete, Resource: child.Name, Message: fmt.Sprintf(
				"%d readings of the list of parent %s all held different records: it moves too fast to be read whole", readings, parent.Key)}
		}
		before = &l.ids
	}
}

// siblings is one reading of a parent's list.
type siblings struct {
	round
	records  []Record
	total    int // as the last page says; -1: it does not
	capped   bool
	shifting bool
}

// siblings reads a parent's list once. The guards are those of every listing.
func (c *Client) siblings(ctx context.Context, child *Resource, v *variables, fields *parentFields, seed maphash.Seed) (*siblings, error) {
	l := &siblings{round: newRound(seed, 0), shifting: child.request.pages.shifting}
	for token := ""; ; {
		q, a, err := c.page(ctx, child, v, token, fields)
		if err != nil {
			return nil, err
		}
		l.records, l.total = append(l.records, a.records...), a.total
		l.capped, l.shifting = l.capped || a.capped, l.shifting || a.shifting
		if wrong := l.take(q, a); wrong != "" {
			return nil, c.finish(q.fail(KindProtocol, "%s (%s)", wrong, v.parent), q)
		}
		if token = a.next; token == "" {
			l.capped = l.capped || child.ListingCap > 0 && len(l.records) >= child.ListingCap
			return l, nil
		}
	}
}
