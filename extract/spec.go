package extract

import (
	"strconv"
	"strings"
	"time"
)

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
	pagingSingle     paging = iota // one response holds everything
	pagingAuto                     // each answer shows how it goes on, or that it does not
	pagingCursor                   // the answer holds a token for the next request
	pagingHeader                   // so does a header of it
	pagingLink                     // the answer holds the next URL
	pagingHeaderLink               // so does its Link header
	pagingPage                     // pages have numbers
	pagingOffset                   // so have records
	pagingScroll                   // the server keeps the place; any failure loses it
)

// paginatorSpec is a resource's way from page to page.
type paginatorSpec struct {
	kind       paging
	next       []string  // path of the token or URL in the answer; nil for cursor: found by its name
	header     string    // header_cursor: the header with the token; header_link: the link's relation
	param      string    // query parameter that carries the token
	bodyPath   []string  // or the place in the body
	linkParams []string  // members of a next that is an object, sent as query parameters
	rewrite    bool      // a link to another host is asked of the base URL
	first      int       // page_number: first page asked for; offset: first record
	base       int       // page_number: number of the API's first page
	maximum    int       // page_number: pages that the API shows; offset: records; 0: all
	total      []string  // path of the number of pages (page_number) or records (offset)
	more       []string  // path of whether there is another page
	stop       *template // true: this was the last page; nil: no such condition
	stopEmpty  bool      // an empty page is the last
	shifting   bool      // rows that come or go move the others from page to page
	still      bool      // the source file says that they do not
	busyCode   string    // error code for "somebody else's scroll is open"
}

// numbered says that tokens are numbers that we count ourselves: the API cannot refuse one as expired.
func (p *paginatorSpec) numbered() bool { return p.kind == pagingPage || p.kind == pagingOffset }

// links says that a token is the path and query of the next page.
func (p *paginatorSpec) links(token string) bool {
	switch p.kind {
	case pagingLink, pagingHeaderLink, pagingAuto:
		return strings.HasPrefix(token, "/")
	case pagingCursor:
		return p.next == nil && strings.HasPrefix(token, "/")
	default:
		return false
	}
}

// mark begins tokens that are found by name, so that none passes for a path.
func (p *paginatorSpec) mark() string {
	if p.kind == pagingCursor && p.next == nil {
		return "="
	}
	return ""
}

// value is what a request carries for a page token; "" where it carries none.
func (p *paginatorSpec) value(token string) string {
	switch {
	case p.numbered() && token == "":
		return strconv.Itoa(p.first)
	case p.links(token):
		return ""
	default:
		return strings.TrimPrefix(token, p.mark())
	}
}
