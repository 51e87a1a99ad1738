package producer

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// Previewed is what a preview shows of a resource.
type Previewed struct {
	Resource    string
	Records     int    // that were handed over
	DeadLetters int    // likewise
	More        bool   // there may be more than was handed over
	Skipped     bool   // not read: it takes a place that the API gives to one at a time, and was not named
	Schema      string // with which the records were encoded; "" where there was none, or values are JSON
	Err         error  // why it could not be read to its limit
}

// Preview reads the selected resources as a worker does that finds every topic empty, and hands what it would publish to each, dead letters
// included, parents before their children: at most limit records of a resource, 0: all. It needs no Kafka and opens no transaction. What
// the configuration's registry is asked to register it will hold, so that should be an avro.Desk.
//
// A limit bounds requests as well: as many pages are read, and children of as many parents requested, as LookAhead does at most, or as the
// limit if that is more. Only a listing that holds a place is read on to its end, which gives the place back.
//
// An error of a resource is in its Previewed, in the source file's order. The error that is returned is each's, or ctx's.
func (w *Worker) Preview(ctx context.Context, limit int, each func(resource string, r *kgo.Record) error) ([]Previewed, error) {
	s := w.newSession(nil)
	shown := map[string]*Previewed{}
	for _, name := range w.selectedNames() {
		s.topics[w.names.Data(name)] = topicInfo{MaxBytes: defaultMaxBytes}
		shown[name] = &Previewed{Resource: name}
	}
	for _, root := range w.cfg.Source.Roots() {
		r := newRunner(s, root)
		if r == nil {
			continue
		}
		if root.HoldsPlace() && len(w.cfg.Resources) == 0 {
			for _, name := range r.served() {
				shown[name].Skipped = true
			}
			continue
		}
		v := r.newPreview(limit, shown, each)
		err := v.traverse(ctx)
		if v.refused != nil {
			return nil, v.refused
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.fail(err)
		}
	}
	failures := w.progress.failures() // of a substream of several parents also what ends it under one of them
	var all []Previewed
	for _, name := range w.selectedNames() {
		shown[name].Err = failures[name]
		if subject, ok := w.encoders[name].(*avro.Subject); ok {
			current, _ := subject.Current()
			shown[name].Schema = current.Schema
		}
		all = append(all, *shown[name])
	}
	return all, nil
}

// preview is a pass whose batches are handed over and never committed. One goroutine uses it.
type preview struct {
	*pass
	limit   int
	shown   map[string]*Previewed
	each    func(resource string, r *kgo.Record) error
	refused error // what each returned

	pages   int
	asked   int             // parents whose children were requested
	left    bool            // the listing holds more pages
	drained map[string]bool // keys of parents whose children are read after them
}

func (r *runner) newPreview(limit int, shown map[string]*Previewed, each func(string, *kgo.Record) error) *preview {
	memory := newPublished(0)
	for _, child := range r.children {
		r.keys[child.Name] = newPublished(0)
	}
	p := r.newPass(r.ownUnit(), r.home, UnitState{}, memory)
	p.guard = r.root.Incremental != nil
	return &preview{pass: p, limit: limit, shown: shown, each: each, drained: map[string]bool{}}
}

// traverse reads the root, the newest part first where the API takes the time in steps.
func (v *preview) traverse(ctx context.Context) error {
	begin, err := v.positions(ctx)
	if err != nil {
		return err
	}
	for i, pos := range begin {
		if err := v.read(ctx, pos); err != nil {
			return err
		}
		v.left = v.left || i < len(begin)-1
		if v.enough() {
			break
		}
	}
	if v.root.Drain {
		for _, child := range v.children {
			if err := v.phase(ctx, child); err != nil && v.reads(child) {
				return err
			}
		}
	}
	for _, name := range v.served() {
		v.shown[name].More = v.shown[name].More || v.left
	}
	return nil
}

// positions are where readings begin that together show everything up to now.
func (v *preview) positions(ctx context.Context) ([]extract.Position, error) {
	if v.root.Incremental == nil {
		return []extract.Position{{Phase: extract.PhaseSnapshot}}, nil
	}
	if v.root.Incremental.Step == 0 {
		start := v.cfg.API.Start(v.root)
		if start.IsZero() {
			start = epoch
		}
		end, err := v.passEnd(ctx)
		return []extract.Position{{Phase: extract.PhaseBackfill, Window: extract.Window{Start: start, End: end}}}, err
	}
	cut, err := v.planBackfill(ctx)
	if err != nil {
		return nil, err
	}
	plan := Plan{From: rfc3339(cut.from), T0: rfc3339(cut.t0), Windows: cut.windows}
	var all []extract.Position
	for n := range plan.Windows {
		window, err := plan.window(n)
		if err != nil {
			return nil, err
		}
		all = append(all, extract.Position{Phase: extract.PhaseBackfill, Window: window})
	}
	slices.Reverse(all)
	return all, nil
}

