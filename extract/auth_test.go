package extract

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Secrets of the tests: with characters that are spelt otherwise in URLs, JSON and messages.
const (
	secretKey     = `k"ey\/+&=1 <%>`
	secretSafe    = "cookie-key/+1"
	secretPass    = `p:a"ss\+/ word`
	secretClient  = "client+secret/=&"
	secretRefresh = "refresh/one+="
)

// shopOf is a source file with a login, of one listing with next links.
func shopOf(auth, endpoint string) string {
	return `name: shop
settings:
  base_url: { type: url }
  key: { secret: true }
  safe: { secret: true }
  pass: { secret: true }
  client: { secret: true }
  refresh: { secret: true }
  token_url: { type: url }
client:
  base_url: "{{ config.base_url }}"
  auth: ` + auth + `
resources:
  - name: items
    primary_key: id
    endpoint: { path: /items, data_selector: items, paginator: { type: json_link, next_url_path: next }` + endpoint + ` }
`
}

const (
	authOfClient  = `{ type: oauth2_client_credentials, access_token_url: "{{ config.token_url }}", client_id: me, client_secret: "{{ config.client }}", scopes: [a, b], access_token_request_data: { audience: all } }`
	authOfRefresh = `{ type: oauth2_refresh_token, access_token_url: "{{ config.token_url }}", client_id: me, client_secret: "{{ config.client }}", client_auth: header, refresh_token: "{{ config.refresh }}" }`
)

// shop is an API with a login and its token endpoint.
type shop struct {
	*bench
	mu     sync.Mutex
	asked  []string // of the API: the request's query and what it came with
	forms  []url.Values
	tokens int

	api   func(w http.ResponseWriter, r *http.Request)
	token func(w http.ResponseWriter, r *http.Request) // nil: answers with tokens
}

