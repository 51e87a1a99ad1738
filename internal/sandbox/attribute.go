package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

type attribute struct {
	ID                *int64   `json:"id,omitempty"`
	Type              string   `json:"type"`
	Name              string   `json:"name"`
	FullName          string   `json:"full_name"`
	Label             string   `json:"label"`
	Description       *string  `json:"description,omitempty"`
	DataType          string   `json:"data_type"`
	Options           []string `json:"options,omitempty"`
	APIWritable       bool     `json:"api_writable"`
	UIWritable        bool     `json:"ui_writable"`
	MessengerWritable bool     `json:"messenger_writable"`
	Custom            bool     `json:"custom"`
	Archived          bool     `json:"archived"`
	AdminID           *string  `json:"admin_id,omitempty"`
	CreatedAt         *int64   `json:"created_at,omitempty"`
	UpdatedAt         *int64   `json:"updated_at,omitempty"`
	Model             string   `json:"model"`
}

// attributeSpec is one line of the lists below: full_name|label|data_type. Names repeat (name, id), as in the API.
func builtInAttributes(model string) []string {
	if model == "company" {
		return []string{
			"name|Company name|string", "company_id|Company ID|string", "last_request_at|Company last seen|date",
			"remote_created_at|Company created at|date", "user_count|People|integer", "session_count|Company web sessions|integer",
			"plan.name|Plan|string", "monthly_spend|Monthly Spend|float", "size|Company size|integer", "industry|Company industry|string",
			"website|Company website|string", "id|ID|string", "created_at|Created at|date", "updated_at|Updated at|date", "plan.id|Plan ID|string",
		}
	}
	return []string{
		"id|ID|string", "role|Contact role|string", "name|Name|string", "email|Email|string", "phone|Phone|string",
		"owner_id|Owner|integer", "avatar|Avatar|string", "created_at|Created at|date", "updated_at|Updated at|date",
		"signed_up_at|Signed up|date", "last_seen_at|Last seen|date", "last_replied_at|Last replied|date",
		"location.country|Country|string", "location.region|Region|string", "location.city|City|string",
		"social_profiles.twitter.name|Twitter name|string", "unsubscribed_from_emails|Unsubscribed from Emails|boolean",
	}
}

func customAttributes(model string) []string {
	if model == "company" {
		return []string{"creation_source|creation_source|options", "Paid/Trial|Paid/Trial|string", "Discount %|Discount %|float", "renewal|renewal|date"}
	}
	return []string{
		"plan|plan|string", "seats|seats|integer", "utm-source|utm-source|string", "1st_touch|1st_touch|boolean", "nps|nps|float",
		"Größe|Größe|options", "sessions|sessions|integer", "ledger_id|ledger_id|integer", "trial_ends_at|trial_ends_at|date",
	}
}

// attributeSpecs returns all initial attributes of a model, the built-in ones first, with their full names.
func attributeSpecs(model string) []string {
	specs := builtInAttributes(model)
	for _, s := range customAttributes(model) {
		specs = append(specs, "custom_attributes."+s)
	}
	return specs
}

// newAttributeSpec returns the attribute that is the nth to be made while the API runs.
func newAttributeSpec(n int) string {
	return fmt.Sprintf("custom_attributes.field_%d|Field %d|string", n, n)
}

// attribute renders a data attribute. Built-in ones have no id, dates or admin; a change edits the description.
func (w *workspace) attribute(model string, o *object) attribute {
	spec, specs := newAttributeSpec(o.n), attributeSpecs(model)
	if o.n < len(specs) {
		spec = specs[o.n]
	}
	column := strings.SplitN(spec, "|", 3)
	d := w.dice(model+" attribute", o.n)
	custom := strings.HasPrefix(column[0], "custom_attributes.")
	name := column[0][strings.LastIndexByte(column[0], '.')+1:]
	a := attribute{
		Type: "data_attribute", Name: name, FullName: column[0], Label: column[1], DataType: column[2],
		APIWritable: custom || d.chance(40), UIWritable: custom, MessengerWritable: true, Custom: custom, Archived: o.archived, Model: model,
	}
	if custom {
		a.ID, a.AdminID = ptr(int64(34+o.n*7)), ptr(strconv.FormatInt(adminID(w.someAdmin(d)), 10))
		a.CreatedAt, a.UpdatedAt = &o.created, &o.updated
	}
	if a.DataType == "options" {
		a.DataType, a.Options = "string", []string{"one", "two", "three"}
	}
	if !custom || d.chance(60) || o.edits > 0 {
		a.Description = ptr("The " + strings.ToLower(column[1]) + " of a " + model)
	}
	if o.edits > 0 {
		a.Description = ptr(*a.Description + fmt.Sprintf(" (edition %d)", o.edits+1))
	}
	return a
}
