package producer

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

// family is what the API says of one parent's children.
type family struct {
	child    *extract.Resource
	children []reading
	listed   map[string]bool // keys in the list, those included that cannot be published
	complete bool            // the list is whole: what is missing from it is deleted
}

// families requests the children of the parents that need it, concurrently (the client bounds the requests in flight). It
// returns as many as are whole, in order: with an error, those before the parent that failed.
func (p *pass) families(ctx context.Context, parents []reading, b *batch) ([][]family, error) {
	if len(p.riding) == 0 {
		return make([][]family, len(parents)), nil
	}
	result := make([][]family, len(parents))
	for _, child := range p.riding {
		if err := p.nothingLeft(); err != nil {
			return nil, err
		}
		began := p.cfg.Now()
		raw := make([]childList, len(parents))
		group, gctx := errgroup.WithContext(ctx)
		for i, parent := range parents {
			if !p.needs(child, parent) {
				continue
			}
			group.Go(func() error { raw[i] = p.list(gctx, child, *parent.Record); return nil })
		}
		_ = group.Wait()
		p.requesting.Add(int64(p.cfg.Now().Sub(began)))
		if err := allGone(child, raw); err != nil {
			return nil, err
		}
		whole, err := p.encodeFamilies(ctx, child, raw, b)
		if refused := p.refusal(child, parents, whole, err); refused != nil {
			p.childRefused(child, refused)
			if err := p.nothingLeft(); err != nil {
				return nil, err
			}
			continue
		}
		for i := range whole {
			if raw[i].asked {
				result[i] = append(result[i], whole[i])
			}
		}
		if err != nil {
			return result[:len(whole)], err
		}
	}
	return result, nil
}

// refusal is why the substream stops although the API has answered: its schema may not take what came, or the lists are not to be
// believed. Its parents go on without it, and owe it.
func (p *pass) refusal(child *extract.Resource, parents []reading, families []family, err error) error {
	var frozen *avro.FrozenError
	if errors.As(err, &frozen) {
		return err
	}
	return p.believable(child, parents, families)
}

// nothingLeft is why the pass is in vain: it is for substreams only, and they were stopped, perhaps under another of their parents. To
// move its position would pass their children over.
func (p *pass) nothingLeft() error {
	if p.publish {
		return nil
	}
	return p.allStopped(p.riding)
}

// needs says whether the parent's children are to be requested.
func (p *pass) needs(child *extract.Resource, parent reading) bool {
	if !p.reads(child) {
		return false
	}
	if p.still && (p.cfg.Sweep || child.SweepInterval > 0) {
		return true
	}
	return p.all || parent.again || child.Refresh == extract.RefreshListing || parent.verdict == verdictFirst || parent.verdict == verdictChanged
}

// childList is the answer to one request for children.
type childList struct {
	asked    bool
	gone     bool // the parent no longer exists
	records  []extract.Record
	complete bool
	err      error
}

// allGone doubts that more than a few parents, just listed, have all been deleted since: then the path is wrong, or the API is.
func allGone(child *extract.Resource, lists []childList) error {
	gone := 0
	for _, l := range lists {
		if l.asked || l.err != nil {
			return nil //nolint:nilerr // whoever asked is told of it; here it is only an answer that is no 404
		}
		if l.gone {
			gone++
		}
	}
	if gone <= deleteFew {
		return nil
	}
	return &extract.Error{Kind: extract.KindIncomplete, Resource: child.Name,
		Message: fmt.Sprintf("%d parents that were just listed are all answered as if they did not exist", gone), Hint: "check the substream's path and response_actions"}
}

func (p *pass) list(ctx context.Context, child *extract.Resource, parent extract.Record) childList {
	records, complete, gone, err := p.cfg.API.Children(ctx, child, parent)
	var api *extract.Error
	switch {
	case errors.As(err, &api) && api.Kind == extract.KindUnauthorized:
		p.childRefused(child, err)
		return childList{err: p.nothingLeft()}
	case err != nil:
		return childList{err: err}
	case gone: // not an error, and no statement about its children
		return childList{gone: true}
	}
	return childList{asked: true, records: records, complete: complete}
}

