package extract

import (
	"strings"
	"time"
)

// loadIncremental reads how a resource is read by time. The words stand beside endpoint, or in it as elsewhere.
func (l *loader) loadIncremental(p *pending) {
	shape := words[incrementalWords]("last_value_func", "convert", "on_cursor_value_missing")
	s := p.section.sub("incremental", "incremental", shape)
	if p.endpoint != nil {
		if inner := p.endpoint.sub("incremental", "incremental", shape); inner != nil {
			if s != nil {
				l.mistake(inner.at, "incremental is given beside endpoint and in it: give one")
			}
			s = inner
		}
	}
	if s == nil {
		return
	}
	p.incremental = s
	inc := &Incremental{CursorPath: strings.Join(s.path("cursor_path"), ".")}
	if inc.CursorPath == "" {
		l.mistake(s.at, "incremental has no cursor_path")
	}
	inc.CursorFormat = s.choice("cursor_format")
	l.loadOrder(s, inc)
	l.loadSpans(s, inc)
	inc.initial, inc.end = l.timeTemplate(s, "initial_value"), l.timeTemplate(s, "end_value")
	p.resource.Incremental = inc
	if p.resource.CursorPath != "" {
		l.mistake(p.section.node("cursor_field"), "cursor_field and incremental exclude each other: incremental has its cursor_path")
	}
	p.resource.CursorPath = inc.CursorPath
}

func (l *loader) loadOrder(s *section, inc *Incremental) {
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
}

func (l *loader) loadSpans(s *section, inc *Incremental) {
	inc.QueryMargin = s.duration("query_margin", 0)
	inc.Lookback = s.duration("lookback", 5*time.Minute)
	if n := s.node("lag"); n != nil {
		both, ownLag, ownLookback := s.node("lookback") != nil, s.values["lag"] != nil, s.values["lookback"] != nil
		if both && ownLag == ownLookback {
			l.mistake(n, "lag and lookback are two names of one thing: give one")
		}
		if ownLag || !both { // of the defaults' and the resource's own the latter counts
			inc.Lookback = time.Duration(s.count("lag")) * time.Second
		}
	}
	if inc.CursorFormat == CursorDate {
		// A day's records all have its beginning as cursor: while the day lasts, and the lookback after it, more may come.
		inc.Lookback += 24 * time.Hour
	}
	inc.MinWindow, inc.Step = s.duration("min_window", 0), s.duration("step", 0)
	if n := s.node("step"); n != nil && inc.Step < time.Second {
		l.mistake(n, "step: want a length of time such as 24h")
	}
	inc.openStart = s.choice("range_start") == "open"
	s.choice("range_end")
}

// timeTemplate reads a time, or a setting of type datetime.
func (l *loader) timeTemplate(s *section, field string) *template {
	t := l.template(s, field, l.settingsOnly)
	if t == nil {
		return nil
	}
	if ref, ok := t.Named(); ok {
		for _, setting := range l.src.Settings {
			if setting.Name == ref.Member && setting.Type != SettingDatetime {
				l.mistake(s.node(field), "%s: setting %q is not of type datetime", field, ref.Member)
			}
		}
		return t
	}
	if _, err := ParseDatetime(s.text(field)); err != nil {
		l.mistake(s.node(field), "%s: want a setting such as {{ config.start_date }}, or a time such as 2026-01-31T08:00:00Z", field)
	}
	return t
}

// timeParams adds the query parameters that start_param and end_param name.
func (l *loader) timeParams(p *pending) {
	if p.incremental == nil {
		return
	}
	for _, param := range []struct{ field, value string }{
		{"start_param", "{{ stream_interval.start_time }}"}, {"end_param", "{{ stream_interval.end_time }}"},
	} {
		name := p.incremental.text(param.field)
		if name == "" {
			continue
		}
		at := p.incremental.node(param.field)
		for _, other := range p.resource.request.params {
			if other.name == name {
				l.mistake(at, "%s: parameter %q is under params already", param.field, name)
			}
		}
		if t, err := compileTemplate(param.value, l.allowed(p)); err == nil {
			p.resource.request.params = append(p.resource.request.params, namedTemplate{name: name, value: t})
		} else {
			l.mistake(at, "%s: %v", param.field, err)
		}
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
