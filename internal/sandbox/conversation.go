package sandbox

import "strconv"

// cast is who takes part in conversation n and what it is about.
type cast struct {
	script  script
	words   lines
	contact int
	admin   int
}

func (w *workspace) castOf(n int) cast {
	d := w.dice("cast", n)
	c := cast{script: pick(d, scripts()), contact: d.below(w.initial[contacts]), admin: w.someAdmin(d)}
	c.words = lines{
		name: w.contactPerson(c.contact).first, agent: w.adminPerson(c.admin).first, company: w.companyName(w.companyOf(c.contact)),
		number: strconv.Itoa(1000 + d.below(90000)), amount: strconv.Itoa(20+d.below(900)) + ".00", feature: pick(d, features()),
	}
	return c
}

func (w *workspace) contactAuthor(n int) author {
	p := w.contactPerson(n)
	return author{w.contactID(n), "user", p.name, p.email}
}

func (w *workspace) adminAuthor(n int) author {
	p := w.adminPerson(n)
	return author{strconv.FormatInt(adminID(n), 10), "admin", p.name, p.email}
}

// conversation renders conversation o as the search shows it, without its parts.
func (w *workspace) conversation(o *object) conversation {
	d, who := w.dice("conversation", o.n), w.castOf(o.n)
	title := who.words.fill(who.script.title)
	ref := reference{"contact", w.contactID(who.contact), ptr(strconv.Itoa(20000 + who.contact))}
	c := conversation{
		Type: "conversation", ID: o.id, CreatedAt: o.created, UpdatedAt: o.updated,
		Source: source{
			Type: "conversation", ID: strconv.Itoa(403918241 + o.n*9), DeliveredAs: pick(d, []string{"customer_initiated", "customer_initiated", "admin_initiated", "automated"}),
			Subject: pick(d, []string{"", "<p>" + title + "</p>"}), Body: "<p>" + who.words.fill(who.script.opening) + "</p>",
			Author: w.contactAuthor(who.contact), Attachments: []attachment{}, URL: maybe(d, 50, "https://app.example.com/"+strconv.Itoa(d.below(99))),
		},
		Contacts: contactRefs{"contact.list", []reference{ref}}, Tags: tagList{"tag.list", []appliedTag{}}, Priority: "not_priority",
		Title: maybe(d, 60, title), CustomAttributes: map[string]any{}, Topics: map[string]any{},
		LinkedObjects: linkedObjects{Type: "list", Data: []link{}}, Read: d.chance(70),
		FirstContactReply: maybe(d, 80, firstReply{o.created, "conversation", nil}),
		AdminAssigneeID:   maybe(d, 80, adminID(who.admin)), TeamAssigneeID: maybe(d, 60, teamID(d.below(w.initial[teams]))),
		Teammates:  maybe(d, 60, adminRefs{"admin.list", []reference{{Type: "admin", ID: strconv.FormatInt(adminID(who.admin), 10)}}}),
		SLAApplied: maybe(d, 10, slaApplied{"conversation_sla_summary", "First reply in 4 h", pick(d, []string{"hit", "missed", "active"})}),
	}
	c.State, c.Open = stateOf(o.parts)
	if d.chance(10) {
		c.Priority = "priority"
	}
	for range d.below(3) {
		c.Tags.Tags = append(c.Tags.Tags, w.applied((o.n*3+len(c.Tags.Tags))%w.initial[tags], o.created))
	}
	w.conversationExtras(&c, d, o, who, ref)
	return c
}

// stateOf derives a conversation's state from the last of its parts that says something about it.
func stateOf(parts []part) (state string, open bool) {
	for i := len(parts) - 1; i >= 0; i-- {
		switch parts[i].kind {
		case partClose:
			return "closed", false
		case partSnoozed:
			return "snoozed", true
		case partComment, partOpen:
			return "open", true
		}
	}
	return "open", true
}
