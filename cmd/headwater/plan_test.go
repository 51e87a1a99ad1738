package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/sandbox"
	"github.com/headwater-stream/headwater/producer"
)

// planned runs the command where neither Kafka nor a registry is.
func (s stack) planned(t *testing.T, code int, args ...string) (e estimate, c *command) {
	t.Helper()
	c = newCommand(s.api(t)).run(deadline(t), append([]string{"plan", "--json"}, args...)...).want(t, code)
	if text := c.stdout.String() + c.stderr.String(); strings.Contains(text, token) {
		t.Errorf("the token is printed:\n%s", text)
	}
	if err := json.Unmarshal([]byte(c.stdout.String()), &e); err != nil {
		t.Fatalf("%s: %v", c.stdout, err)
	}
	return e, c
}

// What is reckoned is what the first reading then asks of the API: exactly where it is said to be certain; else in all within a tenth, of each
// resource within a fifth or three requests, and always as many as the least that was said, and hardly more than the most.
func TestPlanIsWhatRunRequests(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"few pages": 100, "windows": 1500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startStackOf(t, size)
			resources := s.resources(t)
			e, _ := s.planned(t, exitOK, resources...)
			asked := 0
			for _, n := range s.API.Stats().Requests {
				asked += n
			}
			if e.Asked != asked || e.RequestMS <= 0 || e.Seconds <= 0 {
				t.Errorf("%d requests to know it, not %d: %+v", asked, e.Asked, e)
			}
			if more := asked * 3; more > e.Requests.Likely && size > 1000 {
				t.Errorf("%d requests to tell of %d", asked, e.Requests.Likely)
			}
			s.API.ResetStats()
			s.once(t)
			made, all := s.API.Stats().Requests, 0
			for _, r := range e.Resources {
				n := made[r.Resource]
				all += n
				if off := math.Abs(float64(n - r.Requests.Likely)); off > max(3, float64(n)/5) || n < r.Requests.Least || r.Requests.Most != nil && n > *r.Requests.Most+1 {
					t.Errorf("%s: %d requests; reckoned were %+v, most %v", r.Resource, n, *r.Requests, r.Requests)
				}
				if r.Resource == resources[0] {
					n-- // the preflight asks it
				}
				if most := r.Requests.Most; most != nil && *most == r.Requests.Least && n != *most {
					t.Errorf("%s: %d requests, and it was said to be certain that there are %d", r.Resource, n, *most)
				}
				if r.Records != nil && r.Records.Most != nil && r.Records.Likely != len(s.API.Truth(r.Resource)) {
					t.Errorf("%s: %d records, not %d", r.Resource, len(s.API.Truth(r.Resource)), r.Records.Likely)
				}
			}
			if off := math.Abs(float64(all - e.Requests.Likely)); off > float64(all)/10 || all < e.Requests.Least {
				t.Errorf("%d requests in all; reckoned were %+v", all, e.Requests)
			}
			t.Logf("%d requests in all, reckoned %v, asked %d", all, e.Requests, e.Asked)
		})
	}
}

// The time is what the rate limit, the requests in flight, or a listing's pages one after another take, whichever is longest.
func TestEstimateTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	forecasts := func(requests, side int) []producer.Forecast {
		s := producer.Span{Least: requests, Likely: requests, Most: requests}
		return []producer.Forecast{{Resource: "a", Root: "a", Publish: true, Requests: s, Side: side}, {Resource: "b", Root: "b", Publish: true, Requests: s, Side: side}}
	}
	for name, test := range map[string]struct {
		limit    int
		requests int
		side     int
		seconds  float64
		bound    string
	}{
		"in flight":        {0, 1000, 8, 2000 * 0.1 / 8, "concurrency"},
		"one by one":       {0, 1000, 1, 1000 * 0.1, "a"},
		"limited":          {100, 1000, 8, (2000.0/98 - 1) * 10, "rate_limit"},
		"within the limit": {4000, 1000, 8, 2000 * 0.1 / 8, "concurrency"},
	} {
		seen := newPace()
		for range 10 {
			seen.Answered(extract.Answer{Resource: "a", Took: 100 * time.Millisecond})
		}
		seen.look(extract.Budget{Limit: test.limit, Reset: now.Add(8 * time.Second)}, now)
		e := newEstimate(forecasts(test.requests, test.side), seen, 8)
		if math.Abs(e.Seconds-test.seconds) > 0.01 || e.Bound != test.bound || e.Requests.Likely != 2*test.requests || e.RequestMS != 100 {
			t.Errorf("%s: %+v, want %v s by %s", name, e, test.seconds, test.bound)
		}
	}
}

