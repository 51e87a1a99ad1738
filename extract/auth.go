package extract

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Types of authentication, as the source file calls them.
const (
	authNone    = "none"
	authBearer  = "bearer"
	authAPIKey  = "api_key"
	authBasic   = "http_basic"
	authClient  = "oauth2_client_credentials"
	authRefresh = "oauth2_refresh_token"
)

// authSpec is how requests prove who asks.
type authSpec struct {
	kind     string
	name     string               // api_key: of the header, query parameter or cookie
	location string               // api_key: header, query or cookie
	values   map[string]*template // by the file's words
	scopes   []*template
	form     []namedTemplate // oauth2: further fields of the token request
	inHeader bool            // oauth2: the client's credentials go into the Authorization header
	lasts    time.Duration   // oauth2: a token's life where the answer does not say
}

// login is an authSpec with its values.
type login struct {
	kind, name, location string
	header               string // Authorization, or the key itself
	oauth                *oauth // nil: the header is the same for every request
}

// newLogin fills in the values. Equal OAuth logins share one, so that they share their tokens: a refresh token may be good once.
func (c *Client) newLogin(spec *authSpec) (*login, error) {
	if spec == nil || spec.kind == authNone {
		return &login{kind: authNone}, nil
	}
	v := &variables{config: c.settings}
	value := map[string]string{}
	for word, t := range spec.values {
		text, err := t.render(v, asIs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
		value[word] = text
	}
	for _, word := range authRequired[spec.kind] {
		if value[word] == "" && word != "password" && word != "name" {
			return nil, fmt.Errorf("%s is empty: set what it is made of", word)
		}
	}
	l := &login{kind: spec.kind, name: spec.name, location: spec.location}
	switch spec.kind {
	case authBearer:
		l.location, l.name, l.header = "header", "Authorization", "Bearer "+value["token"]
		c.secrets.add(value["token"])
	case authAPIKey:
		l.header = value["api_key"]
		c.secrets.add(l.header)
	case authBasic:
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(value["username"], value["password"])
		l.location, l.name, l.header = "header", "Authorization", r.Header.Get("Authorization")
		c.secrets.add(value["password"], value["username"]+":"+value["password"], strings.TrimPrefix(l.header, "Basic "))
	default:
		o, err := c.newOAuth(spec, value)
		if err != nil {
			return nil, err
		}
		l.location, l.name, l.oauth = "header", "Authorization", o
	}
	return l, l.check()
}

// check refuses values that cannot be sent where they belong. The error must not show them.
func (l *login) check() error {
	switch {
	case strings.ContainsFunc(l.header, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the value of %s holds a control character: check how it was copied", l.kind)
	case l.location == "cookie" && strings.ContainsFunc(l.header, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }):
		return errors.New("api_key holds a character that a cookie cannot carry")
	}
	return nil
}

// setLogins makes the logins of the client and of the resources that have their own.
func (c *Client) setLogins() error {
	c.logins = map[*authSpec]*login{}
	all := []*authSpec{c.src.client.auth}
	for _, r := range c.src.Resources {
		if r.request.auth != nil {
			all = append(all, r.request.auth)
		}
	}
	for _, spec := range all {
		l, err := c.newLogin(spec)
		if err != nil {
			return fmt.Errorf("auth of source %s: %w", c.src.Name, err)
		}
		c.logins[spec] = l
	}
	return nil
}

// loginOf returns the resource's own login, or the client's.
func (c *Client) loginOf(r *Resource) *login {
	if r.request.auth != nil {
		return c.logins[r.request.auth]
	}
	return c.logins[c.src.client.auth]
}

// authorize puts into hr what must not be in q, whose URL people see: the login, and parameters that are secret.
func (c *Client) authorize(hr *http.Request, q *request) {
	for _, p := range q.secretParams {
		setParam(hr.URL, p.name, p.value)
	}
	l := c.loginOf(q.resource)
	value := l.header
	if l.oauth != nil {
		value = q.access
	}
	switch l.location {
	case "header":
		hr.Header.Set(l.name, value)
	case "query":
		setParam(hr.URL, l.name, value)
	case "cookie":
		pair := l.name + "=" + value
		if have := hr.Header.Get("Cookie"); have != "" {
			pair = have + "; " + pair
		}
		hr.Header.Set("Cookie", pair)
	}
}

// keepKey gives a redirected request the secrets of the query that it came from.
func (c *Client) keepKey(next, from *http.Request) {
	names := map[string]bool{}
	for _, r := range c.src.Resources {
		for _, name := range c.secretNames(r) {
			names[name] = true
		}
	}
	query := from.URL.Query()
	for name := range names {
		if query.Has(name) {
			setParam(next.URL, name, query.Get(name))
		}
	}
}

// param is a query parameter with its value.
type param struct{ name, value string }

// setParam sets a query parameter and leaves the others as they are spelt.
func setParam(u *url.URL, name, value string) {
	u.RawQuery = withoutParam(u.RawQuery, name)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// withoutParam takes every parameter of that name out of a query; one that has none stays as it is spelt.
func withoutParam(query, name string) string {
	var kept []string
	found := false
	for _, pair := range strings.Split(query, "&") {
		spelt, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(spelt); err == nil && plain == name && pair != "" {
			found = true
		} else if pair != "" {
			kept = append(kept, pair)
		}
	}
	if !found {
		return query
	}
	return strings.Join(kept, "&")
}

// secretNames are the query parameters of a resource's requests that people must not see.
func (c *Client) secretNames(r *Resource) []string {
	var names []string
	if l := c.loginOf(r); l.location == "query" {
		names = append(names, l.name)
	}
	for _, p := range r.request.params {
		if p.secret {
			names = append(names, p.name)
		}
	}
	return names
}

// publicToken takes secrets out of a page token, which goes into the state topic: an API may repeat the key in its next links.
func (c *Client) publicToken(q *request, token string) (string, error) {
	if path, query, ok := strings.Cut(token, "?"); ok && strings.HasPrefix(token, "/") {
		public := query
		for _, name := range c.secretNames(q.resource) {
			public = withoutParam(public, name)
		}
		switch {
		case public == query: // as the API gave it
		case public == "":
			token = path
		default:
			token = path + "?" + public
		}
	}
	if c.holdsSecret(token) {
		e := q.fail(KindProtocol, "the page token holds a secret of the source: it cannot be kept as a position")
		e.Hint = "name the parameter under auth (type api_key, location query) or under params, so that it can be taken out of links"
		return "", c.finish(e, q)
	}
	return token, nil
}

// loopback reports whether u is this machine: what is sent there crosses no network.
func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}

// checkTokenURL reports what is wrong with the address of a token endpoint.
func checkTokenURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("access_token_url: want a URL such as https://auth.example.com/token, without user and fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u)):
		return errors.New("access_token_url: it gets the credentials, so it must begin with https:// (http:// for a loopback address only)")
	}
	return nil
}
