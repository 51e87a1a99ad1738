package extract

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// elsewhere are words of the reference that a file cannot mean here.
var elsewhere = []string{"parallelized", "table_name", "max_table_nesting", "schema_contract", "merge_key", "table_format", "file_format",
	"references", "nested_hints", "data_from"}

// pending is a resource whose links to others are not made yet.
type pending struct {
	resource   *Resource
	section    *section
	fromParent []fromParent
	uses       map[placeholder]bool // placeholders its request takes
	broken     bool                 // the request has mistakes, and uses may lack something
}

// fromParent is one field of the parent that its children carry.
type fromParent struct{ field, parentField string }

func (l *loader) loadResources(s *section) {
	defaults := s.sub("resource_defaults", "resource_defaults", words[resourceWords](elsewhere...))
	list, ok := s.node("resources").(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		l.mistake(s.at, "the source has no list of resources")
		return
	}
	byName := map[string]*pending{}
	var all []*pending
	for _, n := range list.Values {
		p := l.loadResource(n, defaults)
		all = append(all, p)
		if _, twice := byName[p.resource.Name]; twice {
			l.mistake(p.section.node("name"), "resource %q is given twice", p.resource.Name)
			continue
		}
		byName[p.resource.Name] = p
		l.src.Resources = append(l.src.Resources, p.resource)
	}
	for _, p := range all {
		l.link(p, byName)
	}
	for _, p := range all {
		l.checkResource(p)
	}
}

func (l *loader) loadResource(n ast.Node, defaults *section) *pending {
	s := l.section(n, "a resource", defaults, words[resourceWords](elsewhere...))
	r := &Resource{Name: l.requiredName(s, "name")}
	if r.Name != "" {
		s.what = fmt.Sprintf("resource %q", r.Name)
	}
	p := &pending{resource: r, section: s, uses: map[placeholder]bool{}}
	r.Doc, r.Permission = s.text("description"), s.text("permission")
	s.word("write_disposition", []string{"merge"}, []string{"append", "replace", "skip"})
	r.Singleton, r.Drain, r.Consistent = s.bool("singleton"), s.bool("drain"), s.bool("consistent")
	r.ListingCap, r.PollInterval = s.count("listing_cap"), s.duration("poll_interval", 0)
	r.CursorPath = strings.Join(s.path("cursor_field"), ".")
	l.loadIncremental(p)
	l.loadDeletes(p)
	l.loadKey(p)
	r.Columns = l.loadColumns(s)
	before := len(l.mistakes)
	l.loadEndpoint(p)
	p.broken = len(l.mistakes) > before
	return p
}

func (l *loader) loadIncremental(p *pending) {
	s := p.section.sub("incremental", "incremental", words[incrementalWords]("last_value_func", "convert", "on_cursor_value_missing"))
	if s == nil {
		return
	}
	inc := &Incremental{CursorPath: strings.Join(s.path("cursor_path"), ".")}
	if inc.CursorPath == "" {
		l.mistake(s.at, "incremental has no cursor_path")
	}
	inc.CursorFormat = s.choice("cursor_format", "unix_ms", "date")
	inc.RowOrder = orderNamed(s.choice("row_order"))
	inc.LiveRowOrder = inc.RowOrder
	if s.node("live_row_order") != nil {
		inc.LiveRowOrder = orderNamed(s.choice("live_row_order"))
	}
	inc.orderWords = map[Order]string{OrderAsc: "asc", OrderDesc: "desc"}
	if words := s.sub("row_order_words", "row_order_words", vocabulary{known: []string{"asc", "desc"}}); words != nil {
		for _, field := range words.fields() {
			inc.orderWords[orderNamed(field)] = words.text(field)
		}
	}
	inc.QueryMargin = s.duration("query_margin", 0)
	inc.Lookback = s.duration("lookback", 5*time.Minute)
	inc.MinWindow = s.duration("min_window", 0)
	l.loadInitial(s, inc)
	p.resource.Incremental = inc
	if p.resource.CursorPath != "" {
		l.mistake(p.section.node("cursor_field"), "cursor_field and incremental exclude each other: incremental has its cursor_path")
	}
	p.resource.CursorPath = inc.CursorPath
}

