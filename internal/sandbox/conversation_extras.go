package sandbox

import "strconv"

// conversationExtras fills what is often null: waiting times, ratings, the assistant's part, statistics.
func (w *workspace) conversationExtras(c *conversation, d *dice, o *object, who cast, ref reference) {
	if c.State == "open" && d.chance(60) {
		c.WaitingSince = &o.updated
	}
	if c.State == "snoozed" {
		c.SnoozedUntil = ptr(o.updated + 3*day)
	}
	if c.State == "closed" && d.chance(40) {
		c.ConversationRating = &rating{1 + d.below(5), maybe(d, 50, "Très bien, merci!"), o.updated, ref,
			reference{Type: "admin", ID: strconv.FormatInt(adminID(who.admin), 10)}}
	}
	if d.chance(40) {
		c.CustomAttributes["Product area"] = who.words.feature
	}
	if d.chance(20) {
		c.CustomAttributes["AI Issue summary"] = pick(d, []any{"Customer asks about " + who.words.feature + ".", nil})
	}
	if d.chance(15) {
		c.CustomAttributes["effort"] = pick(d, []any{1, 2.5, "high", true})
	}
	if d.chance(30) {
		c.AIAgentParticipated = true
		c.AIAgent = &aiAgent{ptr("workflow"), maybe(d, 50, "Fin over chat"), maybe(d, 70, "ai_answer"), ptr(pick(d, []string{"assumed_resolution", "routed_to_team"})), maybe(d, 30, 4), nil}
	}
	if d.chance(80) {
		c.Statistics = statisticsOf(o, adminID(who.admin))
	}
}

// statisticsOf computes a conversation's statistics from its parts.
func statisticsOf(o *object, closer int64) *statistics {
	s := &statistics{Type: "conversation_statistics", CountConversationParts: len(o.parts), FirstContactReplyAt: &o.created, LastContactReplyAt: &o.created}
	for i := range o.parts {
		p := &o.parts[i]
		switch {
		case p.kind == partAssignment:
			s.CountAssignments++
			first(&s.FirstAssignmentAt, &s.TimeToAssignment, p.created, o.created)
		case p.kind == partClose:
			first(&s.FirstCloseAt, &s.TimeToFirstClose, p.created, o.created)
			s.LastCloseAt, s.LastClosedByID = &p.created, &closer
		case p.kind == partOpen:
			s.CountReopens++
		case p.kind == partComment && p.byAdmin:
			first(&s.FirstAdminReplyAt, &s.TimeToAdminReply, p.created, o.created)
			s.LastAdminReplyAt, s.MedianTimeToReply = &p.created, s.TimeToAdminReply
		case p.kind == partComment:
			s.LastContactReplyAt = &p.created
		}
	}
	return s
}

// first sets when something happened for the first time, and how long that took, in seconds.
func first(at, took **int64, when, since int64) {
	if *at == nil {
		*at, *took = ptr(when), ptr(when-since)
	}
}
