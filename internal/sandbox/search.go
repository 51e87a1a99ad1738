package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

const (
	maxPerPage    = 150
	maxSearchBody = 1 << 20
)

type searchRequest struct {
	Query      json.RawMessage `json:"query"`
	Pagination struct {
		PerPage       *int    `json:"per_page"`
		StartingAfter *string `json:"starting_after"`
	} `json:"pagination"`
	Sort *struct {
		Field string `json:"field"`
		Order string `json:"order"`
	} `json:"sort"`
}

// ordering is how the results of a search are sorted: by a number, then by id.
type ordering struct {
	field      field
	name       string
	descending bool
}

func (o ordering) String() string {
	if o.descending {
		return o.name + " descending"
	}
	return o.name + " ascending"
}

// hit is a record that a search found.
type hit struct {
	object *object
	value  int64 // what it is sorted by
}

// search serves POST /contacts|conversations|tickets/search.
func (a *API) search(c *call) ([]byte, *apiError) {
	var req searchRequest
	body, err := io.ReadAll(io.LimitReader(c.http.Body, maxSearchBody))
	if err != nil || json.Unmarshal(body, &req) != nil {
		return nil, errorf(http.StatusBadRequest, "bad_request", "bad 'application/json' body")
	}
	if len(req.Query) == 0 || string(req.Query) == "null" {
		return nil, &apiError{http.StatusBadRequest, "parameter_missing", "query is required", "query"}
	}
	size, refusal := perPage(c.resource, req.Pagination.PerPage)
	if refusal != nil {
		return nil, refusal
	}
	order, refusal := sortOf(c, req)
	if refusal != nil {
		return nil, refusal
	}
	fits, refusal := compiler{c.resource, a.cfg.Location}.compile(req.Query, 0)
	if refusal != nil {
		return nil, refusal
	}
	from := cursor{page: 1}
	if after := req.Pagination.StartingAfter; after != nil && !atFirst(*after) {
		if from, refusal = parseCursor(without(*after), order.String()); refusal != nil {
			return nil, refusal
		}
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	hits := a.find(c, fits, updatedBetween(req.Query), order)
	return a.resultPage(c.resource, hits, order, from, size), nil
}

func perPage(resource string, asked *int) (int, *apiError) {
	switch {
	case asked == nil && resource == contacts:
		return 50, nil
	case asked == nil:
		return 20, nil
	case *asked > maxPerPage:
		return 0, &apiError{http.StatusBadRequest, "parameter_invalid", "Per Page is too big", "per_page"}
	case *asked < 1:
		return 0, &apiError{http.StatusBadRequest, "parameter_invalid", "Per Page is too small", "per_page"}
	}
	return *asked, nil
}

// sortOf reads the sort. "asc" and "desc" are understood by old versions only, and for contacts.
func sortOf(c *call, req searchRequest) (ordering, *apiError) {
	if req.Sort == nil {
		f, _ := fieldOf(c.resource, "updated_at")
		return ordering{f, "updated_at", true}, nil
	}
	f, ok := fieldOf(c.resource, req.Sort.Field)
	if !ok || (f.kind != dateField && f.kind != integerField) {
		return ordering{}, &apiError{http.StatusBadRequest, "parameter_invalid", fmt.Sprintf("Sorting by '%s' is not supported", req.Sort.Field), "sort"}
	}
	o := ordering{field: f, name: req.Sort.Field}
	short := c.resource == contacts && !slices.Contains([]string{"2.16", "2.17", "Preview"}, c.version)
	switch {
	case req.Sort.Order == "ascending", short && req.Sort.Order == "asc":
	case req.Sort.Order == "descending", req.Sort.Order == "", short && req.Sort.Order == "desc":
		o.descending = true
	default:
		return ordering{}, &apiError{http.StatusBadRequest, "invalid_sort_order", fmt.Sprintf("Invalid sort order '%s'. Must be one of: ascending, descending", req.Sort.Order), "sort"}
	}
	return o, nil
}
