package sandbox

import (
	"fmt"
	"strconv"
)

type ticketState struct{ name, label string }

func ticketStates() []ticketState {
	return []ticketState{{"submitted", "Submitted"}, {"in_progress", "In progress"}, {"waiting_on_customer", "Waiting on customer"}, {"resolved", "Resolved"}}
}

// ticket renders ticket o. Every change moves it to the next state.
func (w *workspace) ticket(o *object) ticket {
	d, who := w.dice("ticket", o.n), w.castOf(o.n+1_000_000)
	states := ticketStates()
	at := d.below(len(states)) + o.edits
	state := states[at%len(states)]
	category := pick(d, []string{"Customer", "Back-office", "Tracker"})
	t := ticket{
		Type: "ticket", ID: o.id, TicketID: strconv.Itoa(o.n + 1), TicketState: state.name, Category: category,
		Contacts:        contactRefs{"contact.list", []reference{{"contact", w.contactID(who.contact), ptr(strconv.Itoa(20000 + who.contact))}}},
		AdminAssigneeID: "0", TeamAssigneeID: "0", CreatedAt: o.created, UpdatedAt: o.updated, Open: state.name != "resolved",
		LinkedObjects: linkedObjects{Type: "list", Data: []link{}}, IsShared: category == "Customer",
		TicketStateInside: state.label, TicketStateOutside: state.label,
		TicketAttributes: map[string]any{"_default_title_": who.words.fill(who.script.title), "_default_description_": who.words.fill(who.script.opening)},
	}
	if d.chance(70) {
		t.AdminAssigneeID = strconv.FormatInt(adminID(who.admin), 10)
	}
	if d.chance(50) {
		t.TeamAssigneeID = strconv.FormatInt(teamID(d.below(w.initial[teams])), 10)
	}
	if state.name == "waiting_on_customer" {
		t.SnoozedUntil = ptr(o.updated + 2*day)
	}
	w.ticketFields(t.TicketAttributes, d)
	if !d.chance(2) { // the type is null where it was removed
		t.TicketType = w.ticketType(d.below(4), category)
	}
	t.TicketParts = w.ticketHistory(o, who, states, at)
	return t
}

func (w *workspace) ticketFields(m map[string]any, d *dice) {
	if d.chance(60) {
		m["Severity"] = pick(d, []any{"low", "medium", "high", 1, nil})
	}
	if d.chance(40) {
		m["Affected users"] = pick(d, []any{1, 12, 250, "many"})
	}
	if d.chance(30) {
		m["Due date"] = w.start + d.between(0, 90*day)
	}
	if d.chance(20) {
		m["Reproduced?"] = d.chance(50)
	}
	if d.chance(15) {
		m["Umgebung (größe)"] = map[string]any{"region": pick(d, []string{"eu", "us"}), "nodes": d.below(9)}
	}
}

func (w *workspace) ticketType(n int, category string) *ticketType {
	born := w.start - span + int64(n)*day
	t := &ticketType{
		Type: "ticket_type", ID: strconv.Itoa(79 + n), Name: []string{"Bug", "Billing question", "Data request", "Incident"}[n],
		Description: "How we track it", Icon: []string{"🐛", "💶", "📄", "🚨"}[n], WorkspaceID: w.app, CreatedAt: born, UpdatedAt: born,
		IsInternal: category != "Customer", Attributes: list[typeField]{"list", nil}, Category: category,
	}
	for k, name := range []string{"_default_title_", "_default_description_"} {
		t.Attributes.Data = append(t.Attributes.Data, typeField{
			Type: "ticket_type_attribute", ID: strconv.Itoa(6594164 + n*10 + k), WorkspaceID: w.app, Name: name, DataType: "string",
			InputOptions: map[string]bool{"multiline": k == 1}, Order: k, Required: k == 0, TicketTypeID: 79 + n, CreatedAt: born, UpdatedAt: born,
		})
	}
	return t
}

// ticketHistory lists the creation and the last change of state.
func (w *workspace) ticketHistory(o *object, who cast, states []ticketState, at int) ticketParts {
	id := 19760294812 + int64(o.n)*1000
	parts := []ticketPart{{
		Type: "ticket_part", ID: strconv.FormatInt(id, 10), PartType: "comment", Body: ptr("<p>" + who.words.fill(who.script.opening) + "</p>"),
		CreatedAt: o.created, UpdatedAt: o.created, Author: w.contactAuthor(who.contact), Attachments: []attachment{},
	}}
	if at > 0 {
		previous := states[(at-1)%len(states)].name
		parts = append(parts, ticketPart{
			Type: "ticket_part", ID: strconv.FormatInt(id+int64(at), 10), PartType: "ticket_state_updated_by_admin",
			TicketState: states[at%len(states)].name, PreviousState: previous, CreatedAt: o.updated, UpdatedAt: o.updated,
			Author: w.adminAuthor(who.admin), Attachments: []attachment{},
		})
	}
	return ticketParts{"ticket_part.list", parts, len(parts)}
}

// longID makes an id of 15 digits, the same length for every n below ten million, so that ids sort as numbers do.
func longID(prefix, n int) string { return fmt.Sprintf("%d%012d", prefix, 472856448646+n*37) }
