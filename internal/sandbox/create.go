package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// flipMembership lets a company join or leave a segment and returns the key of the membership: one that is not among
// those given, or "" where none was found.
func (w *workspace) flipMembership(d *dice, not []string) string {
	firms, groups := w.all[companies].order, w.all[segments].order
	for range 100 * min(len(firms), len(groups), 1) {
		c, s := pick(d, firms), pick(d, groups)
		key := joinKey(c.id, s.id)
		if slices.Contains(not, key) {
			continue
		}
		if i := slices.Index(c.segments, s.id); i >= 0 {
			c.segments = slices.Delete(slices.Clone(c.segments), i, i+1)
		} else {
			c.segments = append(slices.Clone(c.segments), s.id)
		}
		return key
	}
	return ""
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
