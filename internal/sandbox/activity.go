package sandbox

import (
	"fmt"
	"strconv"
)

// event is what an activity log tells. Those of the initial data are invented from their number.
type event struct {
	admin    int
	kind     string
	text     string // what the admin did, after the name
	metadata any    // may be nil: JSON's null
}

type activityLog struct {
	ID          string    `json:"id"`
	PerformedBy performer `json:"performed_by"`
	Metadata    any       `json:"metadata"`
	CreatedAt   int64     `json:"created_at"`
	Type        string    `json:"activity_type"`
	Description string    `json:"activity_description"`
}

type performer struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Email string `json:"email"`
	IP    string `json:"ip"`
}

func (w *workspace) activityLog(o *object) activityLog {
	e := o.about
	if e == nil {
		e = w.inventedEvent(o.n)
	}
	who := w.adminPerson(e.admin)
	return activityLog{
		ID: o.id, PerformedBy: performer{"admin", strconv.FormatInt(adminID(e.admin), 10), who.email, fmt.Sprintf("198.51.100.%d", 1+e.admin)},
		Metadata: e.metadata, CreatedAt: o.created, Type: e.kind, Description: who.name + " " + e.text + ".",
	}
}

func (w *workspace) inventedEvent(n int) *event {
	d := w.dice("event", n)
	e := &event{admin: w.someAdmin(d)}
	switch d.below(6) {
	case 0:
		e.kind, e.text = "admin_login_success", "logged in"
	case 1:
		title := pick(d, []string{"Welcome", "What's new in June", "Trial is ending", "Preise 2025"})
		e.kind, e.text = "message_state_change", "changed your "+title+" message from draft to live"
		e.metadata = map[string]any{"message": map[string]any{"id": 100 + d.below(40), "title": title}, "before": "draft", "after": "live"}
	case 2:
		k := d.below(w.initial[teams])
		e.kind, e.text = "app_team_membership_modification", "changed the members of "+teamNames()[k]
		e.metadata = map[string]any{"team": map[string]any{"id": teamID(k), "name": teamNames()[k], "member_count": 2 + d.below(4)}}
	case 3:
		e.kind, e.text = "admin_permission_change", "changed "+w.adminPerson(w.someAdmin(d)).name+"'s permissions"
		e.metadata = map[string]any{
			"before": map[string]any{"permissions": map[string]any{"export_data": false, "send_messages": true}, "conversation_access": map[string]any{}},
			"after":  map[string]any{"permissions": map[string]any{"export_data": true, "send_messages": true}, "conversation_access": map[string]any{"access_type": "all", "assignee_blocked_list": nil, "include_unassigned": d.chance(50)}},
		}
	case 4:
		e.kind, e.text = "app_data_export", "exported data"
		e.metadata = map[string]any{"export_id": strconv.Itoa(5000 + d.below(999)), "rows": d.below(100000)}
	default:
		e.kind, e.text = "admin_away_mode_change", "turned away mode "+pick(d, []string{"on", "off"})
		e.metadata = map[string]any{"away_mode": d.chance(50), "update_by": "admin"}
	}
	return e
}

// uuid makes the id of an activity log.
func (w *workspace) uuid(kind string, n int) string {
	d := w.dice(kind, n)
	a, b := d.roll(), d.roll()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a>>32), uint16(a>>16), a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}
