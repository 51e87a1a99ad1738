package extract

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"
)

// Options sets what a [Client] needs from outside. The zero value works.
type Options struct {
	Concurrency int          // requests in flight; 0: 8
	HTTP        *http.Client // nil: one of its own, with timeouts

	Now   func() time.Time                                 // nil: time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil: sleeps. Returns ctx's error if it ends first

	// OnWait is told why a resource waits, and again with Reason "" when the wait is over. It may be called
	// concurrently and must not block. nil: nobody is told.
	OnWait func(Wait)
	// OnRequest is called before each request is sent, retries included. It may be called concurrently.
	OnRequest func(resource string)

	UserAgent string // "" : "headwater"
}

// Wait says why a resource waits.
type Wait struct {
	Resource string
	Reason   string    // "": the wait is over
	Until    time.Time // by Options.Now
}

// Client reads a source. It is safe for concurrent use; all resources share its rate budget and its limit of requests in
// flight.
type Client struct {
	src *Source
}

var errNotBuilt = errors.New("not built yet")

// NewClient checks the settings and makes a client. settings maps the names of the source's settings to their values;
// errors name the setting, never a secret's value, and all that is wrong is reported at once. Nothing is sent.
func NewClient(src *Source, settings map[string]string, o Options) (*Client, error) {
	return nil, errNotBuilt
}

// Start returns where the resource's records begin according to its initial_value; the zero time if that is not set.
func (c *Client) Start(r *Resource) time.Time { return time.Time{} }

// Pages reads r from pos to the end of its pass. The error, if any, is the last element.
func (c *Client) Pages(ctx context.Context, r *Resource, pos Position) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) { yield(Page{}, errNotBuilt) }
}

// Children reads the whole list of child for one parent record.
func (c *Client) Children(ctx context.Context, child *Resource, parent Record) (recs []Record, complete, gone bool, err error) {
	return nil, false, false, errNotBuilt
}

// Probe asks for the first page of everything since start.
func (c *Client) Probe(ctx context.Context, r *Resource, start time.Time) (Probe, error) {
	return Probe{}, errNotBuilt
}

// Now returns the API's clock.
func (c *Client) Now(ctx context.Context, r *Resource) (time.Time, error) {
	return time.Time{}, errNotBuilt
}

// Check makes one cheap request for r and returns its error.
func (c *Client) Check(ctx context.Context, r *Resource) error { return errNotBuilt }