func newShop(t *testing.T, file string, api http.HandlerFunc) *shop {
	t.Helper()
	src, err := Load("shop.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{api: api, bench: &bench{T: t, src: src, clock: newClock()}}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	settings := map[string]string{}
	for _, setting := range src.Settings {
		settings[setting.Name] = map[string]string{"base_url": s.server.URL, "token_url": s.server.URL + "/token", "key": secretKey, "safe": secretSafe,
			"pass": secretPass, "client": secretClient, "refresh": secretRefresh, "token": testToken}[setting.Name]
	}
	s.c, err = NewClient(src, settings, Options{Now: s.clock.Now, Sleep: s.clock.Sleep, OnWait: func(w Wait) {
		s.bench.mu.Lock()
		defer s.bench.mu.Unlock()
		s.waits = append(s.waits, w)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.c.Close)
	return s
}

func (s *shop) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	s.mu.Lock()
	if r.URL.Path != "/token" {
		s.asked = append(s.asked, r.URL.RawQuery+"|"+r.Header.Get("Authorization")+"|"+r.Header.Get("X-Key")+"|"+r.Header.Get("Cookie"))
		s.mu.Unlock()
		s.api(w, r)
		return
	}
	_ = r.ParseForm()
	if id, secret, ok := r.BasicAuth(); ok {
		r.PostForm.Set("basic", id+" "+secret)
	}
	s.forms, s.tokens = append(s.forms, r.PostForm), s.tokens+1
	n := s.tokens
	s.mu.Unlock()
	if s.token != nil {
		s.token(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	send(w, 200, fmt.Sprintf(`{"access_token":"got/token+%d","token_type":"bearer","expires_in":"600","refresh_token":"refresh/new+%d"}`, n, n))
}

func (s *shop) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func send(w http.ResponseWriter, status int, body string) { reply(w, status, "%s", body) }

const oneItem = `{"items":[{"id":1}]}`

func TestRequestsCarryTheLogin(t *testing.T) {
	t.Parallel()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secretPass))
	for name, test := range map[string]struct{ auth, endpoint, want string }{
		"bearer":       {`{ type: bearer, token: "{{ config.key }}" }`, "", "|Bearer " + secretKey + "||"},
		"key":          {`{ type: api_key, api_key: "{{ config.key }}" }`, "", "|" + secretKey + "||"},
		"named header": {`{ type: api_key, name: X-Key, api_key: "k {{ config.key }}", location: header }`, "", "||k " + secretKey + "|"},
		"query":        {`{ type: api_key, name: "the key", api_key: "{{ config.key }}", location: query }`, ", params: { a: 1 }", "a=1&the+key=" + url.QueryEscape(secretKey) + "|||"},
		"cookie":       {`{ type: api_key, name: sid, api_key: "{{ config.safe }}", location: cookie }`, "", "|||sid=" + secretSafe},
		"basic":        {`{ type: http_basic, username: user, password: "{{ config.pass }}" }`, "", "|" + basic + "||"},
		"no password":  {`{ type: http_basic, username: me, password: "" }`, "", "|Basic " + base64.StdEncoding.EncodeToString([]byte("me:")) + "||"},
		"none":         {`{ type: none }`, "", "|||"},
		"client":       {authOfClient, "", "|Bearer got/token+1||"},
		"refresh":      {authOfRefresh, "", "|Bearer got/token+1||"},
		"its own":      {`{ type: bearer, token: x }`, `, auth: { type: api_key, name: X-Key, api_key: "{{ config.key }}" }`, "||" + secretKey + "|"},
		"none for one": {`{ type: bearer, token: x }`, `, auth: { type: none }`, "|||"},
		"a parameter":  {`{ type: none }`, `, params: { sig: "{{ config.safe }}", a: 1 }`, "a=1&sig=" + url.QueryEscape(secretSafe) + "|||"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, shopOf(test.auth, test.endpoint), func(w http.ResponseWriter, r *http.Request) { send(w, 200, oneItem) })
			s.mustRead("items", Position{})
			if got := strings.Join(s.seen(), "\n"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	for auth, want := range map[string]string{
		authOfClient:  "audience=all&client_id=me&client_secret=" + url.QueryEscape(secretClient) + "&grant_type=client_credentials&scope=a+b",
		authOfRefresh: "basic=" + url.QueryEscape("me "+url.QueryEscape(secretClient)) + "&grant_type=refresh_token&refresh_token=" + url.QueryEscape(secretRefresh),
	} {
		s := newShop(t, shopOf(auth, ", auth: "+auth), func(w http.ResponseWriter, r *http.Request) { send(w, 200, oneItem) })
		for range 3 { // one token does for all of them
			s.mustRead("items", Position{})
		}
		if len(s.forms) != 1 || s.forms[0].Encode() != want {
			t.Errorf("got  %v\nwant %s", s.forms, want)
		}
		_ = s.clock.Sleep(t.Context(), 539*time.Second)
		s.mustRead("items", Position{})
		if len(s.forms) != 1 {
			t.Error("a token that is still good was not used")
		}
		_ = s.clock.Sleep(t.Context(), time.Second) // a minute before its end
		s.mustRead("items", Position{})
		if len(s.c.oauths) != 1 {
			t.Error("equal logins do not share their tokens")
		}
		if len(s.forms) != 2 || auth == authOfRefresh && s.forms[1].Get("refresh_token") != "refresh/new+1" {
			t.Errorf("second token: %v", s.forms)
		}
	}
}

func TestOneAsksForTheToken(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		s := newShop(t, shopOf(authOfClient, ""), func(w http.ResponseWriter, r *http.Request) { send(w, 200, oneItem) })
		hold := make(chan struct{})
		s.token = func(w http.ResponseWriter, r *http.Request) {
			<-hold
			if broken {
				send(w, 400, `{"error":"invalid_client"}`)
				return
			}
			send(w, 200, `{"access_token":"t","token_type":"bearer"}`)
		}
		errs := make(chan error)
		o := s.c.oauths[0]
		for range 8 {
			go func() {
				_, err := s.read("items", Position{})
				errs <- err
			}()
		}
		close(hold)
		for range 8 {
			if err := <-errs; (err != nil) != broken {
				t.Errorf("broken %v: %v", broken, err)
			}
		}
		o.mu.Lock()
		asked := o.asked
		o.mu.Unlock()
		if !broken && asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// TestFailureIsShared: those who waited for a token that could not be got do not ask one after the other.
func TestFailureIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &oauth{c: &Client{o: Options{Now: time.Now}}, asking: make(chan struct{}, 1)}
		q := &request{resource: &Resource{Name: "items"}, url: &url.URL{}}
		failed := make(chan *Error, 1)
		o.asking <- struct{}{} // somebody asks
		go func() {
			_, e := o.get(t.Context(), q)
			failed <- e
		}()
		synctest.Wait()
		o.asked, o.failed = 1, &Error{Kind: KindUnauthorized, Resource: "others"}
		<-o.asking
		if e := <-failed; e == nil || e.Kind != KindUnauthorized || e.Resource != "items" || o.asked != 1 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t, shopOf(authOfClient, ""), nil)
	refuse := "Bearer got/token+1"
	s.api = func(w http.ResponseWriter, r *http.Request) {
		if refuse == "all" || r.Header.Get("Authorization") == refuse {
			send(w, 401, `{"error":"expired"}`)
			return
		}
		send(w, 200, oneItem)
	}
	s.mustRead("items", Position{})
	if s.tokens != 2 || len(s.seen()) != 2 {
		t.Errorf("%d tokens, %d requests", s.tokens, len(s.seen()))
	}
	refuse = "all"
	_, err := s.read("items", Position{})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindUnauthorized || s.tokens != 3 || len(s.seen()) != 4 {
		t.Errorf("%v: %d tokens, %d requests", err, s.tokens, len(s.seen()))
	}
}

func TestTokenEndpointFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		kind   Kind
		words  string
		times  int
	}{
		"refused":    {400, `{"error":"invalid_client","error_description":"no such client"}`, KindUnauthorized, "/token: 400 invalid_client: no such client", 1},
		"forbidden":  {401, `{"error":"invalid_client"}`, KindUnauthorized, "/token: 401 invalid_client", 1},
		"in a 200":   {200, `{"error":"invalid_grant"}`, KindUnauthorized, "says OK but refuses: invalid_grant", 1},
		"not there":  {404, ``, KindNotFound, "/token: 404 not found", 1},
		"down":       {503, `<html>`, KindUnavailable, "/token: 503 service unavailable", 5},
		"busy":       {429, ``, KindUnavailable, "/token: 429", 5},
		"try later":  {400, `{"error":"temporarily_unavailable"}`, KindUnavailable, "temporarily_unavailable", 5},
		"no token":   {200, `{"token_type":"bearer"}`, KindProtocol, "is no token: server response missing access_token", 1},
		"not JSON":   {200, `<html>`, KindProtocol, "is no token", 1},
		"odd token":  {200, "{\"access_token\":\"a\\nb\"}", KindProtocol, "a header cannot carry", 1},
		"a redirect": {307, ``, KindProtocol, "redirect refused", 1},
		"cut short":  {0, ``, KindUnavailable, "", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, shopOf(authOfClient, ""), func(w http.ResponseWriter, r *http.Request) { t.Error("the API was asked without a token") })
			s.token = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if test.status == 0 {
					w.Header().Set("Content-Length", "100")
					test.status = 200
					defer func() { test.status = 0 }()
				}
				if test.status == 307 {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}
			_, err := s.read("items", Position{})
			var e *Error
			if !errors.As(err, &e) || e.Kind != test.kind || !strings.Contains(err.Error(), test.words) || s.tokens != test.times || e.Resource != "items" {
				t.Errorf("got %v (%v) after %d requests", err, e.Kind, s.tokens)
			}
			if test.kind == KindUnauthorized && !strings.Contains(e.Hint, "client_id") {
				t.Errorf("hint %q", e.Hint)
			}
			if test.times > 1 && !strings.Contains(s.reasons(), "token endpoint: ") {
				t.Errorf("waits %q", s.reasons())
			}
		})
	}
}

