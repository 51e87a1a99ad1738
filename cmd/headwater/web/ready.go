package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// Registry is the schema registry's client.
type Registry interface {
	Answers(ctx context.Context) error
}

const (
	readyDeadline = 3 * time.Second // for a server's answer: below what those who ask usually wait
	readyAge      = time.Second     // for which an answer holds: whoever asks often does not have the servers asked as often
	badAnswers    = 3               // of the API in a row, until it counts as away: requests are tried again, one failure means nothing
)

// part is one of the things that a worker needs.
type part struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

func partOf(err error) part {
	if err != nil {
		return part{Error: producer.Reason("", err)} // with what a person can do
	}
	return part{OK: true}
}

// readiness is what /ready answers with.
type readiness struct {
	Ready bool            `json:"ready"`
	Parts map[string]part `json:"parts"`
}

// Ready answers /ready: whether everything that the worker reads from and writes to is connected. Kafka and the registry are asked. The
// API is not, because a question costs a part of its rate budget: its last answers tell. A pause for the rate limit is no failure of any
// part.
type Ready struct {
	Worker   Worker
	Metrics  *Metrics // which observe the API's client
	Registry Registry // nil: there is none
	Shared   bool     // the lanes are shared in a group: this worker may have none
	Now      func() time.Time

	mu   sync.Mutex // held while the servers are asked
	last readiness
	at   time.Time
}

// Routes adds /ready to a server.
func (r *Ready) Routes(s *Server) { s.Handle("GET /ready", r) }

func (r *Ready) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	answer := r.look(req.Context())
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, answer)
}

func (r *Ready) look(ctx context.Context) readiness {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && r.Now().Sub(r.at) < readyAge {
		return r.last
	}
	// Others have the answer, too: whoever asked first may go.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyDeadline)
	defer cancel()
	snap := r.Worker.Snapshot()
	parts := map[string]part{"api": partOf(r.Metrics.api.failure()), "lanes": partOf(lanes(snap, r.Shared))}
	var kafka, registry error
	var asking sync.WaitGroup
	asking.Go(func() { kafka = r.Worker.Ping(ctx) })
	if r.Registry != nil {
		asking.Go(func() { registry = r.Registry.Answers(ctx) })
	}
	asking.Wait()
	parts["kafka"] = partOf(kafka)
	if r.Registry != nil {
		parts["registry"] = partOf(registry)
	}
	r.last, r.at = readiness{Ready: true, Parts: parts}, r.Now()
	for _, p := range parts {
		r.last.Ready = r.last.Ready && p.OK
	}
	return r.last
}

// retaking reports whether the worker is about to take its lanes again, as it does after a commit that failed, or after a command that
// visited them: that is no reason to send it away.
func retaking(s producer.Snapshot) bool { return s.Err != nil && lost(s) == levelWarn }

// lanes says why the worker cannot commit.
func lanes(s producer.Snapshot, shared bool) error {
	if retaking(s) {
		return nil
	}
	if len(s.Lanes) == 0 {
		if s.Err != nil {
			return fmt.Errorf("taking the lanes again after: %w", s.Err)
		}
		return errors.New("no lane is taken yet")
	}
	missing := 0
	for _, l := range s.Lanes {
		if !l.Held && (l.Given || !shared) {
			missing++
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d lanes are not taken yet", missing, len(s.Lanes))
	}
	return nil
}

// apiHealth is what the API's last answers tell of it. Safe for concurrent use.
type apiHealth struct {
	mu   sync.Mutex
	seen bool  // it has answered as it should, or with its rate limit
	bad  int   // answers in a row since that it should not have given
	last error // the last of them
}

func (h *apiHealth) note(a extract.Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case a.Limited:
		h.seen = true // it is there, and that is all that this says
	case a.Failure != nil && (a.Failure.Kind == extract.KindUnauthorized || a.Failure.Kind == extract.KindUnavailable):
		h.bad, h.last = h.bad+1, a.Failure
	default: // also an answer that is a failure of the one request
		h.seen, h.bad = true, 0
	}
}

func (h *apiHealth) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.bad >= badAnswers, !h.seen && h.bad > 0:
		return h.last
	case !h.seen:
		return errors.New("it was not asked yet")
	}
	return nil
}
