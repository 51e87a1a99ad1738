package sandbox

import (
	"encoding/json"
	"slices"
	"strconv"
)

// keyMember is the member that a record's key is read from.
func keyMember(resource string) string {
	if resource == companyAttributes || resource == contactAttributes {
		return "full_name"
	}
	return "id"
}

func dropKey(_ *API, c *call, doc map[string]any) {
	for _, record := range recordsIn(c.resource, doc) {
		delete(record, keyMember(c.resource))
		return
	}
}

func nullKey(_ *API, c *call, doc map[string]any) {
	for _, record := range recordsIn(c.resource, doc) {
		record[keyMember(c.resource)] = nil
		return
	}
}

func textCursor(_ *API, c *call, doc map[string]any) {
	name := "updated_at"
	if c.resource == activityLogs {
		name = "created_at"
	}
	for i, record := range recordsIn(c.resource, doc) {
		if number, ok := record[name].(json.Number); ok && i%2 == 0 {
			record[name] = number.String()
		}
	}
}

// drifts are values for a member whose type differs from record to record: scalars, objects and lists of all of them.
func drifts() []json.RawMessage {
	var all []json.RawMessage
	for _, text := range []string{
		`17`, `"seventeen"`, `true`, `{"a":1}`, `[1,2]`, `17.5`, `null`, `{"a":"one","b":{"c":false}}`, `["x",3]`, `12345678901234567890`,
		`[{"a":1},{"a":"one"}]`, `1e300`, `""`, `[[1],["y"]]`, `{"a":{"deep":2}}`,
	} {
		all = append(all, json.RawMessage(text))
	}
	return all
}

// drifted are the patches of the nth record, whose members are known: a member of its own, one below another, and one that was
// there before.
func (p patches) drifted(n int, doc map[string]any) patches {
	values := drifts()
	value := func(shift int) json.RawMessage { return values[(n+shift)%len(values)] }
	p = p.with("drift", value(0)).with("drift_below.here.it_is", value(1))
	for _, name := range []string{"name", "title", "body"} {
		if text, ok := doc[name].(string); ok && n%3 == 0 {
			return p.with(name, json.RawMessage(strconv.Itoa(len(text))))
		}
	}
	return p
}

// drift changes the types of all records of the call's resource that did not change them before. Memberships show their segments.
func (a *API) drift(c *call) {
	resource := c.resource
	switch resource {
	case companySegments:
		resource = segments
	case conversationParts:
		resource = conversations
	case "me":
		return
	}
	_, _ = a.edit(resource, func(w *workspace, now int64) ([]string, error) {
		for _, o := range slices.Clone(w.all[resource].order) {
			changed := w.driftOne(c.resource, o, now)
			if changed && resource != activityLogs {
				w.all[resource].touch(o, now)
			}
		}
		return nil, nil
	})
}

func (w *workspace) driftOne(resource string, o *object, now int64) (changed bool) {
	if resource == conversationParts {
		for i := range o.parts {
			p := &o.parts[i]
			if _, done := p.extra["drift"]; !done {
				doc, err := decodeObject(w.renderPart(o, *p))
				if err != nil {
					continue
				}
				p.extra, p.updated, changed = p.extra.drifted(o.n+i, doc), now, true
			}
		}
		return changed
	}
	if resource == companySegments {
		resource = segments
	}
	if _, done := o.extra["drift"]; done {
		return false
	}
	doc, err := decodeObject(w.render(resource, o))
	if err == nil {
		o.extra = o.extra.drifted(o.n, doc)
	}
	return err == nil
}

// mutate changes two records of the call's resource and adds one; now and then one goes. A resource of which nothing can be
// changed stays as it is.
func (a *API) mutate(c *call) {
	if c.resource == "me" {
		return
	}
	_, _ = a.edit(c.resource, func(w *workspace, now int64) ([]string, error) {
		d := w.move()
		_, _ = w.change(c.resource, 2, now)
		_, _ = w.create(c.resource, "", now)
		if d.chance(10) {
			if keys, err := w.someKeys(c.resource, 1); err == nil {
				_ = eachKey(keys, func(key string) error { return w.remove(c.resource, key, now) })
			}
		}
		return nil, nil
	})
}
