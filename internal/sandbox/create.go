package sandbox

import (
	"errors"
	"fmt"
	"slices"
)

// create adds a record, under a parent where the resource has one, and returns its key. parent may be empty: any.
func (w *workspace) create(resource, parent string, now int64) (string, error) {
	d := w.move()
	switch resource {
	case activityLogs:
		return w.addLog(w.inventedEvent(w.all[activityLogs].next), now), nil
	case conversationParts:
		c, err := w.parent(conversations, parent, d)
		if err != nil {
			return "", err
		}
		p := w.reply(c, d, now)
		w.all[conversations].touch(c, now)
		return joinKey(c.id, partID(p)), nil
	case companySegments:
		return w.join(parent, d)
	}
	if parent != "" {
		return "", fmt.Errorf("create %s under %q: they have no parent", resource, parent)
	}
	c := w.all[resource]
	o := &object{n: c.next, created: now, updated: now, id: w.newID(resource, c.next, now)}
	if resource == conversations {
		w.reply(o, d, now)
	}
	c.add(o)
	return o.id, nil
}

// parent finds a parent by its id, or chooses one.
func (w *workspace) parent(resource, id string, d *dice) (*object, error) {
	if id != "" {
		return w.object(resource, id)
	}
	if some := w.all[resource].some(d, 1); len(some) > 0 {
		return some[0], nil
	}
	return nil, fmt.Errorf("find %s: there are none", resource)
}

// join makes a company a member of a segment that it does not belong to yet.
func (w *workspace) join(parent string, d *dice) (string, error) {
	firms := w.all[companies].some(d, len(w.all[companies].order))
	if parent != "" {
		c, err := w.object(companies, parent)
		if err != nil {
			return "", err
		}
		firms = []*object{c}
	}
	for _, c := range firms {
		for _, s := range w.all[segments].some(d, len(w.all[segments].order)) {
			if !slices.Contains(c.segments, s.id) {
				c.segments = append(slices.Clone(c.segments), s.id)
				return joinKey(c.id, s.id), nil
			}
		}
	}
	return "", errors.New("create company_segments: every company is in every segment already")
}

// remove deletes the record with this key.
func (w *workspace) remove(resource, key string, now int64) error {
	switch resource {
	case activityLogs:
		return errAppendOnly
	case conversationParts:
		c, p, err := w.part(key)
		if err != nil {
			return err
		}
		id := p.id
		c.parts = slices.DeleteFunc(slices.Clone(c.parts), func(p part) bool { return p.id == id })
		w.all[conversations].touch(c, now)
		return nil
	case companySegments:
		parent, id, _ := splitKey(key)
		c, err := w.object(companies, parent)
		if err != nil {
			return err
		}
		at := slices.Index(c.segments, id)
		if at < 0 {
			return fmt.Errorf("find company_segments %q: there is none", key)
		}
		c.segments = slices.Delete(slices.Clone(c.segments), at, at+1)
		return nil
	}
	o, err := w.object(resource, key)
	if err != nil {
		return err
	}
	if resource == companyAttributes || resource == contactAttributes {
		o.archived = true // as the API does: the plain listing shows it no longer
		w.all[resource].touch(o, now)
		return nil
	}
	w.all[resource].remove(o)
	return nil
}
