package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/headwater-stream/headwater/internal/bench"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// roleAPI is the role of a child that serves the API.
const roleAPI = "serve-api"

// countsPath tells how many requests were answered, openPath lets an API answer that was started closed; neither is counted.
const (
	countsPath = "/_bench/counts"
	openPath   = "/_bench/open"
)

// counts is what the API's process says of itself.
type counts struct {
	Requests int64         `json:"requests"`
	Refused  int64         `json:"refused"` // 429
	Busy     time.Duration `json:"busy"`    // all requests' time from arrival to the answer's last byte, added up
}

// slowAPI answers like the sample API, but not before the latency is over. Until it is open it shows first pages only: workers find
// it in order, plan their backfill, and come to a halt.
type slowAPI struct {
	api     http.Handler
	latency time.Duration
	open    context.Context // done: it is open
	openNow func()

	requests, refused, busy atomic.Int64
}

func (a *slowAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == countsPath {
		_ = json.NewEncoder(w).Encode(counts{a.requests.Load(), a.refused.Load(), time.Duration(a.busy.Load())})
		return
	}
	if r.URL.Path == openPath {
		a.openNow()
		return
	}
	if a.open.Err() == nil && pastFirstPage(r) {
		select {
		case <-a.open.Done():
		case <-r.Context().Done():
			return
		}
	}
	began := time.Now()
	late := &lateWriter{ResponseWriter: w, at: began.Add(a.latency), left: r.Context().Done()}
	a.api.ServeHTTP(late, r)
	a.requests.Add(1)
	a.busy.Add(int64(time.Since(began)))
	if late.status == http.StatusTooManyRequests {
		a.refused.Add(1)
	}
}

// pastFirstPage says whether a search asks for more than its first page. The body can be read again afterwards.
func pastFirstPage(r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte(`"starting_after"`))
}

// lateWriter holds the answer back until its time has come.
type lateWriter struct {
	http.ResponseWriter
	at     time.Time
	left   <-chan struct{} // the client has gone
	status int
}

func (w *lateWriter) WriteHeader(status int) {
	w.status = status
	wait := time.NewTimer(time.Until(w.at))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-w.left:
	}
	w.ResponseWriter.WriteHeader(status)
}

func serveAPI(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(roleAPI, flag.ContinueOnError)
	contacts := flags.Int("contacts", 0, "")
	latency := flags.Duration("latency", 0, "")
	rate := flags.Int("rate", 0, "")
	closed := flags.Bool("closed", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	open, openNow := context.WithCancel(ctx)
	defer openNow()
	if !*closed {
		openNow()
	}
	api := sandbox.NewAPI(sandbox.APIConfig{Seed: 1, Size: *contacts, RateLimit: *rate})
	api.Prepare("contacts")
	server, err := sandbox.Serve("127.0.0.1:0", &slowAPI{api: api, latency: *latency, open: open, openNow: openNow})
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintln(out, server.URL())
	return bench.UntilLeft(ctx)
}

func startKafka(ctx context.Context, real bool) (*bench.Kafka, error) {
	if real {
		return bench.StartReal(ctx)
	}
	return bench.StartEmbedded(ctx)
}
