package extract

import "github.com/goccy/go-yaml/ast"

// loadDisposition reads write_disposition: a topic that is compacted merges by itself; replace is a complete listing whose absences
// are deletions. The other words of the reference have no meaning in such a topic.
func (l *loader) loadDisposition(p *pending) {
	s, r := p.section, p.resource
	n := s.node("write_disposition")
	if text, ok := textOf(n); ok {
		switch text {
		case "append":
			l.mistake(n, "write_disposition: append has no meaning in a compacted topic, which keeps the last record of each key: use merge, for a log with deletes: never")
			return
		case "skip":
			l.mistake(n, "write_disposition: skip is written selected: false")
			return
		}
	}
	if s.choice("write_disposition") != "replace" {
		return
	}
	l.checkReplace(n, r, s)
}

func (l *loader) checkReplace(n ast.Node, r *Resource, s *section) {
	switch {
	case r.Incremental != nil:
		l.mistake(n, "write_disposition: replace wants a complete listing every time: leave incremental out, or use merge")
	case r.Deletes != DeletesListing && r.Deletes != DeletesParent:
		l.mistake(s.node("deletes"), "write_disposition: replace deletes what a listing lacks, deletes: %s does not", r.Deletes)
	}
}
