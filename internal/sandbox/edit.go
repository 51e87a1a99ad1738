package sandbox

import (
	"encoding/json"
	"fmt"
)

// Change changes n records of a resource (fewer where there are fewer), as a user of the workspace would, and returns
// their keys. Records that have an updated_at get the API's present second. A change of a conversation part updates its
// conversation; a change of company_segments lets a company join or leave a segment and leaves no trace in the company;
// activity logs are never changed: a new one is written.
func (a *API) Change(resource string, n int) ([]string, error) {
	return a.edit(resource, func(w *workspace, now int64) ([]string, error) { return w.change(resource, n, now) })
}

// Create adds n records and returns their keys.
func (a *API) Create(resource string, n int) ([]string, error) { return a.CreateUnder(resource, "", n) }

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

// CreateUnder adds n records to a parent: parts to a conversation, memberships to a company. An empty parent is any.
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
	a.data.prepared = nil
	return do(a.data, now.Unix())
}
