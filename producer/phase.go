package producer

import (
	"context"
	"unicode/utf8"

	"github.com/headwater-stream/headwater/extract"
)

// phase reads a substream after its parents' listing was read to its end: the listing is a scroll that lives a minute on the
// server, too short to wait for children in between. The parents are those just read, in key order; the position is the last
// one that is done.
func (r *runner) phase(ctx context.Context, child *extract.Resource, parents *listing) error {
	if !r.reads(child) {
		return nil
	}
	r.progress.state(child.Name, r.root.Name, "listing")
	saved, _ := r.board.unit(unitOf(child))
	p := r.newPass(unitOf(child), r.home, saved, r.keys[r.root.Name])
	p.publish, p.all, p.riding = false, true, []*extract.Resource{child}
	chunk := max(1, 4*r.cfg.Concurrency)
	after := r.phaseStart(saved)
	for {
		keys := parents.shownAfter(after, phaseKeys)
		rest := len(keys) == phaseKeys
		for len(keys) > 0 || !rest {
			now := keys[:min(chunk, len(keys))]
			keys = keys[len(now):]
			last := len(keys) == 0 && !rest
			if err := r.phasePart(ctx, p, now, last); err != nil {
				return err
			}
			if last {
				return r.clearOwed(ctx, child)
			}
			after = now[len(now)-1]
		}
	}
}

// phaseKeys is how many parents' keys a phase takes from memory at a time.
const phaseKeys = 4096

// phaseStart is the key after which to begin. An interrupted phase goes on after the last parent done; under Once everything is read,
// because no later listing will show what changed in between.
func (r *runner) phaseStart(saved UnitState) string {
	if r.cfg.Once || saved.Done {
		return ""
	}
	return saved.Page
}

func (r *runner) phasePart(ctx context.Context, p *pass, keys []string, last bool) error {
	var readings []reading
	for _, key := range keys {
		rec, err := r.root.KeyRecord(key)
		if err != nil {
			return err
		}
		readings = append(readings, reading{Record: &rec, verdict: verdictChanged})
	}
	next := p.saved.at(extract.Position{Phase: extract.PhaseSnapshot, Done: last})
	if !last {
		next.Page = keys[len(keys)-1]
	}
	return p.handOver(ctx, newBatch(), readings, next)
}

// moveBack keeps the position of an interrupted phase behind every parent that is published: its children are to be read
// again. The states are committed with the parents.
func (p *pass) moveBack(b *batch) map[string]UnitState {
	if !p.root.Drain || !p.publish {
		return nil
	}
	topic, first := p.names.Data(p.root.Name), ""
	for _, r := range b.records {
		if key := string(r.Key); r.Topic == topic && r.Value != nil && (first == "" || key < first) {
			first = key
		}
	}
	if first == "" {
		return nil
	}
	moved := map[string]UnitState{}
	for _, child := range p.root.Children {
		u, ok := p.board.unit(unitOf(child))
		if !ok || u.Done || u.Page < first {
			continue
		}
		_, last := utf8.DecodeLastRuneInString(first)
		u.Page = first[:len(first)-last] // sorts before it; what lies between is read again, too
		u.At = p.stamp()
		moved[unitOf(child)] = u
	}
	return moved
}
