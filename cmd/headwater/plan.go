package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

func (a *app) planCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "plan [resource…]",
		Short: "Says how many requests and how long the first reading will take, before it starts",
		Long: `Asks the API what run asks before it begins, and reckons from that how many requests the first reading takes: the backfill and one live
pass, or one listing, and a list of children for each parent. How long that takes is reckoned from the rate limit that the API tells, from
HEADWATER_CONCURRENCY, and from what a request takes now. What is not certain is said. Neither Kafka nor a schema registry is needed. What only
one may read at a time (a scroll) is reckoned only if it is named: it is read to its end then.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.plan(c.Context(), args, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) plan(ctx context.Context, resources []string, asJSON bool) error {
	seen := newPace()
	o := options{resources: resources, attempts: lookAttempts, waiting: a.tellWait, observer: seen}
	cfg, mistakes := a.load()
	p := &pipeline{cfg: cfg}
	named, err := a.openSource(p, o)
	if errors.Join(mistakes, err) != nil {
		return errors.Join(mistakes, asUsage(err))
	}
	defer p.close()
	seen.budgetNow = p.api.Budget
	if err := p.newDryWorker(avro.NewDesk(), named); err != nil {
		return &usageError{err}
	}
	if err := p.checkAPI(ctx, o); err != nil {
		return err
	}
	forecasts, err := p.worker.Forecast(ctx, seen.of)
	if err != nil {
		return err
	}
	if err := p.learnPeriod(ctx, seen); err != nil {
		return err
	}
	e := newEstimate(forecasts, seen, cfg.Concurrency)
	if asJSON {
		err = a.writeJSON(e)
	} else {
		err = e.print(a.stdout)
		for _, line := range e.notes() {
			a.say(line)
		}
		sh := newShell(cfg, p.names)
		a.sayNext([]string{sh.api("check"), sh.source + sh.kafka + sh.registry + sh.program + " run"})
	}
	return errors.Join(err, e.failed(forecasts))
}

// learnPeriod waits for the end of a period of the API's budget where that is soon, and what was seen of it does not tell how long it is.
func (p *pipeline) learnPeriod(ctx context.Context, seen *pace) error {
	b, now := p.api.Budget(), time.Now()
	if b.Limit == 0 || seen.exact > 0 || seen.longest >= soon {
		return nil
	}
	if err := sleep(ctx, b.Reset.Sub(now)); err != nil {
		return err
	}
	for _, r := range p.source.Roots() {
		if !r.Singleton {
			_ = p.api.Check(ctx, r) // its headers are what is wanted; its error was told
			break
		}
	}
	return ctx.Err()
}

// soon is how long a person waits for an answer without wondering.
const soon = 5 * time.Second

// pace is what requests have shown: how many there were, how long they took, and the API's budget. Safe for concurrent use.
type pace struct {
	budgetNow func() extract.Budget // set before the first request; nil: not looked at

	mu       sync.Mutex
	requests map[string]int
	took     time.Duration

	budget  extract.Budget // the newest
	longest time.Duration  // to the end of a period
	exact   time.Duration  // between the ends of two; 0: one was seen
}

func newPace() *pace { return &pace{requests: map[string]int{}} }

// Answered implements extract.Observer.
func (p *pace) Answered(a extract.Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[a.Resource]++
	p.took += a.Took
	if p.budgetNow != nil {
		p.look(p.budgetNow(), time.Now())
	}
}

// Retried implements extract.Observer.
func (p *pace) Retried(string, extract.Retry) {}

// HeldBack implements extract.Observer.
func (p *pace) HeldBack(time.Duration) {}

// of is how many requests were made for a resource so far.
func (p *pace) of(resource string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[resource]
}

// each is what one request took, and how many there were.
func (p *pace) each() (time.Duration, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, one := range p.requests {
		n += one
	}
	return p.took / time.Duration(max(1, n)), n
}

// look notes the budget as it is now. The caller holds mu, or is the only one.
func (p *pace) look(b extract.Budget, now time.Time) {
	if b.Limit == 0 || b.Reset.IsZero() {
		return
	}
	if between := b.Reset.Sub(p.budget.Reset); !p.budget.Reset.IsZero() && between > 900*time.Millisecond && (p.exact == 0 || between < p.exact) {
		p.exact = between.Round(time.Second)
	}
	p.longest = max(p.longest, b.Reset.Sub(now))
	p.budget = b
}

// usual are the periods that rate limits have.
var usual = []time.Duration{time.Second, 10 * time.Second, time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}

// period is that of the API's budget, and whether it was seen to be so; 0: the API tells none.
func (p *pace) period() (length time.Duration, sure bool) {
	if p.budget.Limit == 0 || p.exact > 0 {
		return p.exact, true
	}
	for _, u := range usual {
		if p.longest <= u+time.Second/2 { // the clocks are not the same
			return u, false
		}
	}
	return p.longest, false
}

// span is a number that is not known exactly, as JSON.
type span struct {
	Least  int  `json:"least"`
	Likely int  `json:"likely"`
	Most   *int `json:"most"` // null: not known
}

func newSpan(s producer.Span) span {
	out := span{Least: s.Least, Likely: s.Likely}
	if s.Most >= 0 {
		out.Most = &s.Most
	}
	return out
}

func (s span) String() string {
	switch {
	case s.Most == nil:
		return fmt.Sprintf("about %d (%d or more)", s.Likely, s.Least)
	case *s.Most == s.Least:
		return fmt.Sprint(s.Likely)
	}
	return fmt.Sprintf("about %d (%d to %d)", s.Likely, s.Least, *s.Most)
}

// estimate is what the command prints.
type estimate struct {
	Requests    span                `json:"requests"`
	Seconds     float64             `json:"seconds"`
	Bound       string              `json:"bound"`       // what sets the time: rate_limit, concurrency, or the resource that takes longest
	Asked       int                 `json:"asked"`       // requests that were made to know this
	RequestMS   float64             `json:"request_ms"`  // what one took
	Concurrency int                 `json:"concurrency"` // in flight at most
	Rate        *estimatedRate      `json:"rate_limit"`  // null: the API tells none
	Resources   []estimatedResource `json:"resources"`
}

type estimatedRate struct {
	Limit   int     `json:"limit"`
	Seconds float64 `json:"period_seconds"`
	Sure    bool    `json:"period_seen"`
}

type estimatedResource struct {
	Resource string   `json:"resource"`
	Records  *span    `json:"records,omitempty"` // not told of substreams
	Requests *span    `json:"requests,omitempty"`
	Seconds  float64  `json:"seconds"`
	Windows  int      `json:"windows,omitempty"`
	For      string   `json:"for,omitempty"` // a parent that is read for its substreams alone
	Skipped  string   `json:"skipped,omitempty"`
	Error    string   `json:"error,omitempty"`
	Unsure   []string `json:"unsure"`
}

func newEstimate(all []producer.Forecast, seen *pace, concurrency int) estimate {
	took, asked := seen.each()
	e := estimate{Asked: asked, RequestMS: float64(took.Microseconds()) / 1000, Concurrency: concurrency, Bound: "concurrency", Resources: []estimatedResource{}}
	if period, sure := seen.period(); period > 0 {
		e.Rate = &estimatedRate{Limit: seen.budget.Limit, Seconds: period.Seconds(), Sure: sure}
	}
	var sum producer.Span
	families := map[string]time.Duration{}
	for _, f := range all {
		one := estimatedResource{Resource: f.Resource, Windows: f.Windows, Unsure: append([]string{}, f.Unsure...)}
		switch {
		case f.Skipped:
			one.Skipped = "only one may read it at a time, and a look would take a worker's place: name it to have it reckoned; it is in no sum"
		case f.Err != nil:
			one.Error = oneLine(f.Err.Error())
		default:
			alone := time.Duration(f.Ahead)*took + time.Duration(f.Requests.Likely-f.Ahead)*took/time.Duration(max(1, f.Side))
			families[f.Root] += alone
			one.Seconds = max(alone.Seconds(), e.Rate.holds(f.Requests.Likely))
			requests := newSpan(f.Requests)
			one.Requests = &requests
			if f.Resource == f.Root {
				records := newSpan(f.Records)
				one.Records = &records
			}
			sum = add(sum, f.Requests)
		}
		if !f.Publish {
			one.For = "its substreams alone"
		}
		e.Resources = append(e.Resources, one)
	}
	e.Requests = newSpan(sum)
	e.Seconds = (time.Duration(sum.Likely) * took / time.Duration(max(1, concurrency))).Seconds()
	for _, f := range all {
		if alone := families[f.Root].Seconds(); alone > e.Seconds {
			e.Seconds, e.Bound = alone, f.Root
		}
	}
	if limited := e.Rate.holds(sum.Likely); limited > e.Seconds {
		e.Seconds, e.Bound = limited, "rate_limit"
	}
	return e
}

// leftToOthers is one in so many of the API's budget that the client does not use.
const leftToOthers = 40

// holds is for how many seconds so many requests are held back: those of the first period are not.
func (r *estimatedRate) holds(requests int) float64 {
	if r == nil {
		return 0
	}
	each := float64(r.Limit - r.Limit/leftToOthers)
	return max(0, float64(requests)/each-1) * r.Seconds
}

func add(a, b producer.Span) producer.Span {
	sum := producer.Span{Least: a.Least + b.Least, Likely: a.Likely + b.Likely, Most: a.Most + b.Most}
	if a.Most < 0 || b.Most < 0 {
		sum.Most = -1
	}
	return sum
}

func (e estimate) print(out io.Writer) error {
	rows := [][]string{{"RESOURCE", "RECORDS", "REQUESTS", "TIME ALONE", "WINDOWS"}}
	for _, r := range e.Resources {
		row := []string{r.Resource, "", "", "", ""}
		switch {
		case r.Skipped != "":
			row[2] = "not asked"
		case r.Error != "":
			row[2] = "not known"
		default:
			if r.Records != nil {
				row[1] = r.Records.String()
			}
			row[2], row[3] = r.Requests.String(), roughly(r.Seconds)
			if r.Windows > 1 {
				row[4] = fmt.Sprint(r.Windows)
			}
		}
		rows = append(rows, row)
	}
	rows = append(rows, []string{"in all", "", e.Requests.String(), roughly(e.Seconds), ""})
	return writeTable(out, rows)
}

// roughly is a time as people say it: no more exact than it is.
func roughly(seconds float64) string {
	switch {
	case seconds < 1:
		return "under 1s"
	case seconds < 120:
		return fmt.Sprintf("%ds", int(math.Ceil(seconds)))
	case seconds < 2*3600:
		return fmt.Sprintf("%d min", int(math.Ceil(seconds/60)))
	case seconds < 48*3600:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}

// notes are what the table is reckoned from, what is uncertain of it, and what follows.
func (e estimate) notes() []string {
	lines := []string{fmt.Sprintf("reckoned from %s: one takes %.0f ms now, %d may be in flight (HEADWATER_CONCURRENCY)", counted(int64(e.Asked), "request"), e.RequestMS, e.Concurrency)}
	switch {
	case e.Rate == nil:
		lines = append(lines, "the API tells no rate limit, or rate_limit in the source file does not name its headers: if it has one, it takes longer")
	default:
		period := roughly(e.Rate.Seconds)
		if !e.Rate.Sure {
			period += " (taken from when it ends)"
		}
		lines = append(lines, fmt.Sprintf("the API allows %d requests in %s, of which one in %d is left to others", e.Rate.Limit, period, leftToOthers))
	}
	lines = append(lines, "the time is set by "+e.boundText())
	for _, r := range e.Resources {
		for _, why := range r.Unsure {
			lines = append(lines, "? "+r.Resource+": "+why)
		}
		if r.Skipped != "" {
			lines = append(lines, "! "+r.Resource+": "+r.Skipped)
		}
	}
	return append(lines, "reckoned as if nothing were read yet: what is in the topics already is not known without Kafka",
		"not in it: what changes meanwhile, requests that fail and are made again, and what Kafka and the schema registry take")
}

func (e estimate) boundText() string {
	switch e.Bound {
	case "rate_limit":
		return "the rate limit: more requests in flight would not help"
	case "concurrency":
		return "how many requests may be in flight: a larger HEADWATER_CONCURRENCY helps"
	}
	return e.Bound + ", of which much is read one request after another"
}

// failed is the resources of which nothing can be told.
func (e estimate) failed(all []producer.Forecast) error {
	failed := &producer.FailedError{Resources: map[string]error{}, Nothing: true}
	for _, f := range all {
		if f.Err != nil {
			failed.Resources[f.Resource] = f.Err
		} else {
			failed.Nothing = false
		}
	}
	if len(failed.Resources) == 0 {
		return nil
	}
	return failed
}
