package extract

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/klauspost/compress/gzip"
)

const (
	maxAttempts    = 8                // of one request, unless told otherwise; the waits between them add up to about half a minute
	maxBody        = 64 << 20         // bytes of an answer, after inflation
	maxRetryAfter  = 5 * time.Minute  // longest Retry-After that is obeyed in place
	requestTimeout = 2 * time.Minute  // of one request, its body included, where the source file does not say
	firstBackoff   = time.Second      // upper bound of the first wait
	lastBackoff    = 60 * time.Second // upper bound of all others
)

// errRedirect refuses a redirect: the token goes to the configured host only.
var errRedirect = errors.New("redirect refused")

// fetched is a 2xx whose body was walked (Resource.walk).
type fetched struct {
	sheet  *sheet
	header http.Header
}

// fetch sends q until it is answered, as often as it may.
func (c *Client) fetch(ctx context.Context, q *request) (fetched, error) {
	intervals := newBackoff()
	renewed := false
	for attempt := 1; ; attempt++ {
		sheet, header, err := c.send(ctx, q)
		if err == nil {
			return fetched{sheet, header}, nil
		}
		if ctx.Err() != nil {
			return fetched{}, fmt.Errorf("%s: %w", q.resource.Name, ctx.Err())
		}
		if err.Status == http.StatusUnauthorized && q.access != "" && !renewed {
			c.loginOf(q.resource).oauth.refused(q.access)
			c.retried(q, RetryUnauthorized)
			renewed = true
			attempt--
			continue
		}
		wait, asked := c.askedWait(err, header)
		if !asked && err.waits && err.pause > 0 {
			wait, asked = err.pause, true // what the source file says in its place
		}
		limited := asked && err.transient && err.isLimit()
		if limited {
			now, _ := c.clock.now(c.now())
			c.budget.block(now.Add(wait)) // everybody waits, in reserve
		}
		if !err.transient || attempt >= q.attempts || c.loses(q, err, attempt) {
			if err.transient && attempt > 1 {
				err.Message = strings.TrimSpace(fmt.Sprintf("%s (%d attempts)", err.Message, attempt))
			}
			return fetched{}, err
		}
		c.retried(q, retryOf(err))
		if limited {
			continue
		}
		if !asked {
			wait = intervals.NextBackOff()
		}
		reason := fmt.Sprintf("%s; attempt %d of %d follows", err.brief(), attempt+1, q.attempts)
		if err := c.wait(ctx, q.resource, WaitRetry, reason, wait); err != nil {
			return fetched{}, fmt.Errorf("%s: %w", q.resource.Name, err)
		}
	}
}

// isLimit reports whether an answer is about all of our requests: 429, or what a source file waits for of the 403 that some APIs
// give in its place.
func (e *Error) isLimit() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusForbidden && e.waits
}

// loses reports whether sending the same request again could lose or loop: a scroll may have moved on, and a token that
// makes the server fail twice is refused.
func (c *Client) loses(q *request, err *Error, attempt int) bool {
	if q.token == "" {
		return false
	}
	return q.resource.request.pages.kind == pagingScroll || err.Status == http.StatusInternalServerError && attempt >= 2
}

// newBackoff doubles from one second to a minute; every wait is drawn from zero to that (full jitter).
func newBackoff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		// The library draws from [0, 2 × interval] at factor 1.
		InitialInterval: firstBackoff / 2, RandomizationFactor: 1, Multiplier: 2, MaxInterval: lastBackoff / 2,
	}
}

// askedWait returns how long the answer itself asks to wait.
func (c *Client) askedWait(err *Error, header http.Header) (time.Duration, bool) {
	if header == nil {
		return 0, false
	}
	now, _ := c.clock.now(c.now())
	if text := header.Get("Retry-After"); text != "" {
		if seconds, e := strconv.Atoi(text); e == nil && seconds >= 0 {
			return min(time.Duration(min(seconds, 1<<20))*time.Second, maxRetryAfter), true
		}
		if at, e := http.ParseTime(text); e == nil {
			return min(max(0, at.Sub(now)), maxRetryAfter), true
		}
	}
	if err.Status != http.StatusTooManyRequests && !err.waits {
		return 0, false
	}
	reset, ok := readReset(header, c.src.client.rate, now)
	until := reset.Sub(now)
	if !ok || until <= 0 {
		return 0, false // in the past: it tells nothing, back off
	}
	return min(until, maxWait), true
}

