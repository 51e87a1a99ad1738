package producer

import (
	"context"
	"iter"

	"github.com/headwater-stream/headwater/extract"
)

// maxAhead bounds the bytes of records that a worker holds in pages that were fetched and wait for the page before them to be
// committed. Beyond it a page is fetched when it is asked for.
const maxAhead = 16 << 20

// fetched is an element of what a client's Pages yields.
type fetched struct {
	page extract.Page
	err  error
}

// readAhead yields what the client's Pages yields, in the same order, and meanwhile fetches one page more: the next one is on its way
// while a page is encoded and committed. It changes nothing of what is committed when, because a position is committed with its own
// page. It may not be used where another reading of the resource is published between two pages: a page would then be older than it
// seems. When it returns, its goroutine has ended; a request that it had under way is cut off.
func (r *runner) readAhead(ctx context.Context, pos extract.Position) iter.Seq2[extract.Page, error] {
	return func(yield func(extract.Page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		next, asked, ended := make(chan fetched), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			defer close(next)
			r.fetchPages(ctx, pos, next, asked)
		}()
		defer func() {
			cancel()
			<-ended
		}()
		for {
			var f fetched
			var more bool
			select {
			case f, more = <-next:
			case asked <- struct{}{}:
				f, more = <-next
			}
			if !more || !yield(f.page, f.err) {
				return
			}
		}
	}
}

// fetchPages hands over page after page until ctx ends.
func (r *runner) fetchPages(ctx context.Context, pos extract.Position, next chan<- fetched, asked <-chan struct{}) {
	began := r.cfg.Now()
	for page, err := range r.cfg.API.Pages(ctx, r.root, pos) {
		r.requesting.Add(int64(r.cfg.Now().Sub(began)))
		size := int64(0)
		for _, rec := range page.Records {
			size += int64(len(rec.JSON))
		}
		r.waitingBytes.Add(size)
		select {
		case next <- fetched{page, err}:
			r.waitingBytes.Add(-size)
		case <-ctx.Done():
			r.waitingBytes.Add(-size)
			return
		}
		if r.waitingBytes.Load() >= maxAhead {
			select {
			case <-asked:
			case <-ctx.Done():
				return
			}
		}
		began = r.cfg.Now()
	}
}
