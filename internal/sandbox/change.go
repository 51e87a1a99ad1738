package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Change changes n records of a resource (fewer where there are fewer), as a user of the workspace would, and returns
// their keys. Records that have an updated_at get the API's present second. A change of a conversation part updates its
// conversation; a change of company_segments lets a company join or leave a segment and leaves no trace in the company;
// activity logs are never changed: a new one is written.
func (a *API) Change(resource string, n int) ([]string, error) {
	return a.edit(resource, func(w *workspace, now int64) ([]string, error) { return w.change(resource, n, now) })
}

// Create adds n records and returns their keys.
func (a *API) Create(resource string, n int) ([]string, error) {
	return a.edit(resource, func(w *workspace, now int64) ([]string, error) {
		var keys []string
		for range n {
			key, err := w.create(resource, "", now)
			if err != nil {
				return keys, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	})
}

// Delete removes n records (fewer where there are fewer) and returns their keys. Deleting company_segments ends
// memberships, deleting a data attribute archives it, deleting a conversation or company takes its parts or memberships
// along. Activity logs cannot be deleted.
func (a *API) Delete(resource string, n int) ([]string, error) {
	return a.edit(resource, func(w *workspace, now int64) ([]string, error) {
		keys, err := w.someKeys(resource, n)
		if err != nil {
			return nil, err
		}
		return keys, eachKey(keys, func(key string) error { return w.remove(resource, key, now) })
	})
}

// ChangeKey changes the record with this key.
func (a *API) ChangeKey(resource, key string) error {
	_, err := a.edit(resource, func(w *workspace, now int64) ([]string, error) { return nil, w.changeKey(resource, key, now) })
	return err
}

// DeleteKey removes the record with this key.
func (a *API) DeleteKey(resource, key string) error {
	_, err := a.edit(resource, func(w *workspace, now int64) ([]string, error) { return nil, w.remove(resource, key, now) })
	return err
}

// CreateUnder adds n records to a parent: parts to a conversation, memberships to a company.
func (a *API) CreateUnder(resource, parent string, n int) ([]string, error) {
	return a.edit(resource, func(w *workspace, now int64) ([]string, error) {
		var keys []string
		for range n {
			key, err := w.create(resource, parent, now)
			if err != nil {
				return keys, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	})
}

// Set sets one member of a record, given by its dotted path, to a JSON value: a new field, another type, an id of null.
// The record keeps its key in Truth, and counts as updated now where it has an updated_at. Memberships have no members
// of their own: set the segment's.
func (a *API) Set(resource, key, path string, value json.RawMessage) error {
	if !json.Valid(value) {
		return fmt.Errorf("set %s of %s %s: the value is not JSON", path, resource, key)
	}
	_, err := a.edit(resource, func(w *workspace, now int64) ([]string, error) { return nil, w.set(resource, key, path, value, now) })
	return err
}

// edit runs a change of the data under the lock, after the changes that were due before it.
func (a *API) edit(resource string, do func(*workspace, int64) ([]string, error)) ([]string, error) {
	if err := known(resource); err != nil {
		return nil, err
	}
	now := a.cfg.Now()
	a.catchUp(now)
	a.mu.Lock()
	defer a.mu.Unlock()
	return do(a.data, now.Unix())
}

var errAppendOnly = errors.New("activity logs are only ever added")

func eachKey(keys []string, do func(string) error) error {
	for _, key := range keys {
		if err := do(key); err != nil {
			return err
		}
	}
	return nil
}

func (w *workspace) change(resource string, n int, now int64) ([]string, error) {
	if resource == activityLogs {
		var keys []string
		for range n {
			keys = append(keys, w.addLog(w.inventedEvent(w.all[activityLogs].next), now))
		}
		return keys, nil
	}
	if resource == companySegments {
		var keys []string
		for range n {
			keys = append(keys, w.flipMembership(w.move()))
		}
		return slices.DeleteFunc(keys, func(k string) bool { return k == "" }), nil
	}
	keys, err := w.someKeys(resource, n)
	if err != nil {
		return nil, err
	}
	return keys, eachKey(keys, func(key string) error { return w.changeKey(resource, key, now) })
}

// someKeys chooses n records that can be changed or deleted.
func (w *workspace) someKeys(resource string, n int) ([]string, error) {
	d := w.move()
	var keys []string
	switch resource {
	case activityLogs:
		return nil, errAppendOnly
	case conversationParts:
		for _, c := range w.all[conversations].some(d, n) {
			if p := pickPart(d, c); p != nil {
				keys = append(keys, joinKey(c.id, partID(*p)))
			}
		}
	case companySegments:
		for _, c := range w.all[companies].some(d, len(w.all[companies].order)) {
			if joined := w.segmentsOf(c); len(joined) > 0 && len(keys) < n {
				keys = append(keys, joinKey(c.id, pick(d, joined).id))
			}
		}
	default:
		for _, o := range w.all[resource].some(d, n) {
			if !o.archived {
				keys = append(keys, o.id)
			}
		}
	}
	return keys, nil
}

// pickPart chooses one of the parts shown that was not redacted; nil where there is none.
func pickPart(d *dice, c *object) *part {
	shown := newest(c.parts)
	first := d.below(len(shown))
	for k := range shown {
		if p := &shown[(first+k)%len(shown)]; !p.redacted {
			return p
		}
	}
	return nil
}

func (w *workspace) changeKey(resource, key string, now int64) error {
	switch resource {
	case activityLogs:
		return errAppendOnly
	case conversationParts:
		c, p, err := w.part(key)
		if err != nil {
			return err
		}
		p.edits++
		p.redacted = p.redacted || p.edits%4 == 0
		p.updated = now
		w.all[conversations].touch(c, now)
		return nil
	case companySegments:
		return w.remove(resource, key, now)
	}
	o, err := w.object(resource, key)
	if err != nil {
		return err
	}
	o.edits++
	if resource == conversations {
		w.reply(o, w.move(), now)
	}
	w.all[resource].touch(o, now)
	return nil
}

func (w *workspace) object(resource, key string) (*object, error) {
	if o := w.all[resource].byID[key]; o != nil && !o.archived {
		return o, nil
	}
	return nil, fmt.Errorf("find %s %q: there is none", resource, key)
}

func (w *workspace) part(key string) (*object, *part, error) {
	parent, id, _ := splitKey(key)
	c, err := w.object(conversations, parent)
	if err != nil {
		return nil, nil, err
	}
	for i := range c.parts {
		if partID(c.parts[i]) == id {
			return c, &c.parts[i], nil
		}
	}
	return nil, nil, fmt.Errorf("find conversation_parts %q: there is none", key)
}

func (w *workspace) set(resource, key, path string, value json.RawMessage, now int64) error {
	if path == "" || strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".") {
		return fmt.Errorf("set %s %s: the path %q names no member", resource, key, path)
	}
	switch resource {
	case companySegments:
		return errors.New("set a member of company_segments: they show their segment: set it there")
	case conversationParts:
		c, p, err := w.part(key)
		if err != nil {
			return err
		}
		p.extra, p.updated = p.extra.with(path, value), now
		w.all[conversations].touch(c, now)
		return nil
	}
	o, err := w.object(resource, key)
	if err != nil {
		return err
	}
	o.extra = o.extra.with(path, value)
	if resource != activityLogs {
		w.all[resource].touch(o, now)
	}
	return nil
}

// reply adds a part to a conversation.
func (w *workspace) reply(c *object, d *dice, now int64) part {
	p := part{id: w.nextID, created: now, updated: now, line: 1000 + d.below(len(followUps())), byAdmin: d.chance(50)}
	switch {
	case d.chance(10):
		p.kind, p.byAdmin = partClose, true
	case d.chance(10):
		p.kind, p.byAdmin = partNote, true
	}
	w.nextID += 1 + int64(d.below(4))
	c.parts = append(c.parts, p)
	return p
}

// addLog writes an activity log and returns its id.
func (w *workspace) addLog(e *event, now int64) string {
	c := w.all[activityLogs]
	o := &object{n: c.next, created: now, updated: now, about: e, id: w.uuid("activity", c.next)}
	c.add(o)
	return o.id
}

// flipMembership lets a company join or leave a segment and returns the key of the membership.
func (w *workspace) flipMembership(d *dice) string {
	firms, groups := w.all[companies].order, w.all[segments].order
	if len(firms) == 0 || len(groups) == 0 {
		return ""
	}
	c, s := pick(d, firms), pick(d, groups)
	if i := slices.Index(c.segments, s.id); i >= 0 {
		c.segments = slices.Delete(slices.Clone(c.segments), i, i+1)
	} else {
		c.segments = append(slices.Clone(c.segments), s.id)
	}
	return joinKey(c.id, s.id)
}

func (w *workspace) newID(resource string, n int, now int64) string {
	switch resource {
	case admins:
		return strconv.FormatInt(adminID(n), 10)
	case teams:
		return strconv.FormatInt(teamID(n), 10)
	case tags:
		return tagID(n)
	case conversations:
		return longID(215, n)
	case tickets:
		return longID(216, n)
	case companyAttributes, contactAttributes:
		return strings.Split(newAttributeSpec(n), "|")[0]
	}
	return w.hexID(now, strings.TrimSuffix(resource, "s"), n)
}
