package sandbox

import (
	"fmt"
	"strconv"
)

type admin struct {
	Type              string           `json:"type"`
	ID                string           `json:"id"`
	Name              string           `json:"name"`
	Email             string           `json:"email"`
	JobTitle          *string          `json:"job_title,omitempty"`
	AwayModeEnabled   bool             `json:"away_mode_enabled"`
	AwayModeReassign  bool             `json:"away_mode_reassign"`
	HasInboxSeat      bool             `json:"has_inbox_seat"`
	TeamIDs           []int64          `json:"team_ids"`
	TeamPriorityLevel map[string][]int `json:"team_priority_level"`
}

// admin renders admin o. Every change turns its away mode on or off.
func (w *workspace) admin(o *object) admin {
	d, who := w.dice("admin shape", o.n), w.adminPerson(o.n)
	a := admin{
		Type: "admin", ID: o.id, Name: who.name, Email: who.email, JobTitle: maybe(d, 80, pick(d, jobTitles())),
		AwayModeEnabled: d.chance(20) != (o.edits%2 == 1), HasInboxSeat: d.chance(85),
		TeamIDs: []int64{teamID(o.n % w.initial[teams])}, TeamPriorityLevel: map[string][]int{},
	}
	a.AwayModeReassign = a.AwayModeEnabled && d.chance(50)
	if d.chance(30) {
		a.TeamPriorityLevel["primary_team_ids"] = []int{int(a.TeamIDs[0])}
	}
	return a
}

type team struct {
	Type     string  `json:"type"`
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	AdminIDs []int64 `json:"admin_ids"`
}

func teamID(n int) int64 { return 5077733 + int64(n)*11 }

// team renders team o. Every change adds or removes its last member.
func (w *workspace) team(o *object) team {
	t := team{Type: "team", ID: o.id, Name: teamNames()[o.n%len(teamNames())], AdminIDs: []int64{}}
	for n := range w.initial[admins] {
		if n%w.initial[teams] == o.n%w.initial[teams] {
			t.AdminIDs = append(t.AdminIDs, adminID(n))
		}
	}
	if o.edits%2 == 1 {
		t.AdminIDs = t.AdminIDs[:len(t.AdminIDs)-1]
	}
	return t
}

type tag struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

type tagList struct {
	Type string       `json:"type"`
	Tags []appliedTag `json:"tags"`
}

// appliedTag is a tag as it hangs on another record, with the name it had when the workspace began.
type appliedTag struct {
	Type      string       `json:"type"`
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	AppliedAt int64        `json:"applied_at"`
	AppliedBy appliedAdmin `json:"applied_by"`
}

type appliedAdmin struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func tagID(n int) string { return strconv.Itoa(7800216 + n*38) }

// tagName returns the name of tag n after some renamings.
func (w *workspace) tagName(n, edits int) string {
	names := tagNames()
	name := names[n%len(names)]
	if n >= len(names) {
		name = fmt.Sprintf("%s %d", name, n/len(names)+1)
	}
	if edits > 0 {
		name = fmt.Sprintf("%s (renamed %d×)", name, edits)
	}
	return name
}

func (w *workspace) applied(n int, at int64) appliedTag {
	return appliedTag{"tag", tagID(n), w.tagName(n, 0), at, appliedAdmin{"admin", strconv.FormatInt(adminID(n%w.initial[admins]), 10)}}
}

type segment struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreatedAt  int64  `json:"created_at"`
	UpdatedAt  *int64 `json:"updated_at,omitempty"` // optional: the oldest segments never had one
	PersonType string `json:"person_type"`
	Count      *int   `json:"count,omitempty"` // only where include_count=true asks for it
}

func (w *workspace) segment(o *object) segment {
	s := segment{Type: "segment", ID: o.id, Name: segmentNames()[o.n%len(segmentNames())], CreatedAt: o.created, PersonType: "user"}
	if o.n >= len(segmentNames()) {
		s.Name = fmt.Sprintf("%s %d", s.Name, o.n/len(segmentNames())+1)
	}
	if o.n != 0 || o.edits > 0 {
		s.UpdatedAt = ptr(o.updated)
	}
	if o.edits > 0 {
		s.Name = fmt.Sprintf("%s v%d", s.Name, o.edits+1)
	}
	return s
}
