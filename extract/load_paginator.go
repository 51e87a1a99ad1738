package extract

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var (
	pagingSoon = []string{"auto", "page_number", "offset", "header_cursor", "json_response", "header_link", "custom"}
	pagingOwn  = map[string][]string{
		"single_page": {},
		"cursor":      {"cursor_path", "cursor_param", "cursor_body_path"},
		"json_link":   {"next_url_path", "next_params", "shifting"},
		"scroll":      {"cursor_path", "cursor_param", "busy_code"},
	}
)

// pagingWords are the types that are supported.
func pagingWords() []string {
	return slices.DeleteFunc(words[paginatorWords]().choices("type"), func(w string) bool { return contains(pagingSoon, w) })
}

// loadPaginator reads how to get to the next page. It is taken whole, from the resource or from the defaults: half of one
// and half of another would be neither.
func (l *loader) loadPaginator(p *pending, endpoint *section) {
	n := endpoint.node("paginator")
	if n == nil {
		return // single page
	}
	at := n
	var s *section
	kind := ""
	if _, ok := textOf(n); ok { // paginator: single_page
		s = &section{r: l.yamlReader, what: "paginator", at: n}
		kind = endpoint.word("paginator", pagingWords(), pagingSoon)
	} else {
		s = l.section(n, "paginator", nil, words[paginatorWords]())
		if s.node("type") == nil {
			l.mistake(at, "paginator has no type (supported: %s)", strings.Join(pagingWords(), ", "))
			return
		}
		kind = s.choice("type", pagingSoon...)
	}
	l.checkPaginatorFields(s, kind)
	pages := &p.resource.request.pages
	*pages = paginatorSpec{param: s.text("cursor_param"), bodyPath: s.path("cursor_body_path"),
		shifting: s.bool("shifting"), busyCode: s.text("busy_code")}
	pages.linkParams, _ = s.names("next_params")
	switch kind {
	case "cursor":
		pages.kind, pages.next = pagingCursor, s.path("cursor_path")
	case "json_link":
		pages.kind, pages.next = pagingLink, s.path("next_url_path")
	case "scroll":
		pages.kind, pages.next = pagingScroll, s.path("cursor_path")
	}
	l.checkPaginator(p, at)
}

func (l *loader) checkPaginatorFields(s *section, kind string) {
	for _, field := range s.order {
		if field == "type" {
			continue
		}
		if !(vocabulary{known: pagingOwn[kind]}).allows(field) {
			l.mistake(s.values[field].Key, "paginator of type %s has no field %q", kind, field)
		}
	}
}

func (l *loader) checkPaginator(p *pending, at ast.Node) {
	pages, spec := &p.resource.request.pages, &p.resource.request
	switch pages.kind {
	case pagingLink:
		if pages.next == nil {
			l.mistake(at, "paginator of type json_link has no next_url_path")
		}
	case pagingCursor, pagingScroll:
		if pages.next == nil {
			l.mistake(at, "paginator has no cursor_path: where the answer holds the next page's token")
		}
		if (pages.param == "") == (pages.bodyPath == nil) {
			l.mistake(at, "paginator wants cursor_param or cursor_body_path: where the next request carries the token")
		}
		if pages.bodyPath == nil {
			return
		}
		if spec.body == nil {
			l.mistake(at, "cursor_body_path wants a body")
		} else if err := spec.body.insertToken(pages.bodyPath); err != nil {
			l.mistake(at, "cursor_body_path: %v", err)
		}
	}
}
