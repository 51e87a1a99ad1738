package extract

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	tokenAttempts = 5                    // of one token request
	maxTokenLife  = 365 * 24 * time.Hour // what is longer is a mistake of units
)

// oauth gets tokens of one login and keeps the newest. It is safe for concurrent use.
type oauth struct {
	c      *Client
	id     string // equal ids: the same login
	config clientcredentials.Config
	url    *url.URL
	lasts  time.Duration

	asking chan struct{} // held by whoever asks the endpoint: one at a time

	mu      sync.Mutex
	header  string // "Bearer …"; "": there is none
	expires time.Time
	refresh string // the newest refresh token; "": client credentials
	asked   int    // how often the endpoint was asked
	failed  *Error // the last time's failure
}

// newOAuth makes the login, or finds the equal one of another resource.
func (c *Client) newOAuth(spec *authSpec, value map[string]string) (*oauth, error) {
	if err := checkTokenURL(value["access_token_url"]); err != nil {
		return nil, err
	}
	c.secrets.add(value["client_secret"], value["refresh_token"])
	c.secrets.add(url.QueryEscape(value["client_id"]) + ":" + url.QueryEscape(value["client_secret"]))
	o := &oauth{c: c, asking: make(chan struct{}, 1), lasts: spec.lasts, refresh: value["refresh_token"]}
	o.url, _ = url.Parse(value["access_token_url"]) // checked above
	o.config = clientcredentials.Config{ClientID: value["client_id"], ClientSecret: value["client_secret"], TokenURL: o.url.String(),
		EndpointParams: url.Values{}, AuthStyle: oauth2.AuthStyleInParams}
	if spec.inHeader {
		o.config.AuthStyle = oauth2.AuthStyleInHeader
	}
	v := &variables{config: c.settings}
	for _, t := range spec.scopes {
		scope, err := t.render(v, asIs)
		if err != nil {
			return nil, fmt.Errorf("scopes: %w", err)
		}
		o.config.Scopes = append(o.config.Scopes, scope)
	}
	for _, field := range spec.form {
		text, err := field.value.render(v, asIs)
		if err != nil {
			return nil, fmt.Errorf("access_token_request_data: %w", err)
		}
		if field.secret {
			c.secrets.add(text)
		}
		o.config.EndpointParams.Set(field.name, text)
	}
	o.id = fmt.Sprintf("%q", []any{spec.kind, value, spec.inHeader, spec.lasts, o.config.Scopes, o.config.EndpointParams.Encode()})
	for _, other := range c.oauths {
		if other.id == o.id {
			return other, nil
		}
	}
	c.oauths = append(c.oauths, o)
	return o, nil
}

