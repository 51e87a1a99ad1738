package producer

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
)

const (
	// maxAhead bounds the bytes that a worker's pages in flight hold, from their fetching to the end of their commit: a page's buffer, and
	// when that was given back (shed) its values. Beyond it a unit fetches a page when it has none.
	maxAhead = 3 << 20
	// maxLine is how many pages of a unit may be in line: as many as a commit takes of usual ones.
	maxLine = 64
)

// haul is what one commit takes: a page, or several that follow one another and were ready together.
type haul struct {
	extract.Page                // of several pages their records, and the position after the last
	encoded      []avro.Encoded // of each record, where it was done ahead; else nil
	pages        int            // that it is made of
	held         []extract.Page // of these, those whose buffers are still needed
	bytes        int64          // that all of them hold
}

// arrival is an element of what a client's Pages yields.
type arrival struct {
	haul
	err error
}

// ahead reads pages ahead: one goroutine fetches, one encodes, and whoever iterates commits. It changes nothing of what is committed when,
// because a position is committed with its own page. It may not be used where another reading of the resource is published between two
// pages: a page would then be older than it seems.
type ahead struct {
	*runner
	encodes bool // the records are published
	joins   bool // pages that are ready together are one haul: nothing else is read for them that would take time

	mu     sync.Mutex
	inLine int  // pages that were fetched and not taken
	wants  bool // whoever iterates waits for a page

	wake chan struct{} // capacity 1: the above may have changed
	mine atomic.Int64  // bytes in flight that are this unit's
}

func (r *runner) newAhead() *ahead { return &ahead{runner: r, wake: make(chan struct{}, 1)} }

// readAhead yields the pages of the root from pos on, in order, and meanwhile fetches and encodes those that follow. The pages of a haul are
// released when the next one is asked for: until then their records may be read, and nothing of them may be kept but keys.
func (p *pass) readAhead(ctx context.Context, pos extract.Position) iter.Seq2[haul, error] {
	a := p.newAhead()
	a.encodes, a.joins = p.publish, p.publish && len(p.riding) == 0
	return a.read(ctx, pos)
}

