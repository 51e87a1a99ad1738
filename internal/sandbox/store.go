package sandbox

import (
	"sort"
	"strings"
)

// object is one record of the sample workspace. It holds what can change; everything else is computed from the
// workspace's seed and n when the object is rendered, so that a large workspace stays small in memory.
// Rendering looks at the object itself only: what happens to one object never changes the bytes of another.
type object struct {
	n                int // number within its collection, never used twice
	id               string
	created, updated int64 // Unix seconds
	edits            int   // how often it was changed
	archived         bool  // data attributes: hidden from the plain listing
	parts            []part
	segments         []string // companies: ids of the segments that they belong to
	about            *event   // activity logs written by a change
	extra            patches
}

// part is one entry of a conversation.
type part struct {
	id               int64
	created, updated int64
	line             int // which text
	edits            int
	kind             partKind
	byAdmin          bool
	redacted         bool
	extra            patches
}

// collection holds the objects of one resource, ordered by (updated, id).
type collection struct {
	byID  map[string]*object
	order []*object
	next  int // n of the next object
}

func newCollection() *collection { return &collection{byID: map[string]*object{}} }

func before(aUpdated int64, aID string, bUpdated int64, bID string) bool {
	if aUpdated != bUpdated {
		return aUpdated < bUpdated
	}
	return aID < bID
}

// place returns the index at which an object with these values stands or would stand.
func (c *collection) place(updated int64, id string) int {
	return sort.Search(len(c.order), func(i int) bool { return !before(c.order[i].updated, c.order[i].id, updated, id) })
}

// updatedIn returns the objects of that time, in order.
func (c *collection) updatedIn(t timeRange) []*object {
	from := c.place(t.from, "")
	return c.order[from:max(from, c.place(t.to, ""))]
}

// load adds many objects at once.
func (c *collection) load(objects []*object) {
	c.order = append(c.order, objects...)
	sort.Slice(c.order, func(i, j int) bool {
		return before(c.order[i].updated, c.order[i].id, c.order[j].updated, c.order[j].id)
	})
	for _, o := range objects {
		c.byID[o.id] = o
		c.next = max(c.next, o.n+1)
	}
}

func (c *collection) add(o *object) {
	i := c.place(o.updated, o.id)
	c.order = append(c.order, nil)
	copy(c.order[i+1:], c.order[i:])
	c.order[i] = o
	c.byID[o.id] = o
	c.next = max(c.next, o.n+1)
}

func (c *collection) remove(o *object) {
	if i := c.place(o.updated, o.id); i < len(c.order) && c.order[i] == o {
		c.order = append(c.order[:i], c.order[i+1:]...)
	}
	delete(c.byID, o.id)
}

// touch sets when o was updated and keeps the order.
func (c *collection) touch(o *object, now int64) {
	c.remove(o)
	o.updated = now
	c.add(o)
}

// some returns n different objects (fewer where there are fewer), spread over the collection.
func (c *collection) some(d *dice, n int) []*object {
	n = min(n, len(c.order))
	if n <= 0 {
		return nil
	}
	start, step := d.below(len(c.order)), len(c.order)/n
	picked := make([]*object, 0, n)
	for k := range n {
		picked = append(picked, c.order[(start+k*step)%len(c.order)])
	}
	return picked
}

// joinKey makes the key of a substream's record as it is published.
func joinKey(parts ...string) string {
	for i, p := range parts {
		parts[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(p)
	}
	return strings.Join(parts, "/")
}

// splitKey undoes joinKey for a key of two parts.
func splitKey(key string) (parent, child string, ok bool) {
	parent, child, ok = strings.Cut(key, "/")
	undo := strings.NewReplacer("%2F", "/", "%25", "%")
	return undo.Replace(parent), undo.Replace(child), ok
}
