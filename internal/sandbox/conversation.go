package sandbox

import "strconv"

type conversation struct {
	Type                string         `json:"type"`
	ID                  string         `json:"id"`
	CreatedAt           int64          `json:"created_at"`
	UpdatedAt           int64          `json:"updated_at"`
	WaitingSince        *int64         `json:"waiting_since"`
	SnoozedUntil        *int64         `json:"snoozed_until"`
	Source              source         `json:"source"`
	Contacts            contactRefs    `json:"contacts"`
	FirstContactReply   *firstReply    `json:"first_contact_reply"`
	AdminAssigneeID     *int64         `json:"admin_assignee_id"`
	TeamAssigneeID      *int64         `json:"team_assignee_id"`
	Open                bool           `json:"open"`
	State               string         `json:"state"`
	Read                bool           `json:"read"`
	Tags                tagList        `json:"tags"`
	Priority            string         `json:"priority"`
	SLAApplied          *slaApplied    `json:"sla_applied"`
	Statistics          *statistics    `json:"statistics"`
	ConversationRating  *rating        `json:"conversation_rating"`
	Teammates           *adminRefs     `json:"teammates"`
	Title               *string        `json:"title"`
	CustomAttributes    map[string]any `json:"custom_attributes"`
	Topics              map[string]any `json:"topics"`
	Ticket              *reference     `json:"ticket"`
	LinkedObjects       linkedObjects  `json:"linked_objects"`
	AIAgent             *aiAgent       `json:"ai_agent"`
	AIAgentParticipated bool           `json:"ai_agent_participated"`
}

type source struct {
	Type        string       `json:"type"`
	ID          string       `json:"id"`
	DeliveredAs string       `json:"delivered_as"`
	Subject     string       `json:"subject"`
	Body        string       `json:"body"`
	Author      author       `json:"author"`
	Attachments []attachment `json:"attachments"`
	URL         *string      `json:"url"`
	Redacted    bool         `json:"redacted"`
}

type author struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type reference struct {
	Type       string  `json:"type"`
	ID         string  `json:"id"`
	ExternalID *string `json:"external_id,omitempty"`
}

type contactRefs struct {
	Type     string      `json:"type"`
	Contacts []reference `json:"contacts"`
}

type adminRefs struct {
	Type   string      `json:"type"`
	Admins []reference `json:"admins"`
}

type firstReply struct {
	CreatedAt int64   `json:"created_at"`
	Type      string  `json:"type"`
	URL       *string `json:"url"`
}

type slaApplied struct {
	Type      string `json:"type"`
	SLAName   string `json:"sla_name"`
	SLAStatus string `json:"sla_status"`
}

type rating struct {
	Rating    int       `json:"rating"`
	Remark    *string   `json:"remark"`
	CreatedAt int64     `json:"created_at"`
	Contact   reference `json:"contact"`
	Teammate  reference `json:"teammate"`
}

type linkedObjects struct {
	Type       string `json:"type"`
	Data       []link `json:"data"`
	TotalCount int    `json:"total_count"`
	HasMore    bool   `json:"has_more"`
}

type aiAgent struct {
	SourceType      *string `json:"source_type"`
	SourceTitle     *string `json:"source_title"`
	LastAnswerType  *string `json:"last_answer_type"`
	ResolutionState *string `json:"resolution_state"`
	Rating          *int    `json:"rating"`
	RatingRemark    *string `json:"rating_remark"`
}

type statistics struct {
	Type                   string `json:"type"`
	TimeToAssignment       *int64 `json:"time_to_assignment"`
	TimeToAdminReply       *int64 `json:"time_to_admin_reply"`
	TimeToFirstClose       *int64 `json:"time_to_first_close"`
	MedianTimeToReply      *int64 `json:"median_time_to_reply"`
	FirstContactReplyAt    *int64 `json:"first_contact_reply_at"`
	FirstAssignmentAt      *int64 `json:"first_assignment_at"`
	FirstAdminReplyAt      *int64 `json:"first_admin_reply_at"`
	FirstCloseAt           *int64 `json:"first_close_at"`
	LastContactReplyAt     *int64 `json:"last_contact_reply_at"`
	LastAdminReplyAt       *int64 `json:"last_admin_reply_at"`
	LastCloseAt            *int64 `json:"last_close_at"`
	LastClosedByID         *int64 `json:"last_closed_by_id"`
	CountReopens           int    `json:"count_reopens"`
	CountAssignments       int    `json:"count_assignments"`
	CountConversationParts int    `json:"count_conversation_parts"`
}

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