// TestKeysStayOutOfPositions: an API may repeat the whole query in its next links.
func TestKeysStayOutOfPositions(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"auth":      shopOf(`{ type: api_key, name: key, api_key: "{{ config.key }}", location: query }`, ", params: { a: 1 }"),
		"parameter": shopOf(`{ type: none }`, `, params: { a: 1, key: "{{ config.key }}" }`),
		"encoded":   shopOf(`{ type: none }`, `, params: { a: 1, key: "{{ config.key | base64encode }}" }`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, file, nil)
			s.api = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/moved" || r.URL.Query().Get("from") == "2" && r.URL.Path == "/items" && r.URL.Query().Get("b") == "" {
					http.Redirect(w, r, "/items?from=2&b=1", http.StatusFound) // without the key
					return
				}
				if keys := r.URL.Query()["key"]; len(keys) != 1 || keys[0] == "" {
					t.Errorf("asked with %s", r.URL.RawQuery)
				}
				if r.URL.Query().Get("from") == "2" {
					send(w, 200, `{"items":[{"id":2}]}`)
					return
				}
				send(w, 200, fmt.Sprintf(`{"items":[{"id":1}],"next":%s}`, quote(s.server.URL+"/items?key="+strings.ToLower(url.QueryEscape(r.URL.Query().Get("key")))+"&from=2")))
			}
			pages := s.mustRead("items", Position{})
			if got := pages[0].After.Token; got != "/items?from=2" {
				t.Errorf("token %s", got)
			}
			if again := s.mustRead("items", pages[0].After); keys(again) != "2" {
				t.Errorf("a resumed reading gave %s", keys(again))
			}
		})
	}
	s := newShop(t, shopOf(`{ type: bearer, token: "{{ config.safe }}" }`, ""), func(w http.ResponseWriter, r *http.Request) {
		send(w, 200, `{"items":[{"id":1}],"next":"/items?surprise=`+url.QueryEscape(secretSafe)+`"}`)
	})
	if _, err := s.read("items", Position{}); err == nil || !strings.Contains(err.Error(), "holds a secret") {
		t.Errorf("a token with a secret was kept: %v", err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	echo := func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		return quote(fmt.Sprint("you sent ", r.URL, r.Header, string(body), r.Form))
	}
	failures := map[string]func(w http.ResponseWriter, r *http.Request){
		"reset": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
		"cut short": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, echo(r))
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.2/x?"+r.URL.RawQuery+r.Header.Get("Authorization"), http.StatusFound)
		},
		"bad place": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://[::1/"+r.URL.RawQuery+r.Header.Get("Authorization"))
			w.WriteHeader(302)
		},
		"round": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"in a 200": func(w http.ResponseWriter, r *http.Request) {
			send(w, 200, `{"errors":[{"code":`+echo(r)+`,"message":`+echo(r)+`}]}`)
		},
		"next host": func(w http.ResponseWriter, r *http.Request) {
			send(w, 200, `{"items":[{"id":1}],"next":"http://127.0.0.2/?`+r.URL.RawQuery+`"}`)
		},
		"next broken": func(w http.ResponseWriter, r *http.Request) {
			send(w, 200, `{"items":[{"id":1}],"next":`+quote("http://[::1/"+r.URL.RawQuery)+`}`)
		},
		"no list": func(w http.ResponseWriter, r *http.Request) { send(w, 200, `{}`) },
	}
	for _, status := range []int{400, 401, 403, 404, 422, 429, 500, 503} {
		failures[fmt.Sprint(status)] = func(w http.ResponseWriter, r *http.Request) {
			send(w, status, `{"request_id":`+echo(r)+`,"error":`+echo(r)+`,"error_description":`+echo(r)+`,"errors":[{"code":`+echo(r)+`,"message":`+echo(r)+`}]}`)
		}
		failures[fmt.Sprint(status, " text")] = func(w http.ResponseWriter, r *http.Request) {
			send(w, status, strings.ReplaceAll(r.URL.RawQuery+r.Header.Get("Authorization")+r.Header.Get("Cookie"), "<", ""))
		}
	}
	var secrets []string
	for _, secret := range []string{secretKey, secretSafe, secretPass, secretClient, secretRefresh, "user:" + secretPass, "me:" + url.QueryEscape(secretClient), "got/token+1", "refresh/new+1", strings.ToUpper(secretKey)} {
		quoted := quote(secret)
		secrets = append(secrets, secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1:len(quoted)-1], base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	look := func(t *testing.T, s *shop, err error, pages []Page) {
		t.Helper()
		text := fmt.Sprint(err) + s.reasons()
		for at := err; at != nil; at = errors.Unwrap(at) {
			text += fmt.Sprintf("\n%v %+v", at, at)
		}
		var e *Error
		if errors.As(err, &e) {
			text += fmt.Sprintf("\n%+v %v", *e, e.Err)
		}
		for _, p := range pages {
			text += p.After.String()
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("shows %q:\n%s", secret, text)
			}
		}
	}
	for auth, endpoint := range map[string]string{
		`{ type: bearer, token: "{{ config.key }}" }`:                                  "",
		`{ type: api_key, name: key, api_key: "{{ config.key }}", location: query }`:   "",
		`{ type: api_key, name: sid, api_key: "{{ config.safe }}", location: cookie }`: "",
		`{ type: http_basic, username: user, password: "{{ config.pass }}" }`:          "",
		`{ type: none }`:               `, params: { sig: "{{ config.key | upper }}", raw: "{{ config.safe }}" }`,
		`{ type: bearer, token: x0x }`: `, method: POST, body: { key: "{{ config.key }}", url: "x{{ config.pass }}" }`,
		authOfClient:                   "",
		authOfRefresh:                  "",
	} {
		for name, fail := range failures {
			s := newShop(t, shopOf(auth, endpoint), fail)
			pages, err := s.read("items", Position{})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			look(t, s, err, pages)
			if s.c.oauths != nil {
				s = newShop(t, shopOf(auth, endpoint), nil)
				s.token = fail
				_, err = s.read("items", Position{})
				look(t, s, err, nil)
				s = newShop(t, shopOf(auth, endpoint), func(w http.ResponseWriter, r *http.Request) { send(w, 200, oneItem) })
				s.mustRead("items", Position{})
				s.token = fail
				_ = s.clock.Sleep(t.Context(), time.Hour) // the refresh token is a new one by now
				_, err = s.read("items", Position{})
				look(t, s, err, nil)
			}
		}
	}
}