func (v *preview) read(ctx context.Context, pos extract.Position) error {
	for page, err := range v.cfg.API.Pages(ctx, v.root, pos) {
		if err != nil {
			return err
		}
		v.pages++
		b := newBatchOf(len(page.Records))
		h := v.withdraw(b, haul{Page: page, pages: 1})
		parents, err := v.parents(ctx, h, b)
		if err != nil {
			return err
		}
		if v.root.Drain {
			for _, parent := range parents {
				v.drained[parent.Key] = true
			}
		}
		if err := v.families(ctx, parents, b); err != nil {
			return err
		}
		if v.left = !page.After.Done; v.enough() && !v.root.Singleton {
			return nil
		}
	}
	return ctx.Err()
}

// families hands over parents, each before its children.
func (v *preview) families(ctx context.Context, parents []reading, b *batch) error {
	if len(parents) == 0 {
		return v.handOver(b)
	}
	riding := v.riding
	defer func() { v.riding = riding }()
	for len(parents) > 0 {
		v.riding = v.wanting(riding)
		now := parents
		if len(v.riding) > 0 {
			now = parents[:min(v.chunk(), len(parents))]
			v.asked += len(now)
		}
		parents = parents[len(now):]
		families, childErr := v.pass.families(ctx, now, b)
		for i := range families {
			if err := v.add(b, now[i], families[i]); err != nil {
				childErr = err
				break
			}
		}
		if err := v.handOver(b); err != nil {
			return err
		}
		if childErr != nil {
			return childErr
		}
		b = newBatch()
	}
	return nil
}

// phase reads a substream after its parents' listing, as the pass of that name does.
func (v *preview) phase(ctx context.Context, child *extract.Resource) error {
	root := v.pass
	defer func() { v.pass = root }()
	v.pass = v.newPass(unitOf(child), v.home, UnitState{}, newPublished(0))
	v.publish, v.all, v.riding = false, true, []*extract.Resource{child}
	v.asked = 0
	var parents []reading
	for _, key := range slices.Sorted(maps.Keys(v.drained)) {
		rec, err := v.root.KeyRecord(key)
		if err != nil {
			return err
		}
		parents = append(parents, reading{Record: &rec, verdict: verdictChanged})
	}
	return v.families(ctx, parents, newBatch())
}

// chunk is of how many parents the children are requested at a time. Where nothing is looked ahead at, the first ones make the schema: then
// as many as a worker takes.
func (v *preview) chunk() int {
	if v.root.HoldsPlace() {
		return max(1, 4*v.cfg.Concurrency)
	}
	return max(1, v.cfg.Concurrency)
}

// wanting are the substreams whose limit is not reached; of the others more may be left.
func (v *preview) wanting(riding []*extract.Resource) []*extract.Resource {
	var all []*extract.Resource
	for _, child := range riding {
		if !v.full(child.Name) && (v.limit == 0 || v.asked < max(v.limit, LookAhead.Pages)) {
			all = append(all, child)
		} else {
			v.shown[child.Name].More = true
		}
	}
	return all
}

func (v *preview) full(name string) bool {
	s := v.shown[name]
	return v.limit > 0 && s.Records+s.DeadLetters >= v.limit
}

// enough says whether reading on would show nothing that is asked for.
func (v *preview) enough() bool {
	if v.limit == 0 {
		return false
	}
	if v.pages >= max(v.limit, LookAhead.Pages) {
		return true
	}
	if v.publish && !v.full(v.root.Name) {
		return false
	}
	if v.root.Drain { // their keys are enough
		return v.publish || len(v.drained) >= max(v.limit, LookAhead.Pages)
	}
	return len(v.wanting(v.riding)) == 0
}

// handOver gives away what the batch holds, and has memory learn it as if it were committed.
func (v *preview) handOver(b *batch) error {
	for _, r := range b.records {
		name := Letter(r).Resource
		if r.Topic != v.names.DeadLetters() {
			name = r.Topic[len(v.names.Prefix):]
		}
		s := v.shown[name]
		if v.full(name) {
			s.More = true
			continue
		}
		if r.Topic == v.names.DeadLetters() {
			s.DeadLetters++
		} else {
			s.Records++
		}
		if v.refused = v.each(name, r); v.refused != nil {
			return v.refused
		}
	}
	learn(b.learned)
	v.dead.learn(b)
	return nil
}
