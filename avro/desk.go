package avro

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Desk is a Registry that nobody else sees: what is registered there is gone with it. It takes every schema. It is safe for concurrent use.
type Desk struct {
	mu       sync.Mutex
	texts    []string // by id, from 1
	versions map[string][]Registered
}

// NewDesk returns a Desk without subjects.
func NewDesk() *Desk { return &Desk{versions: map[string][]Registered{}} }

// Versions implements Registry.
func (d *Desk) Versions(_ context.Context, subject string) ([]Registered, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.versions[subject]), nil
}

// Register implements Registry.
func (d *Desk) Register(_ context.Context, subject, schema string) (Registered, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.versions[subject]
	for _, r := range known {
		if r.Schema == schema {
			return r, nil
		}
	}
	return d.add(subject, Registered{Version: len(known) + 1, Schema: schema}), nil
}

// add gives a version an id of the desk's own. The caller holds mu, or is the only one.
func (d *Desk) add(subject string, r Registered) Registered {
	d.texts = append(d.texts, r.Schema)
	r.ID = len(d.texts)
	d.versions[subject] = append(d.versions[subject], r)
	return r
}

// ByID implements Registry.
func (d *Desk) ByID(_ context.Context, id int) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id < 1 || id > len(d.texts) {
		return "", fmt.Errorf("no schema %d", id)
	}
	return d.texts[id-1], nil
}
