package sandbox

type ticket struct {
	Type               string         `json:"type"`
	ID                 string         `json:"id"`
	TicketID           string         `json:"ticket_id"`
	TicketAttributes   map[string]any `json:"ticket_attributes"`
	TicketState        string         `json:"ticket_state"`
	TicketType         *ticketType    `json:"ticket_type"`
	Contacts           contactRefs    `json:"contacts"`
	AdminAssigneeID    string         `json:"admin_assignee_id"`
	TeamAssigneeID     string         `json:"team_assignee_id"`
	CreatedAt          int64          `json:"created_at"`
	UpdatedAt          int64          `json:"updated_at"`
	SnoozedUntil       *int64         `json:"snoozed_until,omitempty"`
	TicketParts        ticketParts    `json:"ticket_parts"`
	Open               bool           `json:"open"`
	LinkedObjects      linkedObjects  `json:"linked_objects"`
	Category           string         `json:"category"`
	IsShared           bool           `json:"is_shared"`
	TicketStateInside  string         `json:"ticket_state_internal_label"`
	TicketStateOutside string         `json:"ticket_state_external_label"`
}

type ticketType struct {
	Type        string          `json:"type"`
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Icon        string          `json:"icon"`
	WorkspaceID string          `json:"workspace_id"`
	Archived    bool            `json:"archived"`
	CreatedAt   int64           `json:"created_at"`
	UpdatedAt   int64           `json:"updated_at"`
	IsInternal  bool            `json:"is_internal"`
	Attributes  list[typeField] `json:"ticket_type_attributes"`
	Category    string          `json:"category"`
}

type typeField struct {
	Type         string          `json:"type"`
	ID           string          `json:"id"`
	WorkspaceID  string          `json:"workspace_id"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	DataType     string          `json:"data_type"`
	InputOptions map[string]bool `json:"input_options"`
	Order        int             `json:"order"`
	Required     bool            `json:"required_to_create"`
	TicketTypeID int             `json:"ticket_type_id"`
	Archived     bool            `json:"archived"`
	CreatedAt    int64           `json:"created_at"`
	UpdatedAt    int64           `json:"updated_at"`
}

type ticketParts struct {
	Type  string       `json:"type"`
	Parts []ticketPart `json:"ticket_parts"`
	Total int          `json:"total_count"`
}

type ticketPart struct {
	Type          string       `json:"type"`
	ID            string       `json:"id"`
	PartType      string       `json:"part_type"`
	Body          *string      `json:"body,omitempty"`
	TicketState   string       `json:"ticket_state,omitempty"`
	PreviousState string       `json:"previous_ticket_state,omitempty"`
	CreatedAt     int64        `json:"created_at"`
	UpdatedAt     int64        `json:"updated_at"`
	Author        author       `json:"author"`
	Attachments   []attachment `json:"attachments"`
	Redacted      bool         `json:"redacted"`
}