func TestMistakesInAuth(t *testing.T) {
	t.Parallel()
	for auth, want := range map[string]string{
		`{ token: x }`:             `12:9: auth has no type (known: bearer, api_key, http_basic,`,
		`{ type: none, token: x }`: `12:23: auth of type none has no field "token"`,
		`{ type: api_key }`:        `12:9: auth of type api_key has no api_key`,
		`{ type: api_key, api_key: x, location: query }`:                                                                                                  `wants name: what the query parameter is called`,
		`{ type: api_key, api_key: x, location: quer }`:                                                                                                   `unknown location "quer" (did you mean "query"?)`,
		`{ type: api_key, api_key: x, name: "a b" }`:                                                                                                      `"a b" is no name for a header or a cookie`,
		`{ type: api_key, api_key: x, name: Host }`:                                                                                                       `header Host is set by the program itself`,
		`{ type: api_key, api_key: x, name: "{{ config.key }}" }`:                                                                                         `name: want the name itself, not an expression`,
		`{ type: http_basic, username: x }`:                                                                                                               `auth of type http_basic has no password`,
		`{ type: bearer, token: "{{ config.kye }}" }`:                                                                                                     `12:36: token: no setting "kye": declare it`,
		`{ type: oauth2_refresh_token, access_token_url: "https://x/y" }`:                                                                                 `auth of type oauth2_refresh_token has no refresh_token`,
		`{ type: oauth2_refresh_token, refresh_token: x, access_token_url: "https://x/y", client_auth: header }`:                                          `client_auth: header wants client_id`,
		`{ type: oauth2_client_credentials, client_id: x, client_secret: y, access_token_url: "http://example.com/t" }`:                                   `must begin with https://`,
		`{ type: oauth2_client_credentials, client_id: x, client_secret: y, access_token_url: "/t" }`:                                                     `access_token_url: want a URL`,
		`{ type: oauth2_client_credentials, client_id: x, client_secret: y, access_token_url: "https://x", default_token_expiration: 0 }`:                 `want seconds, from 1`,
		`{ type: oauth2_client_credentials, client_id: x, client_secret: y, access_token_url: "https://x", access_token_request_data: { client_id: z } }`: `client_id has a field of its own under auth`,
	} {
		_, err := Load("shop.yaml", []byte(shopOf(auth, "")))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", auth, want, err)
		}
	}
	for endpoint, want := range map[string]string{
		`, params: { key: 1 }`: `params: key is what auth sends: give one`,
		`, auth: { type: bearer, token: x }, headers: { authorization: y }`: `headers: authorization is what auth sends: give one`,
		`, auth: { type: bearer, tokn: x }`:                                 `unknown field "tokn" (did you mean "token"?)`,
	} {
		_, err := Load("shop.yaml", []byte(shopOf(`{ type: api_key, name: key, location: query, api_key: x }`, endpoint)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q in\n%v", endpoint, want, err)
		}
	}
}

