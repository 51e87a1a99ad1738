package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// The resources, by the names that their topics and the control endpoints use.
const (
	activityLogs      = "activity_logs"
	admins            = "admins"
	companies         = "companies"
	companyAttributes = "company_attributes"
	companySegments   = "company_segments"
	contactAttributes = "contact_attributes"
	contacts          = "contacts"
	conversationParts = "conversation_parts"
	conversations     = "conversations"
	segments          = "segments"
	tags              = "tags"
	teams             = "teams"
	tickets           = "tickets"
)

// Resources returns the names of the thirteen resources, sorted.
func Resources() []string {
	return []string{
		activityLogs, admins, companies, companyAttributes, companySegments, contactAttributes, contacts,
		conversationParts, conversations, segments, tags, teams, tickets,
	}
}

// workspace is everything the sample API knows. It has no lock of its own: API.mu guards it.
type workspace struct {
	seed    uint64
	start   int64  // Unix seconds: "now" when the data was invented
	app     string // id of the workspace
	initial map[string]int
	all     map[string]*collection
	nextID  int64 // of the next conversation part
	moves   int   // changes made so far: each gets dice of its own

	prepared map[*object][]byte // renderings made beforehand; good until the first change
}

func (w *workspace) dice(kind string, n int) *dice { return newDice(w.seed, kind, n) }

// move returns the dice for the next change.
func (w *workspace) move() *dice {
	w.moves++
	return w.dice("move", w.moves)
}

// shape returns what the object looks like, ready for JSON.
func (w *workspace) shape(resource string, o *object) any {
	switch resource {
	case activityLogs:
		return w.activityLog(o)
	case admins:
		return w.admin(o)
	case companies:
		return w.company(o)
	case companyAttributes:
		return w.attribute("company", o)
	case contactAttributes:
		return w.attribute("contact", o)
	case contacts:
		return w.contact(o)
	case conversations:
		return w.conversation(o)
	case segments:
		return w.segment(o)
	case tags:
		return tag{Type: "tag", ID: o.id, Name: w.tagName(o.n, o.edits)}
	case teams:
		return w.team(o)
	case tickets:
		return w.ticket(o)
	}
	return nil
}

// render returns the object as the API's lists show it.
func (w *workspace) render(resource string, o *object) []byte {
	if doc, ok := w.prepared[o]; ok {
		return doc
	}
	return w.finish(w.shape(resource, o), o.extra)
}

// finish encodes a shape and lays the patches over it. Shapes are made of plain types and patches were checked when
// they were set, so encoding cannot fail; should it, the error stands in the answer where a reader sees it.
func (w *workspace) finish(shape any, extra patches) []byte {
	doc, err := encode(shape)
	if err == nil {
		doc, err = extra.apply(doc)
	}
	if err != nil {
		doc, _ = json.Marshal(map[string]string{"type": "error", "message": err.Error()})
	}
	return doc
}

// with returns the object doc with one more member at its end.
func with(doc []byte, member string, value string) []byte {
	out := make([]byte, 0, len(doc)+len(member)+len(value)+8)
	out = append(out, doc[:len(doc)-1]...)
	return fmt.Appendf(out, ",%q:%q}", member, value)
}

// truth returns every record of a resource under the key it is published with.
func (w *workspace) truth(resource string) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	switch resource {
	case conversationParts:
		for _, c := range w.all[conversations].order {
			for _, p := range newest(c.parts) {
				doc := w.renderPart(c, p)
				out[joinKey(c.id, partID(p))] = with(doc, "conversation_id", c.id)
			}
		}
	case companySegments:
		for _, c := range w.all[companies].order {
			for _, s := range w.segmentsOf(c) {
				out[joinKey(c.id, s.id)] = with(w.render(segments, s), "company_id", c.id)
			}
		}
	default:
		for _, o := range w.all[resource].order {
			if !o.archived {
				out[o.id] = w.render(resource, o)
			}
		}
	}
	return out
}

// segmentsOf returns the segments that a company belongs to and that still exist.
func (w *workspace) segmentsOf(company *object) []*object {
	var out []*object
	for _, id := range company.segments {
		if s := w.all[segments].byID[id]; s != nil {
			out = append(out, s)
		}
	}
	return out
}

// known says whether a name is that of a resource.
func known(resource string) error {
	if slices.Contains(Resources(), resource) {
		return nil
	}
	return fmt.Errorf("find resource %q: there are %v", resource, Resources())
}

// counts returns how many records each resource holds.
func (w *workspace) counts() map[string]int {
	out := map[string]int{}
	for name, c := range maps.All(w.all) {
		out[name] = len(c.order)
	}
	for _, c := range w.all[conversations].order {
		out[conversationParts] += len(newest(c.parts))
	}
	for _, c := range w.all[companies].order {
		out[companySegments] += len(w.segmentsOf(c))
	}
	return out
}
