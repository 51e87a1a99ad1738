package extract

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
)

// checkResource checks what only the whole resource shows.
func (l *loader) checkResource(p *pending) {
	s, r := p.section, p.resource
	if r.Incremental != nil {
		l.checkIncremental(p)
	}
	scroll := r.request.pages.kind == pagingScroll
	l.checkIdle(p)
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
	if !p.broken && !slices.ContainsFunc(slices.Collect(maps.Keys(p.uses)), func(h placeholder) bool { return h.scope == scopeSlice }) {
		l.mistake(p.endpoint.at, "%s asks the same of every parent: its request never uses {{ stream_slice.FIELD }}", s.what)
	}
	for _, view := range r.PerParent {
		l.checkChildKey(p, view)
		l.checkDrained(p, view.Parent)
		l.checkSteps(p, view.Parent)
	}
}

// checkIdle: words that change nothing where they stand. What the defaults say is for the others.
func (l *loader) checkIdle(p *pending) {
	s, r := p.section, p.resource
	for _, w := range []struct {
		word        string
		given, fits bool
		what        string
	}{
		{"singleton", r.Singleton, !p.substream(), "resources that have no parent"},
		{"poll_interval", r.PollInterval > 0, !p.substream(), "resources that have no parent"},
		{"consistent", r.Consistent, !p.substream() && r.Incremental == nil, "resources that are read whole"},
	} {
		if own := s.values[w.word]; own != nil && w.given && !w.fits {
			l.mistake(own.Value, "%s is for %s", w.word, w.what)
		}
	}
}

// checkChildKey: children are told apart, and found again in the topic, by their parent's key, so theirs begins with it; where the
// parents are several, after the name of the parent resource, because two may have the same key.
func (l *loader) checkChildKey(p *pending, view *Resource) {
	at := p.section.node("primary_key")
	if at == nil || len(view.Key) == 0 {
		return // told already
	}
	if len(p.parents) > 1 && !view.Key[0].ParentName {
		l.mistake(at, "the key of a substream of several parents begins with the name of the one, which tells equal ids apart: include_from_parent: { parent_type: %s, … } and primary_key: [parent_type, …]", resourceWord)
		return
	}
	var has, wants []string
	for _, k := range view.Key {
		for _, f := range p.fromParent {
			if f.field == k.Name && !f.resource {
				has = append(has, strings.Join(f.path, "."))
			}
		}
	}
	for _, k := range view.Parent.Key {
		wants = append(wants, k.Name)
	}
	switch {
	case len(wants) == 0 || slices.Equal(has, wants):
	case len(has) == 0:
		l.mistake(at, "the key of a substream begins with a field of its parent: name it under include_from_parent")
	default:
		l.mistake(at, "the key of a substream begins with its parent's, whole and with nothing else of the parent: of %s that is %s, and here is %s",
			view.Parent.Name, strings.Join(wants, ", "), strings.Join(has, ", "))
	}
}

// checkSweep: only what is read by time needs a sweep. Resources that take their interval from the defaults are not told so.
func (l *loader) checkSweep(p *pending) {
	s, r := p.section, p.resource
	views, some := r.PerParent, false
	if len(views) == 0 {
		views = []*Resource{r}
	}
	for _, view := range views {
		if root := view.Root(); root.Incremental != nil && root.Deletes != DeletesNever {
			some = true
		} else {
			view.SweepInterval = 0
		}
	}
	if own := s.values["sweep_interval"]; own != nil && !some {
		l.mistake(own.Value, "sweep_interval is for incremental resources whose records may be deleted, and for their substreams")
	}
}

// checkDrained: of a parent that was drained only the key is kept until its children are read.
func (l *loader) checkDrained(p *pending, parent *Resource) {
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
		if !f.resource {
			needs = append(needs, strings.Join(f.path, "."))
		}
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
	inc := p.resource.Incremental
	at := p.incremental.at
	if p.substream() {
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
