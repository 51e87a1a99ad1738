package sandbox

import (
	"fmt"
	"slices"
)

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
