package extract

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/headwater-stream/headwater/extract/expr"
)

var (
	pagingEnd  = []string{"stop_condition", "has_more_path"}
	pagingSize = []string{"page_size", "page_size_param", "page_size_body_path"}

	// pagingOwn are the fields of each type.
	pagingOwn = map[string][]string{
		"single_page":   {},
		"auto":          {},
		"cursor":        slices.Concat([]string{"cursor_path", "cursor_param", "cursor_body_path", "stop_after_empty_page", "shifting"}, pagingEnd, pagingSize),
		"header_cursor": slices.Concat([]string{"cursor_key", "cursor_param", "stop_after_empty_page"}, pagingEnd, pagingSize),
		"json_link":     slices.Concat([]string{"next_url_path", "next_params", "other_host", "shifting"}, pagingEnd, pagingSize),
		"header_link":   slices.Concat([]string{"links_next_key", "other_host", "shifting"}, pagingEnd, pagingSize),
		"page_number": slices.Concat([]string{"base_page", "page", "page_param", "page_body_path", "total_path", "maximum_page", "stop_after_empty_page",
			"shifting"}, pagingEnd, pagingSize),
		"offset": slices.Concat([]string{"limit", "offset", "offset_param", "offset_body_path", "limit_param", "limit_body_path", "total_path",
			"maximum_offset", "stop_after_empty_page", "shifting"}, pagingEnd),
		"scroll": slices.Concat([]string{"cursor_path", "cursor_param", "busy_code"}, pagingSize),
	}
	// pagingNames are other names that the reference has for a type. Its custom paginator is a class of somebody's own; what it can be
	// told in a file is where a scroll keeps its token.
	pagingNames = map[string]string{"json_response": "json_link", "custom": "scroll"}
)

// loadPaginator reads how to get to the next page. It is taken whole, from the resource, the defaults or the client: half of one
// and half of another would be neither.
func (l *loader) loadPaginator(p *pending, endpoint *section) {
	n := endpoint.node("paginator")
	if n == nil && l.client != nil {
		n = l.client.node("paginator")
	}
	pages := &p.resource.request.pages
	if n == nil {
		pages.kind = pagingAuto
		return
	}
	s, kind := l.paginatorSection(n)
	if kind == "" {
		return
	}
	l.checkPaginatorFields(s, kind)
	switch kind {
	case "cursor", "header_cursor", "scroll":
		l.loadTokens(s, kind, pages)
	case "json_link", "header_link":
		l.loadLinks(s, kind, pages)
	case "page_number":
		l.loadPageNumbers(s, pages)
	case "offset":
		l.loadOffsets(p, s, pages)
	case "auto":
		pages.kind = pagingAuto
	}
	pages.more = s.path("has_more_path")
	if n := s.node("stop_condition"); n != nil {
		pages.stop = l.condition(n, "stop_condition", stopScope)
	}
	l.loadPageSize(p, s)
	l.loadTokenPlace(p, s)
}

// paginatorSection reads the short form, a type alone, and the long one. Without a type that is known it returns "".
func (l *loader) paginatorSection(n ast.Node) (s *section, kind string) {
	if _, short := textOf(n); short {
		s = &section{r: l.yamlReader, what: "paginator", at: n, vocabulary: words[paginatorWords](),
			values: map[string]*ast.MappingValueNode{"type": {Value: n}}, order: []string{"type"}}
	} else if s = l.section(n, "paginator", nil, words[paginatorWords]()); s.node("type") == nil {
		l.mistake(n, "paginator has no type")
		return s, ""
	}
	before := len(l.mistakes)
	kind = s.choice("type")
	if other, ok := pagingNames[kind]; ok {
		kind = other
	}
	if len(l.mistakes) > before {
		kind = ""
	}
	return s, kind
}

func (l *loader) checkPaginatorFields(s *section, kind string) {
	for _, field := range s.order {
		if field != "type" && !(vocabulary{known: pagingOwn[kind]}).allows(field) {
			own := pagingOwn[kind]
			if len(own) == 0 {
				own = []string{"none"}
			}
			l.mistake(s.values[field].Key, "paginator of type %s has no field %q (its fields: %s)", s.text("type"), field, strings.Join(own, ", "))
		}
	}
}

func (l *loader) loadTokens(s *section, kind string, pages *paginatorSpec) {
	pages.param, pages.bodyPath = s.text("cursor_param"), s.path("cursor_body_path")
	if pages.param == "" && pages.bodyPath == nil {
		pages.param = "cursor"
	}
	pages.next, pages.busyCode, pages.stopEmpty = s.path("cursor_path"), s.text("busy_code"), s.bool("stop_after_empty_page")
	pages.shifting = s.bool("shifting")
	switch kind {
	case "cursor":
		pages.kind = pagingCursor
	case "header_cursor":
		pages.kind = pagingHeader
		if pages.header = s.text("cursor_key"); pages.header == "" {
			pages.header = "next"
		}
	default:
		pages.kind = pagingScroll
		if s.node("cursor_param") == nil {
			l.mistake(s.at, "paginator of type %s has no cursor_param: the parameter that carries the scroll's token", s.text("type"))
		}
		if pages.next == nil {
			pages.next = []string{pages.param}
		}
	}
}

