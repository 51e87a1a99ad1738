package producer

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headwater-stream/headwater/extract"
)

// Span is a number that is not known exactly.
type Span struct {
	Least, Likely int
	Most          int // -1: not known
}

func (s Span) plus(o Span) Span {
	sum := Span{s.Least + o.Least, s.Likely + o.Likely, s.Most + o.Most}
	if s.Most < 0 || o.Most < 0 {
		sum.Most = -1
	}
	return sum
}

func (s Span) times(n int) Span {
	if s.Most < 0 {
		return Span{s.Least * n, s.Likely * n, -1}
	}
	return Span{s.Least * n, s.Likely * n, s.Most * n}
}

func exactly(n int) Span { return Span{n, n, n} }

// Forecast is what the first reading of a resource will ask of the API: its backfill and one live pass, or one listing.
type Forecast struct {
	Resource string
	Root     string // whose traversal reads it; itself for a root
	Publish  bool   // it is selected; a parent that is not is read for its substreams
	Skipped  bool   // it takes a place that the API gives to one at a time, and was not named
	Records  Span   // of a root; of a substream those of its parents, each of which is one list
	Requests Span
	Ahead    int      // of Requests, those that are made one after another before anything is published: planning, looking ahead
	Side     int      // how many of the others may be in flight together
	Windows  int      // of the backfill
	Unsure   []string // why Requests may be off
	Err      error    // why nothing is told
}

// Forecast asks the API as much as a worker asks before it begins: how much there is, how windows are cut, and what the look-ahead shows. It
// needs no Kafka. requests tells how many requests were made for a resource so far; only those that a worker will make are made again then.
// The forecasts are in the source file's order, a root before its substreams. The error is ctx's; one of a resource is in its Forecast.
func (w *Worker) Forecast(ctx context.Context, requests func(resource string) int) ([]Forecast, error) {
	s := w.newSession(nil)
	roots := w.cfg.Source.Roots()
	families := make([][]Forecast, len(roots))
	var group errgroup.Group
	group.SetLimit(max(1, w.cfg.Concurrency))
	for i, root := range roots {
		r := newRunner(s, root)
		if r == nil {
			continue
		}
		if root.HoldsPlace() && len(w.cfg.Resources) == 0 {
			for _, name := range r.served() {
				families[i] = append(families[i], Forecast{Resource: name, Root: root.Name, Publish: true, Skipped: true})
			}
			continue
		}
		group.Go(func() error {
			families[i] = (&forecaster{runner: r, requests: requests}).family(ctx)
			return nil
		})
	}
	_ = group.Wait() // errors are in the forecasts
	var all []Forecast
	for _, f := range families {
		all = append(all, f...)
	}
	return all, ctx.Err()
}

// forecaster reckons one root and its substreams. One goroutine uses it.
type forecaster struct {
	*runner
	requests func(resource string) int
}

func (f *forecaster) family(ctx context.Context) []Forecast {
	root := Forecast{Resource: f.root.Name, Root: f.root.Name, Publish: f.publish, Side: 1}
	if root.Err = f.forecastRoot(ctx, &root); root.Err != nil {
		all := []Forecast{root}
		for _, child := range f.children {
			all = append(all, Forecast{Resource: child.Name, Root: f.root.Name, Publish: true, Err: fmt.Errorf("%s, its parent, cannot be read", f.root.Name)})
		}
		return all
	}
	all := []Forecast{root}
	for _, child := range f.children {
		one := Forecast{Resource: child.Name, Root: f.root.Name, Publish: true, Records: root.Records}
		before := f.requests(f.root.Name)
		one.Err = f.forecastChild(ctx, child, &one, root)
		if one.Err == nil && !f.root.HoldsPlace() { // the look-ahead reads parents as well
			more := f.requests(f.root.Name) - before
			all[0].Requests, all[0].Ahead = all[0].Requests.plus(exactly(more)), all[0].Ahead+more
		}
		all = append(all, one)
	}
	return all
}

func (f *forecaster) forecastRoot(ctx context.Context, to *Forecast) error {
	began := f.requests(f.root.Name)
	var cut backfill
	var err error
	if f.root.Incremental != nil {
		if cut, err = f.cut(ctx); err != nil {
			return err
		}
	}
	// A scroll that was opened is read to its end, so nothing of it is left to be looked at.
	sample, err := f.cfg.API.Sample(ctx, f.root, LookAhead)
	if err != nil {
		return err
	}
	to.Ahead = f.requests(f.root.Name) - began
	if f.root.HoldsPlace() {
		to.Ahead = 0
	}
	seen := sight{sample: sample, cut: cut}
	pages := seen.pages(f.root, to)
	if to.Windows > 1 {
		to.Side = min(to.Windows, f.cfg.Concurrency)
	}
	to.Requests = exactly(to.Ahead).plus(pages)
	if f.root.Incremental != nil {
		to.Requests = to.Requests.plus(exactly(1)) // the live pass behind it
	}
	return nil
}

// cut plans the backfill; where the root is read for its substreams only there is none, but one reading of all that there is.
func (f *forecaster) cut(ctx context.Context) (backfill, error) {
	if f.publish {
		return f.planBackfill(ctx)
	}
	start := f.cfg.API.Start(f.root)
	if start.IsZero() {
		start = epoch
	}
	probe, err := f.cfg.API.Probe(ctx, f.root, start)
	return backfill{from: start, t0: probe.Clock, windows: 1, probe: probe}, err
}