// wait sleeps and tells why.
func (c *Client) wait(ctx context.Context, r *Resource, kind WaitKind, reason string, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if c.o.OnWait != nil {
		c.o.OnWait(Wait{Resource: r.Name, Kind: kind, Reason: reason, Until: c.now().Add(d)})
		defer c.o.OnWait(Wait{Resource: r.Name})
	}
	return c.o.Sleep(ctx, d)
}

// reserve waits for a place among the requests in flight and for the rate budget.
func (c *Client) reserve(ctx context.Context, r *Resource) error {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	var since time.Time // zero: it does not wait
	for {
		now, _ := c.clock.now(c.now())
		h, ok := c.budget.take(now, c.src.client.rate.limit != "")
		if ok {
			if c.o.Observer != nil && !since.IsZero() {
				c.o.Observer.HeldBack(c.now().Sub(since))
			}
			return nil
		}
		if since.IsZero() {
			since = c.now()
		}
		if err := c.holdBack(ctx, r, h, now); err != nil {
			<-c.slots
			return err
		}
	}
}

// holdBack waits for what h names; now is the API's clock.
func (c *Client) holdBack(ctx context.Context, r *Resource, h hold, now time.Time) error {
	if h.answer == nil {
		err := c.wait(ctx, r, WaitBudget, "rate limit", min(h.until.Sub(now), h.most))
		if err == nil {
			c.budget.waited(h.until)
		}
		return err
	}
	if h.until.IsZero() {
		select {
		case <-h.answer:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	woken, wake := context.WithCancel(ctx)
	defer wake()
	go func() {
		select {
		case <-h.answer:
			wake()
		case <-woken.Done():
		}
	}()
	err := c.wait(woken, r, WaitBudget, "rate limit", min(h.until.Sub(now), h.most))
	if err == nil {
		c.budget.waited(h.until)
		return nil
	}
	return ctx.Err() // nil: an answer came
}

// send sends q once. header is nil if there was no answer.
func (c *Client) send(ctx context.Context, q *request) (answer *sheet, header http.Header, failure *Error) {
	if o := c.loginOf(q.resource).oauth; o != nil {
		if q.access, failure = o.get(ctx, q); failure != nil {
			q.access = ""
			return nil, nil, failure
		}
	}
	if err := c.reserve(ctx, q.resource); err != nil {
		return nil, nil, q.fail(KindUnavailable, "%v", err)
	}
	since, status := c.now(), 0
	defer func() {
		now, _ := c.clock.now(c.now())
		c.budget.answered(header, c.src.client.rate, now)
		c.answered(ctx, q, since, status, failure)
		<-c.slots
	}()
	bounded, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	hr, err := c.httpRequest(bounded, q)
	if err != nil {
		return nil, nil, q.fail(KindProtocol, "build request: %s", c.scrub(err.Error()))
	}
	resp, err := c.http.Do(hr)
	if err != nil {
		return nil, nil, c.noAnswer(q, err)
	}
	defer resp.Body.Close()
	status = resp.StatusCode
	c.clock.learn(resp.Header, c.now())
	answer = c.sheets.get()
	if failure = c.receive(q, resp, answer); failure != nil {
		return nil, resp.Header, failure // which may tell of the body: the sheet is not put back
	}
	return answer, resp.Header, nil
}

// receive reads and walks an answer and says what is wrong with it, as the source file sees it.
func (c *Client) receive(q *request, resp *http.Response, s *sheet) *Error {
	failure := c.readBody(q, resp, s)
	body := s.body
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		refused := c.refused(q, resp.StatusCode, body)
		if failure != nil && failure.transient {
			// What it says of itself did not arrive whole, and its code might have meant something else.
			refused.transient, refused.Message = true, failure.Message
		}
		return c.act(q, resp, body, refused)
	}
	if failure != nil {
		return failure
	}
	if err := q.resource.walk(s); err != nil && len(body) == 0 && resp.StatusCode == http.StatusNoContent {
		failure = q.fail(KindProtocol, "the answer is 204: it has no content, and so no list of records")
		failure.Status, failure.Hint = resp.StatusCode, "if it means that there are none, say so in the source file: response_actions: [{ status_code: 204, action: empty }]"
		failure = c.finish(failure, q)
	} else if err != nil {
		what := ""
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
			what = "it is HTML or XML: "
		}
		failure = c.finish(q.fail(KindProtocol, "answer is not readable as JSON: %s%v", what, err), q)
		failure.Status, failure.transient = resp.StatusCode, !strings.HasPrefix(err.Error(), "nested")
	}
	return c.act(q, resp, body, failure)
}