// get returns the Authorization header of a token that is good for a while. While one caller asks for a new token the others wait, and
// have the same token, or the same failure.
func (o *oauth) get(ctx context.Context, q *request) (string, *Error) {
	header, asked := o.current()
	if header != "" {
		return header, nil
	}
	select {
	case o.asking <- struct{}{}:
		defer func() { <-o.asking }()
	case <-ctx.Done():
		return "", q.fail(KindUnavailable, "%v", ctx.Err())
	}
	if header, _ := o.current(); header != "" {
		return header, nil
	}
	o.mu.Lock()
	failed, since := o.failed, o.asked
	o.mu.Unlock()
	if failed != nil && since != asked {
		e := *failed
		e.Resource = q.resource.Name
		return "", &e
	}
	token, failure := o.ask(ctx, &request{resource: q.resource, method: http.MethodPost, url: o.url, attempts: min(q.attempts, tokenAttempts)})
	if ctx.Err() != nil && failure != nil {
		return "", failure // the caller's end, not the endpoint's failure
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if o.failed = failure; failure != nil {
		return "", failure
	}
	return o.take(token), nil
}

// current returns the header while its token is good, and how often the endpoint was asked.
func (o *oauth) current() (header string, asked int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.header != "" && o.c.now().Before(o.expires) {
		return o.header, o.asked
	}
	return "", o.asked
}

// refused forgets the token if it still is the one of that header.
func (o *oauth) refused(header string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.header == header {
		o.header = ""
	}
}

// take keeps a token. The caller holds mu.
func (o *oauth) take(token *oauth2.Token) string {
	life := lifeOf(token)
	if life <= 0 || life > maxTokenLife {
		life = o.lasts
	}
	// A minute before its end it is not used any more: a request with it may be on its way for as long.
	o.expires = o.c.now().Add(life - min(time.Minute, life/4))
	o.header = token.Type() + " " + token.AccessToken
	if o.refresh != "" && token.RefreshToken != "" {
		o.refresh = token.RefreshToken
	}
	return o.header
}

// lifeOf reads expires_in, a number or its text. The library's own reckoning goes by the machine's clock, not by ours.
func lifeOf(token *oauth2.Token) time.Duration {
	var text string
	switch v := token.Extra("expires_in").(type) {
	case float64:
		text = strconv.FormatFloat(v, 'f', 0, 64)
	case int64:
		text = strconv.FormatInt(v, 10)
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// ask gets a token, as often as it may try.
func (o *oauth) ask(ctx context.Context, q *request) (*oauth2.Token, *Error) {
	intervals := newBackoff()
	for attempt := 1; ; attempt++ {
		since := o.c.now()
		token, header, failure := o.send(ctx, q)
		status := http.StatusOK
		if failure != nil {
			status = failure.Status
		}
		o.c.answered(ctx, q, since, status, failure)
		if failure == nil {
			o.c.secrets.token(token.AccessToken)
			o.c.secrets.token(token.RefreshToken)
			return token, nil
		}
		if !failure.transient || attempt >= q.attempts || ctx.Err() != nil {
			failure.transient = false // the request that wants the token is not sent
			return nil, failure
		}
		wait, asked := o.c.askedWait(failure, header)
		if !asked {
			wait = intervals.NextBackOff()
		}
		o.c.retried(q, retryOf(failure))
		reason := fmt.Sprintf("token endpoint: %s; attempt %d of %d follows", failure.brief(), attempt+1, q.attempts)
		if err := o.c.wait(ctx, q.resource, WaitRetry, reason, wait); err != nil {
			return nil, failure
		}
	}
}

// send asks once. header is nil if there was no answer.
func (o *oauth) send(ctx context.Context, q *request) (token *oauth2.Token, header http.Header, failure *Error) {
	ctx, cancel := context.WithTimeout(ctx, o.c.timeout())
	defer cancel()
	client := *o.c.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return fmt.Errorf("%w: the token endpoint's answer leads elsewhere, and the credentials are sent nowhere else", errRedirect)
	}
	config := o.config
	o.mu.Lock()
	if o.refresh != "" {
		config.EndpointParams = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.refresh}}
		for name, values := range o.config.EndpointParams {
			config.EndpointParams[name] = values
		}
	}
	o.mu.Unlock()
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, &client))
	if err == nil && strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		err = errors.New("the token holds characters that a header cannot carry")
	}
	if err == nil {
		return token, nil, nil
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return nil, refused.Response.Header, o.refusal(q, refused)
	}
	var unanswered *url.Error
	if errors.As(err, &unanswered) || strings.HasPrefix(err.Error(), "oauth2: cannot fetch token") {
		e := o.c.noAnswer(q, err)
		e.Hint = "check access_token_url and the network"
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			e.Hint = "the token endpoint's certificate is not trusted here: check access_token_url, and the machine's certificate authorities"
		}
		return nil, nil, e
	}
	e := q.fail(KindProtocol, "the token endpoint's answer is no token: %s", strings.TrimPrefix(err.Error(), "oauth2: "))
	e.Hint = "check access_token_url in the source file"
	return nil, nil, o.c.finish(e, q)
}

// refusal makes the error of an answer that is no token.
func (o *oauth) refusal(q *request, refused *oauth2.RetrieveError) *Error {
	status := refused.Response.StatusCode
	e := q.fail(kindOfStatus(status), "%s", refused.ErrorDescription)
	e.Status = status
	if refused.ErrorCode != "" {
		e.Codes = []string{refused.ErrorCode}
	}
	switch {
	case slices.Contains([]string{"temporarily_unavailable", "server_error", "slow_down"}, refused.ErrorCode):
		e.Kind = KindUnavailable
	case status == http.StatusBadRequest, status < 300: // some refuse with 200
		e.Kind = KindUnauthorized
	}
	e.transient = e.Kind == KindUnavailable
	switch e.Kind {
	case KindUnauthorized:
		e.Hint = "the token endpoint refuses the credentials: check client_id and client_secret"
		if o.refresh != "" {
			e.Hint += ", and whether the refresh token is still good"
		}
	case KindUnavailable:
	default:
		e.Hint = "check access_token_url in the source file"
	}
	if status < 300 {
		e.Message = strings.TrimSuffix("the token endpoint says OK but refuses: "+refused.ErrorCode+": "+e.Message, ": ")
	}
	return o.c.finish(e, q)
}