// encodeFamilies encodes the children of many parents at once, so that a schema is inferred from all of them.
func (p *pass) encodeFamilies(ctx context.Context, child *extract.Resource, lists []childList, b *batch) ([]family, error) {
	var failed error
	for i, l := range lists {
		if l.err != nil {
			lists, failed = lists[:i], l.err
			break
		}
	}
	var all []extract.Record
	for _, l := range lists {
		all = append(all, l.records...)
	}
	encoded, err := p.encode(ctx, child, all)
	if err != nil {
		return nil, err
	}
	readings := p.judge(child, all, encoded, p.keys[child.Name], b)
	by := map[string][]reading{}
	for _, rd := range readings {
		by[rd.ParentKey] = append(by[rd.ParentKey], rd)
	}
	families := make([]family, len(lists))
	for i, l := range lists {
		families[i] = family{child: child, complete: l.complete, listed: make(map[string]bool, len(l.records))}
		for _, rec := range l.records {
			families[i].listed[rec.Key] = true
			if rec.KeyErr != nil { // it may be any of the keys that seem to be missing
				families[i].complete = false
			}
		}
		if len(l.records) > 0 {
			families[i].children = by[l.records[0].ParentKey]
		}
	}
	return families, failed
}

// add puts one parent and its children into the batch: they are decided together.
func (p *pass) add(b *batch, parent reading, families []family) error {
	missing := make([][]string, len(families))
	for i, f := range families {
		if !p.reads(f.child) { // refused since it was requested
			if err := p.nothingLeft(); err != nil {
				return err
			}
			families[i].children = nil
			continue
		}
		var err error
		if missing[i], err = p.missingChildren(f, parent.Key); err == nil {
			continue
		}
		// Like a substream that the API refuses: it stops and is owed, its parents go on.
		p.childRefused(f.child, err)
		if err := p.nothingLeft(); err != nil {
			return err
		}
		families[i].children, missing[i] = nil, nil
	}
	if p.publish {
		b.unread = b.unread || parent.again && len(p.riding) > 0 && len(p.owing()) > 0
		p.addReading(b, p.root, parent, p.memory)
	}
	for i, f := range families {
		memory := p.keys[f.child.Name]
		for _, rd := range f.children {
			p.addReading(b, f.child, rd, memory)
		}
		for _, key := range missing[i] {
			b.tombstone(p.names.Data(f.child.Name), f.child.Name, parent.Key, key, memory)
		}
	}
	return nil
}

// missingChildren are the children of a parent that its complete list does not hold: they were deleted.
func (p *pass) missingChildren(f family, parent string) ([]string, error) {
	memory := p.keys[f.child.Name]
	if !f.complete || f.child.Deletes != extract.DeletesParent || !memory.holdsAll() {
		return nil, nil
	}
	missing := absent(memory.keys(parent), f.listed)
	share := p.deletes[f.child.Name]
	if share == nil {
		share = &deletes{held: memory.len()}
		p.deletes[f.child.Name] = share
	}
	share.count += len(missing)
	return missing, p.allowDeletes(f.child.Name, share.count, share.held)
}

// believable refuses lists of several parents that suddenly lack more than half of what is published of them: before anything of
// them is committed, because a fifth of the whole topic may take many pages to be reached.
func (p *pass) believable(child *extract.Resource, parents []reading, families []family) error {
	memory := p.keys[child.Name]
	missing, held, of := 0, 0, 0
	for i, f := range families {
		if !f.complete || child.Deletes != extract.DeletesParent {
			continue
		}
		known := memory.keys(parents[i].Key)
		if lacks := len(absent(known, f.listed)); lacks > 0 {
			missing += lacks
			of++
		}
		held += len(known)
	}
	if p.cfg.AllowDeletes || missing <= deleteFew || of < 2 || missing*2 <= held {
		return nil
	}
	return &DeletesRefusedError{Resource: child.Name, Deletes: missing, Held: held}
}