// TestTokensAreRemembered whatever else requests make of secrets.
func TestTokensAreRemembered(t *testing.T) {
	t.Parallel()
	c := &Client{}
	c.secrets.add("setting-1")
	c.secrets.token("token-1")
	for i := range 200 {
		c.secrets.value(fmt.Sprint("value-", i, "-"))
	}
	if got := c.scrub("setting-1 token-1 value-199-"); got != "*** *** ***" {
		t.Error(got)
	}
	if n := len(c.secrets.made); n != maxMade {
		t.Errorf("%d values are held", n)
	}
}

// TestTokensGoBackUnchanged where there is nothing to take out of them.
func TestTokensGoBackUnchanged(t *testing.T) {
	t.Parallel()
	s := newShop(t, shopOf(`{ type: api_key, name: key, api_key: "{{ config.key }}", location: query }`, ""), nil)
	q, err := s.c.request(s.src.Resource("items"), &variables{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{"/x?": "/x?", "/x?&a=1&&b": "/x?&a=1&&b", "WzE3?key=1": "WzE3?key=1", "/x?a&%6Bey=1&key=2": "/x?a", "/x?key=1": "/x"} {
		if got, err := s.c.publicToken(q, token); err != nil || got != want {
			t.Errorf("%s: %s, %v", token, got, err)
		}
	}
}

func TestLoginsAreChecked(t *testing.T) {
	t.Parallel()
	for auth, want := range map[string]string{
		`{ type: bearer, token: "{{ config.key }}" }`:                                                  "token is empty",
		`{ type: api_key, name: k, location: cookie, api_key: "{{ config.safe }}" }`:                   "a cookie cannot carry",
		`{ type: bearer, token: "{{ config.safe }}\tx" }`:                                              "control character",
		`{ type: oauth2_refresh_token, refresh_token: x, access_token_url: "{{ config.token_url }}" }`: "must begin with https://",
	} {
		src, err := Load("shop.yaml", []byte(shopOf(auth, "")))
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewClient(src, map[string]string{"base_url": "http://127.0.0.1", "token_url": "http://example.com", "safe": "secret;value"}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret;") {
			t.Errorf("%s: %v", auth, err)
		}
	}
}
