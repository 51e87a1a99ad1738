package extract

import (
	"maps"
	"slices"
	"sort"
	"time"
)

// link makes the parent known to its child and the child to its parent.
func (l *loader) link(p *pending, all map[string]*pending) {
	s, r := p.section, p.resource
	at := s.node("parent")
	if at == nil {
		if n := s.node("include_from_parent"); n != nil {
			l.mistake(n, "include_from_parent is for resources that have a parent")
		}
		return
	}
	parentName := s.text("parent")
	parent, ok := all[parentName]
	switch {
	case !ok:
		var names []string
		for name := range all {
			names = append(names, name)
		}
		sort.Strings(names)
		if meant := nearest(parentName, names); meant != "" {
			l.mistake(at, "no resource %q (did you mean %q?)", parentName, meant)
		} else {
			l.mistake(at, "no resource %q", parentName)
		}
		return
	case parent == p:
		l.mistake(at, "a resource cannot be its own parent")
		return
	case parent.section.node("parent") != nil:
		l.mistake(at, "parent %q has a parent itself: substreams of substreams are not supported yet", parentName)
		return
	}
	r.Parent = parent.resource
	r.fromParent = p.fromParent
	parent.resource.Children = append(parent.resource.Children, r)
}

// checkResource checks what only the whole resource shows.
func (l *loader) checkResource(p *pending) {
	s, r := p.section, p.resource
	if r.Incremental != nil {
		l.checkIncremental(p)
	}
	scroll := r.request.pages.kind == pagingScroll
	if own := s.values["singleton"]; own != nil && r.Singleton && s.node("parent") != nil {
		l.mistake(own.Value, "singleton is for resources that have no parent")
	}
	if scroll && !r.Singleton {
		l.mistake(s.node("singleton"), "singleton: a scroll is one at a time")
	}
	if scroll && !r.Drain {
		l.mistake(s.node("drain"), "drain: a scroll does not live long enough for children to be asked for in between")
	}
	if s.values["drain"] != nil && r.Drain && r.Parent != nil {
		l.mistake(s.node("drain"), "drain is for resources that have children")
	}
	l.checkSweep(p)
	if r.Parent == nil {
		return
	}
	if scroll {
		l.mistake(s.at, "%s: a substream cannot be read by a scroll", s.what)
	}
	if len(r.Key) < 2 || !r.Key[0].FromParent {
		l.mistake(s.node("primary_key"), "the key of a substream begins with a field of its parent: name it under include_from_parent")
	}
	if !p.broken && !slices.ContainsFunc(slices.Collect(maps.Keys(p.uses)), func(h placeholder) bool { return h.scope == scopeSlice }) {
		l.mistake(p.endpoint.at, "%s asks the same of every parent: its request never uses {{ stream_slice.FIELD }}", s.what)
	}
	l.checkDrained(p)
	l.checkSteps(p)
}

// checkSweep: only what is read by time needs a sweep. Resources that take their interval from the defaults are not told so.
func (l *loader) checkSweep(p *pending) {
	s, r := p.section, p.resource
	if root := r.Root(); root.Incremental != nil && root.Deletes != DeletesNever {
		return
	}
	r.SweepInterval = 0
	if own := s.values["sweep_interval"]; own != nil {
		l.mistake(own.Value, "sweep_interval is for incremental resources whose records may be deleted, and for their substreams")
	}
}

// checkDrained: of a parent that was drained only the key is kept until its children are read.
func (l *loader) checkDrained(p *pending) {
	parent := p.resource.Parent
	if !parent.Drain {
		return
	}
	key := map[string]bool{}
	for _, k := range parent.Key {
		key[k.Name] = true
	}
	var needs []string
	for h := range p.uses {
		if h.scope == scopeSlice && h.field == "" {
			l.mistake(p.section.at, "%s: stream_slice is used without naming the field; of %s only the key is kept, so name it", p.section.what, parent.Name)
			return
		}
		if h.scope == scopeSlice {
			needs = append(needs, h.field)
		}
	}
	for _, f := range p.fromParent {
		needs = append(needs, f.parentField)
	}
	sort.Strings(needs)
	for _, field := range needs {
		if !key[field] {
			l.mistake(p.section.at, "%s needs the field %q of %s, of which only the key is kept: its listing is drained before", p.section.what, field, parent.Name)
			return
		}
	}
}

// usesInterval reports whether the request uses a field of the window, or may.
func (p *pending) usesInterval(field string) bool {
	return p.uses[placeholder{scopeInterval, field}] || p.uses[placeholder{scopeInterval, ""}]
}

func (l *loader) checkIncremental(p *pending) {
	s, inc := p.section, p.resource.Incremental
	at := p.incremental.at
	if s.node("parent") != nil {
		l.mistake(at, "an incremental substream is not supported yet")
		return
	}
	if !p.broken && !p.usesInterval("start_time") {
		l.mistake(at, "incremental, but the request never uses {{ stream_interval.start_time }}: every window would read everything")
	}
	if inc.LiveRowOrder != inc.RowOrder && !p.broken && !p.usesInterval("row_order") {
		l.mistake(at, "row_order and live_row_order differ, but the request never uses {{ stream_interval.row_order }}")
	}
	if p.resource.request.pages.kind == pagingScroll {
		l.mistake(at, "an incremental resource cannot be read by a scroll")
	}
	// A margin of hours is there because the API compares days: then leaving early saves pages. One of seconds only
	// covers unclear bounds, and the listing's own end is the surer one.
	inc.endInQuery = p.usesInterval("end_time") && inc.QueryMargin < time.Hour
}
