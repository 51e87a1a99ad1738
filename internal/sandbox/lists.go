package sandbox

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// me serves GET /me.
func (a *API) me(*call) ([]byte, *apiError) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	who := a.data.adminPerson(0)
	doc, err := encode(map[string]any{
		"type": "admin", "id": strconv.FormatInt(adminID(0), 10), "name": who.name, "email": who.email, "email_verified": true,
		"has_inbox_seat": true, "app": map[string]any{
			"type": "app", "id_code": a.data.app, "name": "Headwater sample workspace", "region": "US",
			"timezone": a.cfg.Location.String(), "created_at": a.data.start - span, "identity_verification": false,
		},
	})
	if err != nil {
		return nil, errorf(http.StatusInternalServerError, "server_error", "%v", err)
	}
	return doc, nil
}

// plainList serves the listings that come in one answer: admins, tags, teams, segments.
func (a *API) plainList(c *call) ([]byte, *apiError) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	query := c.http.URL.Query()
	var items [][]byte
	for _, o := range a.data.all[c.resource].order {
		doc := a.data.render(c.resource, o)
		switch {
		case c.resource == segments && query.Get("include_count") == "true":
			doc = append(doc[:len(doc)-1:len(doc)-1], `,"count":`+strconv.Itoa(a.data.dice("count", o.n).below(300))+"}"...)
		case c.resource == admins && query.Get("display_avatar") == "true":
			doc = append(doc[:len(doc)-1:len(doc)-1], `,"avatar":{"type":"avatar","image_url":"https://static.example.com/admins/`+o.id+`.png"}}`...)
		}
		items = append(items, doc)
	}
	kind, name := c.resource[:len(c.resource)-1]+".list", c.resource
	if c.resource == tags {
		kind, name = "list", "data"
	}
	return listBody(kind, name, items), nil
}

// attributeList serves GET /data_attributes?model=.
func (a *API) attributeList(c *call) ([]byte, *apiError) {
	query := c.http.URL.Query()
	if c.resource != companyAttributes && c.resource != contactAttributes {
		return nil, &apiError{http.StatusUnprocessableEntity, "parameter_invalid", "model must be contact or company", "model"}
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	var items [][]byte
	for _, o := range a.data.all[c.resource].order {
		if !o.archived || query.Get("include_archived") == "true" {
			items = append(items, a.data.render(c.resource, o))
		}
	}
	return listBody("list", "data", items), nil
}

// segmentsOfCompany serves GET /companies/{id}/segments. The records do not name the company.
func (a *API) segmentsOfCompany(c *call) ([]byte, *apiError) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	company := a.data.all[companies].byID[c.id]
	if company == nil {
		return nil, errorf(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	var items [][]byte
	for _, s := range a.data.segmentsOf(company) {
		items = append(items, a.data.render(segments, s))
	}
	return listBody("list", "data", items), nil
}

// conversationByID serves GET /conversations/{id}: the conversation with its newest parts, oldest first.
func (a *API) conversationByID(c *call) ([]byte, *apiError) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	o := a.data.all[conversations].byID[c.id]
	if o == nil {
		return nil, errorf(http.StatusNotFound, "not_found", "Resource Not Found")
	}
	var parts [][]byte
	for _, p := range newest(o.parts) {
		parts = append(parts, a.data.renderPart(o, p))
	}
	page := listBody("conversation_part.list", conversationParts, parts, `"total_count":`+strconv.Itoa(len(o.parts)))
	doc := slices.Clip(bytes.TrimSuffix(a.data.render(conversations, o), []byte("}")))
	doc = append(append(append(doc, `,"conversation_parts":`...), page...), '}')
	if c.http.URL.Query().Get("display_as") == "plaintext" {
		doc = regexp.MustCompile(`<[^>]*>`).ReplaceAll(doc, nil)
	}
	return doc, nil
}
