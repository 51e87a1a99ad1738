package sandbox

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
