package producer

import (
	"context"
	"hash/maphash"
	"slices"
)

// orphans are the parents of children in the topics that the API does not show and the root's topic does not hold: a substream that was
// read alone outlives parents that were deleted before the root was published, and no tombstone of theirs would ever take it along.
func (s *sweep) orphans(ctx context.Context) ([]string, error) {
	copies := map[string]*lastCopy{}
	for _, child := range s.children {
		for _, parent := range s.keys[child.Name].unmarkedParents() {
			_, seen := s.other[maphash.String(s.seed, parent)]
			_, recent := s.live.memory.get(parent) // where live passes read, beyond the sweep's end
			_, missing := s.missing[parent]        // or its tombstone takes them along
			if !seen && !recent && !missing {
				copies[parent] = nil
			}
		}
	}
	if len(copies) == 0 {
		return nil, nil
	}
	if err := s.lookUp(ctx, copies); err != nil {
		return nil, err
	}
	var alone []string
	for parent, c := range copies {
		if c == nil {
			alone = append(alone, parent)
		}
	}
	slices.Sort(alone)
	return alone, nil
}

// shows marks the children of a record that the API shows.
func (s *sweep) shows(key string) {
	for _, child := range s.children {
		s.keys[child.Name].markFamily(key)
	}
}
