package avro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxRounds bounds how often a subject is read again because other workers register at the same time.
const maxRounds = 20

// grow makes a version current that holds everything that any registered version holds, what is declared, and objects.
//
// Two workers that find new fields at once each register a schema without the other's. So after registering, the versions
// are read again, and the union of all is registered until the latest version holds it; then the subject has one line again.
func (s *Subject) grow(ctx context.Context, objects []value) (*version, error) {
	s.growing.Lock()
	defer s.growing.Unlock()
	if v := s.current.Load(); v != nil && v.takes(objects) {
		return v, nil // grown by another goroutine meanwhile
	}
	g := growth{Subject: s}
	if v := s.current.Load(); v != nil {
		g.held = v.Registered
	}
	for range maxRounds {
		v, err := g.round(ctx, objects)
		if v != nil || err != nil {
			if err == nil {
				s.current.Store(v)
			}
			return v, err
		}
	}
	return nil, fmt.Errorf("register %s: other producers keep changing it; end those that are not headwater", s.name)
}

func (v *version) takes(objects []value) bool {
	return v.encode(objects, make([]Encoded, len(objects)))
}

// growth is the state of one grow between its rounds.
type growth struct {
	*Subject
	held    Registered // what records are encoded with; ID 0: nothing yet
	last    Registered // registered by us in the round before; ID 0: none
	changes []Change   // that came with it
	refused error      // the round before was refused, with so many versions registered
	known   int
	offered string  // the text that was refused
	sample  []value // of the look-ahead; nil: not asked yet
}

// round reads the subject and returns the version that holds everything, or registers one and returns nil.
func (g *growth) round(ctx context.Context, objects []value) (*version, error) {
	versions, err := g.read(ctx)
	if err != nil {
		return nil, err
	}
	if g.refused != nil && len(versions) == g.known {
		return nil, explain(g.refused, g.offered, versions) // nobody was faster: it is refused for what it is
	}
	g.refused = nil
	g.tell(versions)
	trees := make([]*node, len(versions))
	for i, v := range versions {
		trees[i] = v.root
	}
	union := unite(trees)
	if union == nil && g.ahead != nil {
		objects = append(g.sampled(ctx), objects...)
	}
	need, err := g.declared.grow(union, objects)
	if err == nil {
		err = writable(need)
	}
	if err != nil {
		return nil, fmt.Errorf("schema for %s: %w", g.name, err)
	}
	var earlier *version
	for i := len(versions) - 1; i >= 0; i-- {
		if versions[i].root.holds(need) {
			if earlier = versions[i]; i == len(versions)-1 {
				return earlier, nil
			}
			break
		}
	}
	text := schemaText(need)
	if earlier != nil {
		// Another worker has registered after it without having seen it, and the same text is no new version. A property that nobody
		// reads makes it one, so that the latest version holds everything again; it is the same for everybody who unites so many.
		text = strings.TrimSuffix(text, "}") + fmt.Sprintf(`,"unites":%d}`, len(versions))
	}
	if err := g.register(ctx, union, need, text, len(versions)); err != nil {
		return nil, err
	}
	for _, v := range versions {
		if earlier != nil && v.ID == g.last.ID {
			return earlier, nil // a registry that looks at what it knows only
		}
	}
	return nil, nil
}

// sampled are the records of the look-ahead: asked for once, however many rounds there are.
func (g *growth) sampled(ctx context.Context) []value {
	if g.sample == nil {
		g.sample = []value{}
		for _, text := range g.ahead(ctx) {
			if v, err := parseValue(text); err == nil && g.declared.check(v) == nil {
				g.sample = append(g.sample, v)
			}
		}
	}
	return g.sample
}

// read returns the registered versions, and those that we know of even if a registry of several nodes does not list them yet.
func (g *growth) read(ctx context.Context) ([]*version, error) {
	listed, err := g.registry.Versions(ctx, g.name)
	if err != nil {
		return nil, err
	}
	for _, ours := range []Registered{g.held, g.last} {
		if ours.ID != 0 && !slices.ContainsFunc(listed, func(r Registered) bool { return r.ID == ours.ID }) {
			listed = append(listed, ours)
		}
	}
	versions := make([]*version, len(listed))
	for i, r := range listed {
		root, err := parseSchema(r.Schema)
		if err != nil {
			return nil, fmt.Errorf("read version %d of %s: %w; give the topics another prefix", r.Version, g.name, err)
		}
		versions[i] = newVersion(r, root, g.declared)
	}
	return versions, nil
}

func (g *growth) register(ctx context.Context, union, need *node, text string, known int) error {
	if err := validate(need, text); err != nil {
		return fmt.Errorf("schema for %s: %w", g.name, err)
	}
	got, err := g.registry.Register(ctx, g.name, text)
	var refusal *RegistryError
	if errors.As(err, &refusal) && refusal.Status == http.StatusConflict {
		g.refused, g.known, g.offered = err, known, text
		return nil
	}
	if err != nil {
		return err
	}
	got.Schema = text
	g.last = got
	if union == nil {
		g.changes = []Change{{What: "registered"}}
		return nil
	}
	for _, a := range added(need, union) {
		g.changes = append(g.changes, Change{Field: a.path(), What: a.String()})
	}
	return nil
}

// tell calls onChange for what was registered in the round before, now that its version can be known.
func (g *growth) tell(versions []*version) {
	for _, c := range g.changes {
		c.Subject, c.ID = g.name, g.last.ID
		for _, v := range versions {
			if v.ID == c.ID {
				c.Version = v.Version
			}
		}
		g.onChange(c)
	}
	g.changes = nil
}