// loadInitial reads where everything begins: a setting of type datetime, or a time.
func (l *loader) loadInitial(s *section, inc *Incremental) {
	if inc.initial = l.template(s, "initial_value", l.settingsOnly); inc.initial == nil {
		return
	}
	if p := inc.initial.lone(); p != nil {
		for _, setting := range l.src.Settings {
			if setting.Name == p.field && setting.Type != SettingDatetime {
				l.mistake(s.node("initial_value"), "initial_value: setting %q is not of type datetime", p.field)
			}
		}
		return
	}
	if _, err := parseDatetime(s.text("initial_value")); err != nil {
		l.mistake(s.node("initial_value"), "initial_value: want a setting such as {{ config.start_date }}, or a time such as 2026-01-31T08:00:00Z")
	}
}

func orderNamed(text string) Order {
	switch text {
	case "asc":
		return OrderAsc
	case "desc":
		return OrderDesc
	default:
		return OrderNone
	}
}

// loadDeletes reads how deletions show; without a word it follows from how the resource is read.
func (l *loader) loadDeletes(p *pending) {
	s, r := p.section, p.resource
	usual := "listing"
	switch {
	case s.node("parent") != nil:
		usual = "parent"
	case r.Incremental != nil:
		usual = "none"
	}
	words := []string{usual}
	for _, w := range []string{"listing", "parent", "none", "never"} {
		if w != usual {
			words = append(words, w)
		}
	}
	r.Deletes = map[string]Deletes{
		"listing": DeletesListing, "parent": DeletesParent, "none": DeletesNone, "never": DeletesNever,
	}[s.word("deletes", words, nil)]
	at := s.node("deletes")
	switch {
	case r.Deletes == DeletesListing && (r.Incremental != nil || s.node("parent") != nil):
		l.mistake(at, "deletes: listing is for resources that are read whole, not %s", map[bool]string{true: "incremental ones", false: "substreams"}[r.Incremental != nil])
	case r.Deletes == DeletesParent && s.node("parent") == nil:
		l.mistake(at, "deletes: parent is for resources that have a parent")
	}
	if s.node("parent") != nil {
		r.Refresh = RefreshParent
		if s.choice("refresh") == "listing" {
			r.Refresh = RefreshListing
		}
	} else if n := s.node("refresh"); n != nil {
		l.mistake(n, "refresh is for resources that have a parent")
	}
}

func (l *loader) loadKey(p *pending) {
	s, r := p.section, p.resource
	if from := s.sub("include_from_parent", "include_from_parent", vocabulary{any: true}); from != nil {
		for _, field := range from.fields() {
			p.fromParent = append(p.fromParent, fromParent{field, from.text(field)})
		}
	}
	names, at := s.names("primary_key")
	if len(names) == 0 {
		l.mistake(s.at, "%s has no primary_key", s.what)
	}
	own := false
	for i, name := range names {
		key := KeyField{Name: name}
		for _, f := range p.fromParent {
			key.FromParent = key.FromParent || f.field == name
		}
		for _, before := range r.Key {
			if before.Name == name {
				l.mistake(at[i], "primary_key names %q twice", name)
			}
		}
		if key.FromParent && own {
			l.mistake(at[i], "primary_key: the parent's fields come first")
		}
		own = own || !key.FromParent
		r.Key = append(r.Key, key)
	}
	if len(names) > 0 && !own {
		l.mistake(at[0], "primary_key has no field of the record's own")
	}
}

var (
	columnPath   = regexp.MustCompile(`^[^.\s]+(\.[^.\s]+)*$`)
	starsBesides = regexp.MustCompile(`\*\*[^.]|[^.]\*\*`)
)

// loadColumns reads the declared fields: the resource's own first, then those of the defaults that it does not declare
// itself. Where two patterns match a field, the first counts.
func (l *loader) loadColumns(s *section) []Column {
	all := s.sub("columns", "columns", vocabulary{any: true})
	if all == nil {
		return nil
	}
	var columns []Column
	for _, path := range all.fields() {
		one := all.sub(path, fmt.Sprintf("column %q", path), words[columnWords]("name", "nullable", "primary_key", "merge_key", "precision", "scale", "timezone", "unique", "sort", "partition"))
		if one == nil {
			continue
		}
		if !columnPath.MatchString(path) || starsBesides.MatchString(path) {
			l.mistake(one.at, "column %q: want names joined with dots; * within a name, ** for any number of names", path)
		}
		if one.node("data_type") == nil {
			l.mistake(one.at, "column %q has no data_type", path)
			continue
		}
		columns = append(columns, Column{Path: path, Type: one.choice("data_type", "decimal", "binary", "time", "wei", "complex"), Doc: one.text("description")})
	}
	return columns
}
