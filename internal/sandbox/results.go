package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// find returns the hits in the order asked for. None of them was updated outside times.
func (a *API) find(c *call, fits match, times timeRange, order ordering) []hit {
	w, newest := a.data, c.now.Add(-a.cfg.SearchDelay).Unix()
	var hits []hit
	one := candidate{render: func(o *object) []byte { return w.render(c.resource, o) }}
	for _, o := range w.all[c.resource].updatedIn(times) {
		one.object, one.doc = o, nil
		if (c.resource == contacts && o.created > newest) || !fits(&one) {
			continue
		}
		h := hit{object: o, value: o.updated}
		if order.name != "updated_at" {
			for _, v := range one.values(order.field) {
				h.value, _ = v.(int64)
			}
		}
		hits = append(hits, h)
	}
	if order.name != "updated_at" { // the collection is in this order already
		slices.SortFunc(hits, compareHits)
	}
	if order.descending {
		slices.Reverse(hits)
	}
	return hits
}

func compareHits(a, b hit) int {
	switch {
	case before(a.value, a.object.id, b.value, b.object.id):
		return -1
	case before(b.value, b.object.id, a.value, a.object.id):
		return 1
	}
	return 0
}

// resultPage renders the page after the cursor. The end is told in the two ways the real API has: conversations answer
// next: null, the others leave it out.
func (a *API) resultPage(resource string, hits []hit, order ordering, from cursor, size int) []byte {
	start := 0
	if from.id != "" {
		start, _ = slices.BinarySearchFunc(hits, from, func(h hit, c cursor) int {
			beyond := before(c.millis, c.id, h.value*1000, h.object.id)
			if order.descending {
				beyond = before(h.value*1000, h.object.id, c.millis, c.id)
			}
			if beyond {
				return 1
			}
			return -1
		})
	}
	end := min(start+size, len(hits))
	var items [][]byte
	for _, h := range hits[start:end] {
		items = append(items, a.data.render(resource, h.object))
	}
	var pages strings.Builder
	pages.WriteString(`"pages":{"type":"pages"`)
	switch {
	case end < len(hits):
		last := hits[end-1]
		next := cursor{last.value * 1000, last.object.id, from.page + 1, order.String()}
		fmt.Fprintf(&pages, `,"next":{"page":%d,"starting_after":%q`, next.page, next.String())
		if resource == conversations {
			fmt.Fprintf(&pages, `,"per_page":%d`, size)
		}
		pages.WriteByte('}')
	case resource == conversations:
		pages.WriteString(`,"next":null`)
	}
	fmt.Fprintf(&pages, `,"page":%d,"per_page":%d,"total_pages":%d}`, from.page, size, (len(hits)+size-1)/size)
	kind, name := map[string]string{contacts: "list", conversations: "conversation.list", tickets: "ticket.list"}[resource], resource
	if resource == contacts {
		name = "data"
	}
	return listBody(kind, name, items, `"total_count":`+strconv.Itoa(len(hits)), pages.String())
}
