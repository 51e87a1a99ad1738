package extract

import "time"

// clientSpec is what all requests of a source have in common.
type clientSpec struct {
	baseURL *template
	headers []namedTemplate
	auth    *authSpec // nil: none
	rate    rateHeaders
	timeout time.Duration // of one request with its body; 0: requestTimeout
}

// rateHeaders names the response headers that tell the rate budget; "": the API has no such header.
type rateHeaders struct {
	limit     string // requests a period
	remaining string // requests left in it
	reset     string // its end
	fromNow   bool   // as seconds from now; otherwise Unix seconds
}

// namedTemplate is a header or a query parameter.
type namedTemplate struct {
	name   string
	value  *template
	secret bool // made of a secret setting
}

// requestSpec is how a resource is asked for and where its records are in the answer.
type requestSpec struct {
	method   string
	path     *template
	params   []namedTemplate
	auth     *authSpec       // in place of the client's; nil: that
	headers  []namedTemplate // before the client's
	body     *bodyNode       // JSON; nil: none
	form     []namedTemplate // in place of body; nil: none
	selector []string        // path of the array of records; empty: the answer is the array
	total    []string        // path of the number of records; empty: unknown
	actions  []action        // what unusual answers mean; the first that matches counts
	pages    paginatorSpec
}

// paging is a way to get from one page to the next.
type paging int

const (
	pagingSingle paging = iota // one response holds everything
	pagingCursor               // the answer holds a token for the next request
	pagingLink                 // the answer holds the next URL
	pagingScroll               // the server keeps the place; any failure loses it
)

// paginatorSpec is a resource's way from page to page.
type paginatorSpec struct {
	kind       paging
	next       []string // path of the token or URL in the answer
	param      string   // query parameter that carries the token
	bodyPath   []string // or the place in the body
	linkParams []string // members of a next that is an object, sent as query parameters
	shifting   bool     // rows that come or go move the others from page to page
	busyCode   string   // error code for "somebody else's scroll is open"
}
