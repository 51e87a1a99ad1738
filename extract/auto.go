package extract

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The paginator auto looks at each answer: a Link header, a link or a token in the body, page numbers, offsets. Where it finds
// nothing it ends the listing only if nothing in the answer says that there is more. Its tokens say themselves what they are: a path
// with a query, or name=value, a query parameter.

// autoLinks are where answers hold the next page's URL.
var autoLinks = [][]string{
	{"next"}, {"next_url"}, {"nextUrl"}, {"next_link"}, {"nextLink"}, {"@odata.nextLink"}, {"next_page_url"}, {"next_page"},
	{"links", "next"}, {"links", "next", "href"}, {"_links", "next"}, {"_links", "next", "href"}, {"pages", "next"}, {"paging", "next"},
	{"pagination", "next"}, {"pagination", "next_url"}, {"pagination", "next_link"}, {"meta", "next"}, {"meta", "next_url"}, {"meta", "next_page_url"},
	{"meta", "pagination", "links", "next"},
}

// autoTokens are where they hold its token, and the parameter that carries it.
var autoTokens = []struct {
	path  []string
	param string
}{
	{[]string{"cursors", "next"}, "cursor"},
	{[]string{"next_cursor"}, "cursor"},
	{[]string{"nextCursor"}, "cursor"},
	{[]string{"meta", "next_cursor"}, "cursor"},
	{[]string{"pagination", "next_cursor"}, "cursor"},
	{[]string{"response_metadata", "next_cursor"}, "cursor"},
	{[]string{"paging", "cursors", "after"}, "after"},
	{[]string{"nextPageToken"}, "pageToken"},
	{[]string{"next_page_token"}, "page_token"},
	{[]string{"next_page"}, "page"},
	{[]string{"meta", "next_page"}, "page"},
	{[]string{"pagination", "next_page"}, "page"},
	{[]string{"next_offset"}, "offset"},
}

// autoPlaces are where they hold numbers.
var autoPlaces = [][]string{nil, {"meta"}, {"pagination"}, {"paging"}, {"pages"}, {"page_info"}, {"meta", "pagination"}}

func (c *Client) autoNext(q *request, a *answer, doc *sheet, header http.Header) (string, error) {
	if token, err := c.headerLink(q, a, header, "next"); token != "" || err != nil {
		return token, err
	}
	for _, path := range autoLinks {
		v := doc.at(path...)
		if text := looseText(v); isLink(text) {
			return c.nextLink(q, a, v, strings.Join(path, "."))
		}
	}
	a.expect(doc, header)
	name, value := autoParam(q, a, doc)
	switch {
	case name == "":
		if where := saysMore(doc, q.resource.request.selector, header); where != "" {
			return "", c.autoFails(q, "the answer says that there are more pages ("+where+"), and paginator auto does not see how to get there")
		}
		return "", nil
	case q.method != http.MethodGet:
		return "", c.autoFails(q, "paginator auto does not know where a "+q.method+" carries "+name)
	}
	return url.QueryEscape(name) + "=" + url.QueryEscape(value), nil
}

func (c *Client) autoFails(q *request, what string) error {
	e := q.fail(KindProtocol, "%s", what)
	e.Hint = "name the paginator in the source file"
	return c.finish(e, q)
}

func isLink(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "?")
}

// autoParam returns the query parameter of the next page. Pages and offsets shift under rows that come and go.
func autoParam(q *request, a *answer, doc *sheet) (name, value string) {
	for _, t := range autoTokens {
		if text := looseText(doc.at(t.path...)); text != "" && text != "false" {
			a.shifting = a.shifting || t.param == "page" || t.param == "offset"
			return t.param, text
		}
	}
	for _, place := range autoPlaces {
		if page, ok := number(doc, place, "page", "current_page", "currentPage", "page_number"); ok {
			if last, ok := number(doc, place, "total_pages", "totalPages", "last_page", "page_count"); ok {
				if a.shifting = true; page < last {
					return "page", strconv.Itoa(page + 1)
				}
				return "", ""
			}
		}
		offset, hasOffset := number(doc, place, "offset")
		total, hasTotal := number(doc, place, "total", "total_count")
		if hasOffset && hasTotal {
			if a.shifting = true; offset+len(a.records) < total && len(a.records) > 0 {
				return "offset", strconv.Itoa(offset + len(a.records))
			}
			return "", ""
		}
	}
	return "", ""
}

// number returns the first of the names that is a number at a place.
func number(doc *sheet, place []string, names ...string) (int, bool) {
	for _, name := range names {
		v := doc.at(append(place[:len(place):len(place)], name)...)
		if n, err := strconv.Atoi(string(v)); err == nil && n >= 0 {
			return n, true
		}
	}
	return 0, false
}

// expect notes how many records there are where the answer tells and the source file does not say where.
func (a *answer) expect(doc *sheet, header http.Header) {
	for _, place := range autoPlaces {
		if total, ok := number(doc, place, "total", "total_count", "totalCount", "total_results", "totalElements"); ok && a.total < 0 {
			a.total = total
		}
	}
	_, ofRange, _ := strings.Cut(header.Get("Content-Range"), "/") // items 0-24/319
	for _, text := range []string{header.Get("X-Total-Count"), header.Get("X-Total"), ofRange} {
		if total, err := strconv.Atoi(text); err == nil && total >= 0 && a.total < 0 {
			a.total = total
		}
	}
}
