package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

type shownRegistry struct{ err error }

func (p *shownRegistry) Answers(context.Context) error { return p.err }

func failed(kind extract.Kind, status int) extract.Answer {
	return extract.Answer{Status: status, Failure: &extract.Error{Kind: kind, Status: status, Message: "the API says no", Hint: "ask it nicely"}}
}

// Each part fails by itself, with its error; what is no failure of a part fails none.
func TestReady(t *testing.T) {
	t.Parallel()
	good := extract.Answer{Status: 200}
	down, refused, forbidden := failed(extract.KindUnavailable, 503), failed(extract.KindUnauthorized, 401), failed(extract.KindUnauthorized, 403)
	limited := failed(extract.KindUnavailable, 429)
	limited.Limited = true
	for name, c := range map[string]struct {
		answers  []extract.Answer
		kafka    error
		registry error
		lanes    []producer.Lane
		broken   error
		since    time.Duration // that it is broken
		shared   bool
		want     string // the parts that fail, with a word of each
	}{
		"all is well":               {answers: []extract.Answer{good}},
		"nothing was asked yet":     {want: "api not asked"},
		"no answer at the start":    {answers: []extract.Answer{down}, want: "api the API says no → ask it nicely"},
		"one answer is missing":     {answers: []extract.Answer{good, down, down, good, down, down}},
		"the API is away":           {answers: []extract.Answer{good, down, down, down}, want: "api the API says no"},
		"the token was taken away":  {answers: []extract.Answer{good, refused, refused, refused}, want: "api the API says no"},
		"one permission is missing": {answers: []extract.Answer{good, forbidden, good, forbidden, good, forbidden}},
		"a bad source file":         {answers: []extract.Answer{failed(extract.KindRejected, 400), failed(extract.KindNotFound, 404)}},
		"the rate limit is used up": {answers: []extract.Answer{limited, limited, limited, limited}},
		"Kafka is away":             {answers: []extract.Answer{good}, kafka: errors.New("no broker"), want: "kafka no broker"},
		"the registry is away":      {answers: []extract.Answer{good}, registry: errors.New("no registry"), want: "registry no registry"},
		"no session yet":            {answers: []extract.Answer{good}, lanes: []producer.Lane{}, want: "lanes no lane is taken yet"},
		"between two sessions":      {answers: []extract.Answer{good}, lanes: []producer.Lane{}, broken: errors.New("fenced"), since: retake - 1},
		"its lanes are taken again": {answers: []extract.Answer{good}, lanes: lanesOf(5, 16), broken: errors.New("fenced"), since: retake - 1},
		"no session for long":       {answers: []extract.Answer{good}, lanes: []producer.Lane{}, broken: errors.New("fenced"), since: retake, want: "lanes after: fenced"},
		"no session can begin": {answers: []extract.Answer{good}, lanes: []producer.Lane{}, broken: &producer.EnvironmentError{Op: "reach Kafka", Err: errors.New("gone")},
			want: "lanes after: reach Kafka"},
		"some lanes are taken":     {answers: []extract.Answer{good}, lanes: lanesOf(5, 16), want: "lanes 11 of 16"},
		"its share is taken":       {answers: []extract.Answer{good}, lanes: lanesOf(5, 5), shared: true},
		"its share is being taken": {answers: []extract.Answer{good}, lanes: lanesOf(5, 8), shared: true, want: "lanes 3 of 16"},
		"the group has no share":   {answers: []extract.Answer{good}, lanes: lanesOf(0, 0), shared: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, w := NewMetrics(Version{}), busyWorker()
			for _, a := range c.answers {
				m.Answered(a)
			}
			w.shown.At, w.shown.ErrSince = noon.Add(c.since), noon
			if w.away, w.shown.Err = c.kafka, c.broken; c.lanes != nil {
				w.shown.Lanes = c.lanes
			}
			s := listen(t, "127.0.0.1:0", false)
			(&Ready{Worker: w, Metrics: m, Registry: &shownRegistry{c.registry}, Shared: c.shared, Now: func() time.Time { return noon }}).Routes(s)
			status, body := ask(t, http.MethodGet, s.URL()+"/ready")
			var got readiness
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Parts) != 4 || got.Ready != (c.want == "") || (status == http.StatusOK) != got.Ready || !got.Ready && status != http.StatusServiceUnavailable {
				t.Errorf("%d %s", status, body)
			}
			bad, word, _ := strings.Cut(c.want, " ")
			for part, p := range got.Parts {
				if p.OK != (part != bad) || p.OK != (p.Error == "") || !p.OK && !strings.Contains(p.Error, word) {
					t.Errorf("%s: %s", part, body)
				}
			}
		})
	}
}

// Whoever asks often has the servers asked once a second, and values in JSON need no registry.
func TestReadyIsNotAskedTooOften(t *testing.T) {
	t.Parallel()
	m, w, now := NewMetrics(Version{}), busyWorker(), noon
	m.Answered(extract.Answer{Status: 200})
	r := &Ready{Worker: w, Metrics: m, Now: func() time.Time { return now }}
	for range 10 {
		if got := r.look(t.Context()); !got.Ready || len(got.Parts) != 3 {
			t.Errorf("%+v", got)
		}
	}
	w.change(func() { w.away = errors.New("no broker") })
	now = now.Add(readyAge)
	if got := r.look(t.Context()); got.Ready || w.asked != 2 {
		t.Errorf("%+v, asked %d times", got, w.asked)
	}
}
