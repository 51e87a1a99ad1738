package sandbox

import "strconv"

type company struct {
	Type             string         `json:"type"`
	CompanyID        string         `json:"company_id"`
	ID               string         `json:"id"`
	AppID            string         `json:"app_id"`
	Name             string         `json:"name"`
	RemoteCreatedAt  *int64         `json:"remote_created_at,omitempty"`
	CreatedAt        int64          `json:"created_at"`
	UpdatedAt        int64          `json:"updated_at"`
	LastRequestAt    *int64         `json:"last_request_at,omitempty"`
	MonthlySpend     any            `json:"monthly_spend"`
	SessionCount     int            `json:"session_count"`
	UserCount        int            `json:"user_count"`
	Size             *int           `json:"size,omitempty"`
	Website          *string        `json:"website,omitempty"`
	Industry         *string        `json:"industry,omitempty"`
	Tags             tagList        `json:"tags"`
	Segments         segmentList    `json:"segments"`
	Plan             map[string]any `json:"plan"`
	CustomAttributes map[string]any `json:"custom_attributes"`
}

type segmentList struct {
	Type     string `json:"type"`
	Segments []any  `json:"segments"`
}

// companyBorn returns when one of the initial companies was created.
func (w *workspace) companyBorn(n int) int64 {
	return w.start - span + w.dice("company born", n).between(0, span-2*day)
}

// companyID returns the id of one of the initial companies.
func (w *workspace) companyID(n int) string { return w.hexID(w.companyBorn(n), "company", n) }

// company renders company o. Its nested segments stay empty: a change of membership leaves no trace in the company,
// it shows in /companies/{id}/segments alone.
func (w *workspace) company(o *object) company {
	d := w.dice("company", o.n)
	c := company{
		Type: "company", CompanyID: "acct-" + strconv.Itoa(1000+o.n), ID: o.id, AppID: w.app, Name: w.companyName(o.n),
		RemoteCreatedAt: maybe(d, 70, o.created-d.between(0, 900*day)), CreatedAt: o.created, UpdatedAt: o.updated,
		LastRequestAt: maybe(d, 70, o.updated), MonthlySpend: pick(d, []any{0, 0, 100, 155.5, 1200, 49.9}),
		SessionCount: d.below(5000) + o.edits, UserCount: d.below(40), Size: maybe(d, 60, 3+d.below(900)),
		Website: maybe(d, 70, "https://www."+w.companyDomain(o.n)), Industry: maybe(d, 70, pick(d, industries())),
		Tags: tagList{"tag.list", []appliedTag{}}, Segments: segmentList{"segment.list", []any{}},
		Plan: map[string]any{}, CustomAttributes: map[string]any{},
	}
	if d.chance(50) {
		level := d.below(3)
		c.Plan = map[string]any{"type": "plan", "id": strconv.Itoa(level + 1), "name": []string{"Free", "Team", "Business"}[level]}
	}
	if d.chance(25) {
		c.Tags.Tags = append(c.Tags.Tags, w.applied(d.below(w.initial[tags]), o.created))
	}
	if d.chance(60) {
		c.CustomAttributes["creation_source"] = pick(d, []string{"api", "import", "ui"})
	}
	if d.chance(40) {
		c.CustomAttributes["Paid/Trial"] = pick(d, []any{"paid", "trial", true, nil})
	}
	if d.chance(30) {
		c.CustomAttributes["Discount %"] = pick(d, []any{10, 12.5, "15", 0})
	}
	if d.chance(10) {
		c.CustomAttributes["renewal"] = int64(farFuture)
	}
	return c
}
