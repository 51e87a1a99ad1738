package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

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
			keys = append(keys, w.flipMembership(w.move(), keys))
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
