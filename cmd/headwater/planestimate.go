package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/headwater-stream/headwater/producer"
)

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
