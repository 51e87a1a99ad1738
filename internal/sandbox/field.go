package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"
)

type fieldKind int

const (
	textField fieldKind = iota
	wordsField
	integerField
	dateField
	booleanField
	tagField
)

// field is something that a search can ask for.
type field struct {
	kind fieldKind
	path string // where it stands in the object; "" where row gives it
	row  func(*object) int64
}

// fieldOf finds a searchable field of a resource.
func fieldOf(resource, name string) (field, bool) {
	switch name {
	case "updated_at":
		return field{kind: dateField, row: func(o *object) int64 { return o.updated }}, true
	case "created_at":
		return field{kind: dateField, row: func(o *object) int64 { return o.created }}, true
	}
	if rest, ok := strings.CutPrefix(name, "custom_attributes."); ok && resource == contacts {
		kind := textField
		if strings.HasSuffix(rest, "_at") {
			kind = dateField
		}
		return field{kind: kind, path: name}, true
	}
	for _, line := range fieldLines(resource) {
		column := strings.Fields(line)
		if column[1] == name {
			path := name
			if len(column) > 2 {
				path = column[2]
			}
			return field{kind: kindOf(column[0]), path: path}, true
		}
	}
	return field{}, false
}

func kindOf(word string) fieldKind {
	return map[string]fieldKind{
		"text": textField, "words": wordsField, "integer": integerField, "date": dateField, "boolean": booleanField, "tag": tagField,
	}[word]
}

// fieldLines lists the searchable fields of a resource: kind, name and, where it differs, the path; `*` steps into lists.
func fieldLines(resource string) []string {
	switch resource {
	case contacts:
		return []string{
			"text id", "text role", "text name", "text email", "text phone", "text external_id", "integer owner_id", "text avatar",
			"date signed_up_at", "date last_seen_at", "date last_contacted_at", "date last_replied_at", "date last_email_opened_at",
			"date last_email_clicked_at", "text language_override", "text browser", "text browser_language", "text os",
			"text location.country", "text location.region", "text location.city", "boolean unsubscribed_from_emails",
			"boolean has_hard_bounced", "boolean marked_email_as_spam", "tag tag_id tags.data.*.id", "text segment_id",
			"text ios_app_name", "text ios_app_version", "text ios_device", "text ios_os_version", "date ios_last_seen_at",
		}
	case conversations:
		return []string{
			"text id", "text title", "text source.id", "text source.type", "text source.delivered_as", "text source.subject", "words source.body",
			"text source.author.id", "text source.author.type", "text source.author.name", "text source.author.email", "text source.url",
			"text contact_ids contacts.contacts.*.id", "text teammate_ids teammates.admins.*.id", "integer admin_assignee_id",
			"integer team_assignee_id", "boolean open", "boolean read", "text state", "text priority", "date waiting_since", "date snoozed_until",
			"tag tag_ids tags.tags.*.id", "boolean ai_agent_participated", "integer statistics.time_to_assignment",
			"integer statistics.time_to_admin_reply", "date statistics.first_contact_reply_at", "date statistics.first_close_at",
			"date statistics.last_close_at", "integer statistics.count_conversation_parts", "integer conversation_rating.score conversation_rating.rating",
		}
	case tickets:
		return []string{
			"text id", "text title ticket_attributes._default_title_", "text description ticket_attributes._default_description_", "text category",
			"text ticket_type_id ticket_type.id", "text contact_ids contacts.contacts.*.id", "text admin_assignee_id", "text team_assignee_id",
			"boolean open", "text state ticket_state", "date snoozed_until",
		}
	}
	return nil
}

// candidate is an object that a search looks at, rendered at most once.
type candidate struct {
	object *object
	render func(*object) []byte
	doc    map[string]any
}

// values returns what stands at the field: none, one, or several in a list.
func (c *candidate) values(f field) []any {
	if f.row != nil {
		return []any{f.row(c.object)}
	}
	if c.doc == nil {
		dec := json.NewDecoder(bytes.NewReader(c.render(c.object)))
		dec.UseNumber()
		if dec.Decode(&c.doc) != nil {
			return nil
		}
	}
	names := strings.Split(f.path, ".")
	if names[0] == "custom_attributes" {
		names = []string{names[0], strings.Join(names[1:], ".")}
	}
	return dig(c.doc, names)
}

func dig(v any, names []string) []any {
	if v == nil {
		return nil
	}
	if len(names) == 0 {
		if n, ok := v.(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				return []any{i}
			}
		}
		return []any{v}
	}
	switch t := v.(type) {
	case map[string]any:
		return dig(t[names[0]], names[1:])
	case []any:
		var out []any
		for _, item := range t {
			out = append(out, dig(item, names[1:])...)
		}
		return out
	}
	return nil
}