func (f *forecaster) forecastChild(ctx context.Context, child *extract.Resource, to *Forecast, root Forecast) error {
	before := f.requests(child.Name)
	sample, err := f.cfg.API.Sample(ctx, child, LookAhead)
	if err != nil {
		return err
	}
	made, parents := f.requests(child.Name)-before, len(sample.Pages)
	to.Side = f.cfg.Concurrency
	if !f.root.HoldsPlace() {
		to.Ahead = made
	}
	if made == parents {
		to.Requests = exactly(to.Ahead).plus(root.Records)
	} else {
		lists := root.Records.times(made)
		to.Requests = exactly(to.Ahead).plus(Span{root.Records.Least, (lists.Likely + parents - 1) / parents, -1})
		to.Unsure = append(to.Unsure, fmt.Sprintf("the lists of the first %d parents took %d requests; others may have more pages, or fewer", parents, made))
	}
	if root.Records.Most < 0 {
		to.Unsure = append(to.Unsure, "one list for each of "+f.root.Name+", whose number is not known")
	}
	return nil
}

// sight is what was seen of a root before anything is read.
type sight struct {
	sample extract.Sample
	cut    backfill
}

// pages is how many requests the listing takes, or all windows of the backfill together. Records, Windows and Unsure are filled in.
func (s sight) pages(r *extract.Resource, to *Forecast) Span {
	size, more := s.sample.Read, s.sample.More
	if n := len(s.sample.Pages); n > 0 {
		size = (s.sample.Read + n - 1) / n
	}
	total := s.sample.Total
	if r.Incremental != nil {
		to.Windows = s.cut.windows
		if s.cut.probe.PageSize > 0 {
			size, more, total = s.cut.probe.PageSize, s.cut.probe.More, s.cut.probe.Total
		}
		if s.cut.windows == 0 {
			return Span{}
		}
	}
	stepped := r.Incremental != nil && r.Incremental.Step > 0 && to.Windows > 1 // what was seen is of the last window alone
	var once Span
	switch {
	case stepped && s.cut.probe.PageSize == 0:
		once, to.Records = s.guess(r, to, size)
	case !more && (r.Incremental != nil || len(s.sample.Pages) <= 1):
		once, to.Records = exactly(1), exactly(s.sample.Records)
	case !s.sample.More && !stepped:
		once, to.Records = exactly(len(s.sample.Pages)), exactly(s.sample.Records)
	case total >= 0 && size > 0:
		once, to.Records = exactly((total+size-1)/size), exactly(total)
	default:
		once, to.Records = s.guess(r, to, size)
	}
	all := s.windowed(r, to, once)
	if r.Shifts() && all.Likely > max(1, to.Windows) {
		all = Span{2*all.Least - max(1, to.Windows), 2*all.Likely - max(1, to.Windows), -1}
		to.Unsure = append(to.Unsure, "its pages shift: what has several pages is read until two readings agree, twice at least and five times at most")
	}
	return all
}

// guess is for a listing that is longer than was looked at, of which the API does not say how long it is. Where its records have times,
// those that were seen tell how many there are in a time.
func (s sight) guess(r *extract.Resource, to *Forecast, size int) (pages, records Span) {
	seen := len(s.sample.Pages)
	records = Span{s.sample.Records, s.sample.Records, -1}
	pages = Span{seen, seen, -1}
	oldest, newest := s.times()
	span := newest.Sub(oldest)
	if r.Incremental == nil || span <= 0 {
		to.Unsure = append(to.Unsure, fmt.Sprintf("the API does not say how many there are, and there may be more than the %d that were looked at", s.sample.Records))
		return pages, records
	}
	share := float64(s.cut.t0.Sub(s.cut.from)) / float64(span)
	records.Likely = max(records.Least, int(share*float64(s.sample.Records)))
	pages.Likely = max(pages.Least, (records.Likely+size-1)/max(1, size))
	to.Unsure = append(to.Unsure, fmt.Sprintf("the API does not say how many there are: reckoned from the %d of %s to %s, as if it were so all the time",
		s.sample.Records, oldest.UTC().Format(time.DateOnly), newest.UTC().Format(time.DateOnly)))
	return pages, records
}

// times are those of the oldest and the newest record that was seen.
func (s sight) times() (oldest, newest time.Time) {
	for _, page := range s.sample.Pages {
		for _, rec := range page {
			if oldest.IsZero() || rec.Cursor.Before(oldest) {
				oldest = rec.Cursor
			}
			if rec.Cursor.After(newest) {
				newest = rec.Cursor
			}
		}
	}
	return oldest, newest
}

// windowed is what so many pages become when they are cut into windows: each is one request at least, and has one page that is not full. A
// window's request may have to ask for more on both sides than it takes.
func (s sight) windowed(r *extract.Resource, to *Forecast, pages Span) Span {
	windows := to.Windows
	if windows <= 1 {
		return pages
	}
	all := Span{max(windows, pages.Least), max(windows, pages.Likely) + min(windows, pages.Likely)/2, -1}
	if pages.Most >= 0 {
		all.Most = pages.Most + windows
	}
	length := s.cut.t0.Sub(s.cut.from) / time.Duration(windows)
	if margin := 2 * r.Incremental.QueryMargin; length > 0 && margin*100 > length {
		again := int(float64(pages.Likely) * float64(margin) / float64(length))
		all.Likely += again
		if all.Most >= 0 {
			all.Most += 2*again + windows
		}
	}
	to.Unsure = append(to.Unsure, fmt.Sprintf("how the records lie in the %d windows of time is not known", windows))
	return all
}
