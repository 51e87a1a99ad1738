package extract

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// elsewhere are words of the reference that a file cannot mean here.
var elsewhere = []string{"parallelized", "table_name", "max_table_nesting", "merge_key", "table_format", "file_format",
	"references", "nested_hints", "data_from"}

// pending is a resource whose links to others are not made yet.
type pending struct {
	resource   *Resource
	section    *section
	endpoint   *section     // nil: there is none
	parents    []parentRef  // whose substream it is
	fromParent []fromParent // what its records carry of them

	taken       map[string]string    // expressions of parameters that are taken from a parent
	inPath      map[string]bool      // parameters that the path takes
	incremental *section             // nil: it is none
	uses        map[placeholder]bool // placeholders its request takes
	broken      bool                 // the request has mistakes, and uses may lack something
}

// substream reports whether the resource has a parent, be it a good one or not.
func (p *pending) substream() bool { return len(p.parents) > 0 }

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
		if _, twice := byName[p.resource.Name]; twice && p.resource.Name != "" { // without a name is told already
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
	s := l.resourceSection(n, defaults)
	r := &Resource{Name: l.requiredName(s, "name")}
	if r.Name != "" {
		s.what = fmt.Sprintf("resource %q", r.Name)
	}
	p := &pending{resource: r, section: s, uses: map[placeholder]bool{}, taken: map[string]string{}, inPath: map[string]bool{}}
	r.Doc, r.Permission = s.text("description"), s.text("permission")
	r.Selected = s.bool("selected") || s.node("selected") == nil
	r.Consistent = s.bool("consistent")
	r.ListingCap, r.PollInterval = s.count("listing_cap"), s.duration("poll_interval", 0)
	r.SweepInterval = s.pause("sweep_interval", defaultSweep)
	r.CursorPath = strings.Join(s.path("cursor_field"), ".")
	p.endpoint = l.endpointSection(s)
	l.loadParents(p)
	l.loadIncremental(p)
	l.loadDeletes(p)
	l.loadDisposition(p)
	l.loadKey(p)
	l.loadSteps(p)
	r.Columns = l.loadColumns(s)
	l.loadContract(p)
	before := len(l.mistakes)
	l.loadEndpoint(p)
	l.loadScroll(p)
	p.broken = len(l.mistakes) > before
	return p
}

// resourceSection reads a resource, or its short form: a name that is its path, too.
func (l *loader) resourceSection(n ast.Node, defaults *section) *section {
	if _, short := textOf(n); !short {
		return l.section(n, "a resource", defaults, words[resourceWords](elsewhere...))
	}
	return &section{r: l.yamlReader, what: "a resource", at: n, vocabulary: words[resourceWords](elsewhere...), base: defaults,
		values: map[string]*ast.MappingValueNode{"name": {Value: n}}, order: []string{"name"}}
}

// endpointSection reads endpoint, or its short form: the path.
func (l *loader) endpointSection(s *section) *section {
	v := words[endpointWords]("base_url")
	own := s.values["endpoint"]
	if own == nil {
		own = &ast.MappingValueNode{}
	}
	if _, short := textOf(own.Value); !short {
		if e := s.sub("endpoint", "endpoint", v); e != nil {
			return e
		}
		return &section{r: l.yamlReader, what: "endpoint", at: s.at, vocabulary: v}
	}
	e := &section{r: l.yamlReader, what: "endpoint", at: own.Value, vocabulary: v,
		values: map[string]*ast.MappingValueNode{"path": {Value: own.Value}}, order: []string{"path"}}
	if s.base != nil {
		e.base = s.base.sub("endpoint", "endpoint", v)
	}
	return e
}

// loadScroll reads what belongs to a scroll: a server keeps one place for it, and not for long.
func (l *loader) loadScroll(p *pending) {
	s, r := p.section, p.resource
	scroll := r.request.pages.kind == pagingScroll
	r.Singleton, r.Drain = s.bool("singleton"), s.bool("drain")
	if scroll && s.node("singleton") == nil {
		r.Singleton = true
	}
	if scroll && s.node("drain") == nil {
		r.Drain = true
	}
}

// loadDeletes reads how deletions show; without a word it follows from how the resource is read.
func (l *loader) loadDeletes(p *pending) {
	s, r := p.section, p.resource
	usual := "listing"
	switch {
	case p.substream():
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
	case r.Deletes == DeletesListing && (r.Incremental != nil || p.substream()):
		l.mistake(at, "deletes: listing is for resources that are read whole, not %s", map[bool]string{true: "incremental ones", false: "substreams"}[r.Incremental != nil])
	case r.Deletes == DeletesParent && !p.substream():
		l.mistake(at, "deletes: parent is for resources that have a parent")
	}
	if p.substream() {
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
	l.loadFromParent(p)
	names, at := s.names("primary_key")
	if len(names) == 0 {
		l.mistake(s.at, "%s has no primary_key", s.what)
	}
	own := false
	for i, name := range names {
		key := KeyField{Name: name}
		for _, f := range p.fromParent {
			if f.field == name {
				key.FromParent, key.ParentName = true, f.resource
			}
		}
		for _, before := range r.Key {
			if before.Name == name {
				l.mistake(at[i], "primary_key names %q twice", name)
			}
		}
		if key.ParentName && i > 0 {
			l.mistake(at[i], "primary_key: %s, the parent resource's name, comes first", name)
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