// read yields hauls. When it returns its goroutines have ended; a request that was under way is cut off.
func (a *ahead) read(ctx context.Context, pos extract.Position) iter.Seq2[haul, error] {
	return func(yield func(haul, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		fetched, ready := make(chan arrival, maxLine), make(chan arrival, maxLine)
		var line sync.WaitGroup
		line.Go(func() { defer close(fetched); a.fetch(ctx, pos, fetched) })
		line.Go(func() { defer close(ready); a.encodeAll(ctx, fetched, ready) })
		defer func() {
			cancel()
			line.Wait()
			a.inFlight.Add(-a.mine.Load())
		}()
		var next *arrival // taken, and not part of the haul before
		var room haul
		for {
			first := next
			if next = nil; first == nil {
				if first = a.await(ready); first == nil {
					return
				}
			}
			if first.err == nil && a.joins {
				next = a.join(first, ready, &room)
			}
			if !yield(first.haul, first.err) || first.err != nil {
				return
			}
			a.release(first.haul)
		}
	}
}

// await takes the next page; nil: there is none.
func (a *ahead) await(ready <-chan arrival) *arrival {
	select {
	case one, more := <-ready:
		return a.took(one, more)
	default:
	}
	a.mu.Lock()
	a.wants = true
	a.mu.Unlock()
	a.rouse()
	one, more := <-ready
	return a.took(one, more)
}

func (a *ahead) took(one arrival, more bool) *arrival {
	if !more {
		return nil
	}
	a.mu.Lock()
	a.inLine--
	a.wants = false
	a.mu.Unlock()
	return &one
}

// join adds the pages that are ready to the first one, as many as one commit takes; it waits for none. The one that it has taken too much
// is returned. room is used again for every haul.
func (a *ahead) join(first *arrival, ready <-chan arrival, room *haul) (next *arrival) {
	for len(first.Records) < maxGroupRecords && first.bytes < maxGroupBytes {
		select {
		case one, more := <-ready:
			if next = a.took(one, more); next == nil || next.err != nil || next.First || len(first.Records)+len(next.Records) > maxGroupRecords {
				return next
			}
			first.add(next.haul, room)
		default:
			return nil
		}
	}
	return nil
}

func (h *haul) add(next haul, room *haul) {
	if h.pages == 1 {
		h.Records, h.encoded = append(room.Records[:0], h.Records...), append(room.encoded[:0], h.encoded...)
	}
	h.Records, h.encoded = append(h.Records, next.Records...), append(h.encoded, next.encoded...)
	room.Records, room.encoded = h.Records, h.encoded
	h.Read, h.Ahead, h.bytes = h.Read+next.Read, h.Ahead+next.Ahead, h.bytes+next.bytes
	h.Total, h.After, h.Capped = next.Total, next.After, h.Capped || next.Capped
	h.pages, h.held = h.pages+next.pages, append(h.held, next.held...)
}

func (a *ahead) release(h haul) {
	release(h.held)
	a.holds(-h.bytes)
	a.rouse()
}

// release gives pages' buffers back. Nothing reads their records any more.
func release(pages []extract.Page) {
	for _, page := range pages {
		page.Release()
	}
}

// holds notes so many bytes more in flight.
func (a *ahead) holds(bytes int64) {
	a.inFlight.Add(bytes)
	a.mine.Add(bytes)
}

// shed gives a page's buffer back before its commit. Of a record that is encoded, and whose children are not requested with it, the JSON is
// read only for a dead letter; so is the page where one of its records becomes one.
func (a *ahead) shed(one *arrival, most int) {
	values := int64(0)
	for i := range one.encoded {
		if _, reason, _ := undeliverable(&one.Records[i], &one.encoded[i], most); reason != "" || len(one.encoded[i].Discarded) > 0 {
			return
		}
		values += int64(len(one.encoded[i].Value))
	}
	for i := range one.Records {
		one.Records[i].JSON = nil
	}
	one.Release()
	a.holds(values - one.bytes)
	one.held, one.bytes = nil, values
	a.rouse()
}

func (a *ahead) rouse() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// fetch hands over page after page until ctx ends.
func (a *ahead) fetch(ctx context.Context, pos extract.Position, fetched chan<- arrival) {
	began := a.cfg.Now()
	for page, err := range a.cfg.API.Pages(ctx, a.root, pos) {
		a.requesting.Add(int64(a.cfg.Now().Sub(began)))
		one := arrival{haul{Page: page, pages: 1, held: []extract.Page{page}}, err}
		one.bytes = page.Held()
		a.holds(one.bytes)
		a.mu.Lock()
		a.inLine++
		a.mu.Unlock()
		select {
		case fetched <- one:
		case <-ctx.Done():
			return
		}
		if !a.mayFetch(ctx) {
			return
		}
		began = a.cfg.Now()
	}
}

// mayFetch waits until there is room in flight, or until there is nothing to do but to wait for this page; false: ctx has ended.
func (a *ahead) mayFetch(ctx context.Context) bool {
	for {
		a.mu.Lock()
		waited := a.wants && a.inLine == 0
		a.mu.Unlock()
		if waited || a.inFlight.Load() < maxAhead {
			return true
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			return false
		}
	}
}

// encodeAll encodes pages as they come, so that no commit is waited for. A schema that grows for records that are never committed is
// harmless.
func (a *ahead) encodeAll(ctx context.Context, fetched <-chan arrival, ready chan<- arrival) {
	most := a.topics[a.names.Data(a.root.Name)].MaxBytes
	for one := range fetched {
		if one.err == nil && a.encodes {
			one.encoded, one.err = a.encode(ctx, a.root, one.Records)
			if one.err == nil && a.joins {
				a.shed(&one, most)
			}
		}
		select {
		case ready <- one:
		case <-ctx.Done():
			return
		}
	}
}

// encode makes the values of the records that the source file's filters want.
func (w *Worker) encode(ctx context.Context, res *extract.Resource, records []extract.Record) ([]avro.Encoded, error) {
	texts := make([][]byte, 0, len(records))
	for i := range records {
		if !records[i].Filtered {
			texts = append(texts, records[i].JSON)
		}
	}
	if len(texts) == 0 {
		return make([]avro.Encoded, len(records)), nil
	}
	encoded, err := w.encoders[res.Name].Encode(ctx, texts)
	if err != nil || len(texts) == len(records) {
		return encoded, err
	}
	spread := make([]avro.Encoded, len(records))
	for i, n := 0, 0; i < len(records); i++ {
		if !records[i].Filtered {
			spread[i] = encoded[n]
			n++
		}
	}
	return spread, nil
}