func (l *loader) loadLinks(s *section, kind string, pages *paginatorSpec) {
	pages.shifting, pages.rewrite = s.bool("shifting"), s.choice("other_host") == "rewrite"
	pages.still = s.node("shifting") != nil && !pages.shifting
	if kind == "header_link" {
		pages.kind = pagingHeaderLink
		if pages.header = s.text("links_next_key"); pages.header == "" {
			pages.header = "next"
		}
		return
	}
	pages.kind = pagingLink
	if pages.next = s.path("next_url_path"); s.node("next_url_path") == nil {
		pages.next = []string{"next"}
	}
	pages.linkParams, _ = s.names("next_params")
}

func (l *loader) loadPageNumbers(s *section, pages *paginatorSpec) {
	pages.kind = pagingPage
	pages.base, pages.maximum = s.count("base_page"), s.count("maximum_page")
	if pages.first = pages.base; s.node("page") != nil {
		pages.first = s.count("page")
	}
	if pages.first < pages.base {
		l.mistake(s.node("page"), "page: the first page is %d, by base_page", pages.base)
	}
	l.loadNumbers(s, pages, "page_param", "page_body_path", "page")
}

func (l *loader) loadOffsets(p *pending, s *section, pages *paginatorSpec) {
	pages.kind = pagingOffset
	pages.first, pages.maximum = s.count("offset"), s.count("maximum_offset")
	l.loadNumbers(s, pages, "offset_param", "offset_body_path", "offset")
	limit := s.count("limit")
	if limit == 0 {
		l.mistake(s.at, "paginator of type offset has no limit: how many records a page may hold")
	}
	param := s.text("limit_param")
	if param == "" && s.node("limit_body_path") == nil {
		param = "limit"
	}
	l.sendNumber(p, s, "limit", limit, param, "limit_body_path")
}

func (l *loader) loadNumbers(s *section, pages *paginatorSpec, paramField, bodyField, param string) {
	if pages.param, pages.bodyPath = s.text(paramField), s.path(bodyField); pages.param == "" && pages.bodyPath == nil {
		pages.param = param
	}
	pages.total = s.path("total_path")
	pages.stopEmpty = s.node("stop_after_empty_page") == nil || s.bool("stop_after_empty_page")
	pages.shifting = s.node("shifting") == nil || s.bool("shifting")
	if !pages.stopEmpty && pages.total == nil && pages.maximum == 0 && s.node("has_more_path") == nil && s.node("stop_condition") == nil {
		l.mistake(s.node("stop_after_empty_page"), "nothing would end the listing: want total_path, has_more_path, stop_condition or an empty page")
	}
}

// loadPageSize sends page_size where the file names a place for it; without one it only tells what the API does by itself.
func (l *loader) loadPageSize(p *pending, s *section) {
	size := s.count("page_size")
	for _, field := range []string{"page_size_param", "page_size_body_path"} {
		if n := s.node(field); n != nil && size == 0 {
			l.mistake(n, "%s: there is no page_size to send", field)
			return
		}
	}
	l.sendNumber(p, s, "page_size", size, s.text("page_size_param"), "page_size_body_path")
}

// sendNumber adds a fixed number to the request: as a query parameter, or in the body.
func (l *loader) sendNumber(p *pending, s *section, field string, value int, param, bodyField string) {
	spec, text := &p.resource.request, strconv.Itoa(value)
	if value == 0 {
		return
	}
	if param != "" {
		if slices.ContainsFunc(spec.params, func(t namedTemplate) bool { return t.name == param }) {
			l.mistake(s.node(field), "%s: parameter %q is under params already", field, param)
			return
		}
		if t, err := expr.Parse(text, expr.Scope{}); err == nil { // a number is a text without expressions
			spec.params = append(spec.params, namedTemplate{name: param, value: &template{t}})
		}
	}
	if path := s.path(bodyField); path != nil {
		l.insert(p, s.node(bodyField), bodyField, path, &bodyNode{literal: json.RawMessage(text)})
	}
}

// loadTokenPlace makes the token's place in the body.
func (l *loader) loadTokenPlace(p *pending, s *section) {
	pages := &p.resource.request.pages
	for _, field := range []string{"cursor_body_path", "page_body_path", "offset_body_path"} {
		if n := s.node(field); n != nil && pages.bodyPath != nil {
			l.insert(p, n, field, pages.bodyPath, &bodyNode{token: true, number: pages.numbered()})
		}
	}
}

func (l *loader) insert(p *pending, at ast.Node, field string, path []string, node *bodyNode) {
	if body := p.resource.request.body; body == nil {
		l.mistake(at, "%s wants a body", field)
	} else if err := body.insert(path, node); err != nil {
		l.mistake(at, "%s: %v", field, err)
	}
}