// timeout bounds one request with its body.
func (c *Client) timeout() time.Duration {
	if t := c.src.client.timeout; t > 0 {
		return t
	}
	return requestTimeout
}

func (c *Client) httpRequest(ctx context.Context, q *request) (*http.Request, error) {
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	hr, err := http.NewRequestWithContext(ctx, q.method, q.url.String(), body)
	if err != nil {
		return nil, err
	}
	if q.token != "" && q.resource.request.pages.kind == pagingScroll {
		// net/http sends a GET again by itself when a kept-alive connection drops, and the server would skip a page. It
		// does not while there is a body that it cannot rewind; an empty one adds nothing to the request.
		hr.Body = io.NopCloser(strings.NewReader(""))
	}
	hr.Header = c.headers.Clone()
	for _, h := range q.headers {
		hr.Header.Set(h.name, h.value)
	}
	if q.body != nil && hr.Header.Get("Content-Type") == "" {
		hr.Header.Set("Content-Type", map[bool]string{true: "application/x-www-form-urlencoded", false: "application/json"}[q.form])
	}
	c.authorize(hr, q)
	return hr, nil
}

// readBody reads a body of at most maxBody bytes, inflated if need be.
func (c *Client) readBody(q *request, resp *http.Response, s *sheet) *Error {
	var from io.Reader = resp.Body
	length := resp.ContentLength
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		z, err := c.inflaters.get(resp.Body)
		if err != nil {
			return c.cutShort(q, resp, err)
		}
		defer c.inflaters.put(z)
		from, length = z, -1
	}
	if err := s.read(from, length, c.maxBody); err != nil {
		return c.cutShort(q, resp, err)
	}
	if int64(len(s.body)) > c.maxBody {
		s.body = nil
		e := c.finish(q.fail(KindProtocol, "answer is larger than %d bytes", c.maxBody), q)
		e.Status = resp.StatusCode
		return e
	}
	s.body = bytes.TrimPrefix(s.body, []byte("\xef\xbb\xbf"))
	return nil
}

// inflaters keeps readers of gzip that are not used: one takes 40 KB. Safe for concurrent use.
type inflaters struct{ pool sync.Pool }

func (p *inflaters) get(from io.Reader) (*gzip.Reader, error) {
	z, ok := p.pool.Get().(*gzip.Reader)
	if !ok {
		return gzip.NewReader(from)
	}
	return z, z.Reset(from)
}

func (p *inflaters) put(z *gzip.Reader) { p.pool.Put(z) }

func (c *Client) cutShort(q *request, resp *http.Response, err error) *Error {
	why := c.scrub(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		why = fmt.Sprintf("it was not whole within %v", c.timeout())
	}
	e := c.finish(q.fail(KindUnavailable, "answer is cut short: %s", why), q)
	e.Status, e.Err, e.transient = resp.StatusCode, c.hide(err), true
	return e
}

// noAnswer makes the error for a request that got none.
func (c *Client) noAnswer(q *request, err error) *Error {
	cause := err
	var ue *url.Error
	if errors.As(err, &ue) {
		cause = ue.Err // without it, the URL would be told twice
	}
	if errors.Is(err, errRedirect) {
		return c.finish(q.fail(KindProtocol, "%s", c.scrub(cause.Error())), q)
	}
	e := q.fail(KindUnavailable, "%s", c.scrub(cause.Error()))
	if errors.Is(err, context.DeadlineExceeded) {
		e.Message = fmt.Sprintf("no answer within %v", c.timeout())
	}
	e.Err, e.transient = c.hide(cause), true
	e.Hint = "check base_url and the network"
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		e.transient, e.Hint = false, "the API's certificate is not trusted here: check base_url, and the machine's certificate authorities"
	}
	return c.finish(e, q)
}