// How long a period is shows between the ends of two; of one the longest time to its end tells the usual period that it fits into.
func TestPeriodOfTheBudget(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	for name, test := range map[string]struct {
		at, resets []time.Duration
		want       time.Duration
		sure       bool
	}{
		"none":         {nil, nil, 0, true},
		"one":          {[]time.Duration{0}, []time.Duration{7 * time.Second}, 10 * time.Second, false},
		"the longest":  {[]time.Duration{0, 6 * time.Second}, []time.Duration{9 * time.Second, 9 * time.Second}, 10 * time.Second, false},
		"an hour":      {[]time.Duration{0}, []time.Duration{40 * time.Minute}, time.Hour, false},
		"two":          {[]time.Duration{0, 5 * time.Second}, []time.Duration{4 * time.Second, 34 * time.Second}, 30 * time.Second, true},
		"ahead of us":  {[]time.Duration{0}, []time.Duration{10*time.Second + 300*time.Millisecond}, 10 * time.Second, false},
		"unusual":      {[]time.Duration{0}, []time.Duration{50 * time.Hour}, 50 * time.Hour, false},
		"two and more": {[]time.Duration{0, 21 * time.Second, 31 * time.Second}, []time.Duration{10 * time.Second, 30 * time.Second, 40 * time.Second}, 10 * time.Second, true},
	} {
		seen := newPace()
		for i, at := range test.at {
			seen.look(extract.Budget{Limit: 10, Reset: now.Add(test.resets[i])}, now.Add(at))
		}
		if got, sure := seen.period(); got != test.want || sure != test.sure {
			t.Errorf("%s: %v %v", name, got, sure)
		}
	}
}

// The API's own limit is what is reckoned with: its headers tell it, and how long a period is shows in ten seconds at the latest.
func TestPlanKnowsTheRateLimit(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Start(sandbox.StackConfig{
		API:     sandbox.APIConfig{Size: 100, Token: token, RateLimit: 200},
		APIAddr: "127.0.0.1:0", Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	e, _ := stack{s}.planned(t, exitOK)
	if e.Rate == nil || e.Rate.Limit != 200 || e.Rate.Seconds != 10 {
		t.Errorf("%+v", e.Rate)
	}
	if n := s.API.Stats().RateLimited; n > 0 {
		t.Errorf("%d requests were refused", n)
	}
}

// What is not certain is said, and what is not asked.
func TestPlanSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := startStackOf(t, 600)
	c := newCommand(s.api(t)).run(deadline(t), "plan").want(t, exitOK)
	for _, says := range []string{
		"companies not asked", "in all about",
	} {
		if !strings.Contains(squeezed(c), says) {
			t.Errorf("%q is not printed:\n%s", says, c.stdout)
		}
	}
	for _, says := range []string{
		"the API tells no rate limit, or ",
		"! companies: only one may read it at a time",
		"? activity_logs: the API does not say how many there are: reckoned from the ",
		"? activity_logs: its pages shift",
		"reckoned as if nothing were read yet", "not in it: what changes meanwhile", " check\n", " run\n",
	} {
		if !strings.Contains(c.stderr.String(), says) {
			t.Errorf("%q is not said:\n%s", says, c.stderr)
		}
	}
	if s.API.Stats().Scrolls.Opened != 0 {
		t.Error("a scroll was opened")
	}
}

// What cannot be read is said, and what can is reckoned.
func TestPlanOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.post(t, "fail?resource=conversations&status=403&n=100")
	e, c := s.planned(t, exitFailed, "tags", "conversations", "conversation_parts")
	if len(e.Resources) != 3 || e.Resources[0].Requests.Likely != 2 || e.Resources[1].Error == "" || e.Resources[2].Error == "" || e.Requests.Likely != 2 {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(c.stderr.String(), "conversations: POST ") {
		t.Error(c.stderr)
	}
	got := newCommand(map[string]string{"SOURCE_ACCESS_TOKEN": token}).run(deadline(t), "plan", "tgas").want(t, exitUsage)
	if !strings.Contains(got.stderr.String(), "did you mean tags?") {
		t.Error(got.stderr)
	}
}
