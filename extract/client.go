package extract

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Options sets what a [Client] needs from outside. The zero value works.
type Options struct {
	Concurrency int          // requests in flight; 0: 8
	Attempts    int          // of one request, however it fails; 0: 8, which is about half a minute
	HTTP        *http.Client // nil: one of its own, with timeouts. Its redirects are always checked by ours

	Now   func() time.Time                                 // nil: time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil: sleeps. Returns ctx's error if it ends first

	// OnWait is told why a resource waits, and again with Reason "" when the wait is over. It may be called
	// concurrently and must not block. nil: nobody is told.
	OnWait   func(Wait)
	Observer Observer // nil: nobody is told

	UserAgent string // "": headwater
}

// Wait says why a resource waits.
type Wait struct {
	Resource string
	Kind     WaitKind  // 0: the wait is over
	Reason   string    // "" likewise
	Until    time.Time // by Options.Now; zero: not known
}

// WaitKind says what a resource waits for.
type WaitKind int

// The kinds of waits.
const (
	WaitRetry  WaitKind = iota + 1 // until a request that failed is sent again
	WaitBudget                     // until the API's rate limit allows more
	WaitTurn                       // for another traversal of the same resource
)

// Client reads a source. It is safe for concurrent use; all resources share its rate budget and its limit of requests in
// flight.
type Client struct {
	src      *Source
	settings map[string]any // as expressions see them
	base     *url.URL
	headers  http.Header // sent with every request
	secrets  secretSet
	logins   map[*authSpec]*login // of the client and of the resources that have their own
	oauths   []*oauth             // the different ones among them
	http     *http.Client
	o        Options
	maxBody  int64

	sheets    sheets
	inflaters inflaters

	slots   chan struct{} // one per request in flight
	budget  budget
	clock   apiClock
	singles map[*Resource]chan struct{} // held by the traversal of a singleton
}

// NewClient checks the settings and makes a client. settings maps the names of the source's settings to their values;
// errors name the setting, never a secret's value, and all that is wrong is reported at once. Nothing is sent.
func NewClient(src *Source, settings map[string]string, o Options) (*Client, error) {
	values, err := resolveSettings(src, settings)
	if err != nil {
		return nil, err
	}
	c := &Client{src: src, settings: native(src, values), maxBody: maxBody, singles: map[*Resource]chan struct{}{}}
	for _, s := range src.Settings {
		if s.Secret {
			c.secrets.add(values[s.Name])
			if s.Type == SettingList {
				c.secrets.add(splitList(values[s.Name])...)
			}
		}
	}
	if err := c.setBase(); err != nil {
		return nil, err
	}
	if err := c.setHeaders(o.UserAgent); err != nil {
		return nil, err
	}
	if err := c.setLogins(); err != nil {
		return nil, err
	}
	c.setOptions(o)
	for _, r := range src.Resources {
		if r.Singleton {
			c.singles[r] = make(chan struct{}, 1)
		}
	}
	return c, nil
}

func (c *Client) setBase() error {
	text, err := c.src.client.baseURL.render(&variables{config: c.settings}, asIs)
	if err != nil {
		return fmt.Errorf("base_url of source %s: %w", c.src.Name, err)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("base_url of source %s: want a URL such as https://api.example.com, without user, query and fragment", c.src.Name)
	}
	c.base = u
	return nil
}

func (c *Client) setHeaders(agent string) error {
	if agent == "" {
		agent = "headwater"
	}
	c.headers = http.Header{"User-Agent": {agent}, "Accept": {"application/json"}, "Accept-Encoding": {"gzip"}}
	v := &variables{config: c.settings}
	for _, h := range c.src.client.headers {
		value, err := h.value.render(v, asIs)
		if err != nil {
			return fmt.Errorf("header %s of source %s: %w", h.name, c.src.Name, err)
		}
		if h.secret {
			c.secrets.add(value)
		}
		if !sendable(value) {
			return fmt.Errorf("header %s of source %s holds a control character", h.name, c.src.Name)
		}
		c.headers.Set(h.name, value)
	}
	return nil
}

func (c *Client) setOptions(o Options) {
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.Attempts <= 0 {
		o.Attempts = maxAttempts
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: newTransport(o.Concurrency, max(time.Minute, c.src.client.timeout))}
	}
	own := *o.HTTP // a copy: the caller's stays as it is
	own.CheckRedirect = c.checkRedirect
	c.http, c.o = &own, o
	c.slots = make(chan struct{}, o.Concurrency)
}

// newTransport has a timeout for each step that a dead peer could hang, answer for its thinking; [Client.timeout] bounds the whole.
func newTransport(concurrency int, answer time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: answer,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   concurrency,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // we ask for gzip and inflate ourselves, to count the bytes
	}
}

// checkRedirect follows a redirect on the configured host only, and only if it keeps the method.
func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	switch {
	case !c.sameHost(next.URL):
		return fmt.Errorf("%w: to another host (%s); the token is sent to %s only", errRedirect, next.URL.Host, c.base.Host)
	case next.Method != via[0].Method:
		return fmt.Errorf("%w: it would turn %s into %s", errRedirect, via[0].Method, next.Method)
	case len(via) >= 5:
		return fmt.Errorf("%w: more than 5 in a row", errRedirect)
	}
	c.keepKey(next, via[0])
	return nil
}

// Close closes idle connections. Requests in flight are not disturbed.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// now is our clock.
func (c *Client) now() time.Time { return c.o.Now() }

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
