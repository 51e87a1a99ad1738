package extract

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Which fields belong to which type, and which of them it cannot do without.
var (
	oauthOwn = []string{"access_token_url", "client_id", "client_secret", "scopes", "client_auth", "access_token_request_data", "default_token_expiration"}
	authOwn  = map[string][]string{
		authNone:    {},
		authBearer:  {"token"},
		authAPIKey:  {"name", "api_key", "location"},
		authBasic:   {"username", "password"},
		authClient:  oauthOwn,
		authRefresh: append([]string{"refresh_token"}, oauthOwn...),
	}
	authRequired = map[string][]string{
		authBearer:  {"token"},
		authAPIKey:  {"api_key"},
		authBasic:   {"username", "password"},
		authClient:  {"access_token_url", "client_id", "client_secret"},
		authRefresh: {"access_token_url", "refresh_token"},
	}
)

var (
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	// ownHeaders are set by the HTTP client; a body in an encoding that we do not read would be no page.
	ownHeaders = []string{"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
)

// loadAuth reads how requests prove who asks: of all, or of one resource. It is taken whole, from the resource or from the defaults.
func (l *loader) loadAuth(owner *section) *authSpec {
	n := owner.node("auth")
	if n == nil {
		return nil
	}
	s := l.section(n, "auth", nil, words[authWords]())
	kinds := s.vocabulary.choices("type")
	if s.node("type") == nil {
		l.mistake(n, "auth has no type (known: %s)", strings.Join(kinds, ", "))
		return nil
	}
	before := len(l.mistakes)
	spec := &authSpec{kind: s.choice("type"), values: map[string]*template{}}
	if len(l.mistakes) > before {
		return nil // which fields belong to it cannot be told
	}
	for _, field := range s.order {
		if field != "type" && !slices.Contains(authOwn[spec.kind], field) {
			l.mistake(s.values[field].Key, "auth of type %s has no field %q", spec.kind, field)
		}
	}
	for _, field := range authRequired[spec.kind] {
		if s.node(field) == nil {
			l.mistake(n, "auth of type %s has no %s", spec.kind, field)
		}
	}
	for _, field := range []string{"token", "api_key", "username", "password", "access_token_url", "client_id", "client_secret", "refresh_token"} {
		if t := l.template(s, field, l.settingsOnly); t != nil {
			spec.values[field] = t
		}
	}
	switch spec.kind {
	case authAPIKey:
		l.loadAPIKey(s, spec)
	case authClient, authRefresh:
		l.loadOAuth(s, spec)
	}
	return spec
}

func (l *loader) loadAPIKey(s *section, spec *authSpec) {
	spec.name, spec.location = s.text("name"), s.choice("location")
	switch {
	case spec.name == "" && spec.location == "header":
		spec.name = "Authorization"
	case spec.name == "":
		l.mistake(s.at, "auth of type api_key wants name: what the %s is called", map[string]string{"query": "query parameter", "cookie": "cookie"}[spec.location])
	case strings.Contains(spec.name, "{{"):
		l.mistake(s.node("name"), "name: want the name itself, not an expression")
	case spec.location != "query":
		l.checkHeaderName(s.node("name"), spec.name)
	}
}

func (l *loader) loadOAuth(s *section, spec *authSpec) {
	if t := spec.values["access_token_url"]; t != nil {
		if text, ok := t.Literal(); ok {
			if err := checkTokenURL(text); err != nil {
				l.mistake(s.node("access_token_url"), "%v", err)
			}
		}
	}
	if n := s.node("scopes"); n != nil {
		items := []ast.Node{n}
		if list, ok := n.(*ast.SequenceNode); ok {
			items = list.Values
		}
		for _, item := range items {
			if t := l.compile(item, "scopes", l.settingsOnly); t != nil {
				spec.scopes = append(spec.scopes, t)
			}
		}
	}
	spec.inHeader = s.choice("client_auth") == "header"
	if spec.inHeader && s.node("client_id") == nil {
		l.mistake(s.node("client_auth"), "client_auth: header wants client_id")
	}
	spec.form = l.templates(s, "access_token_request_data", l.settingsOnly)
	for _, field := range spec.form {
		if field.name == "scope" && spec.scopes == nil {
			continue // as elsewhere
		}
		if slices.Contains([]string{"client_id", "client_secret", "refresh_token", "scope"}, field.name) {
			l.mistake(s.node("access_token_request_data"), "access_token_request_data: %s has a field of its own under auth", field.name)
		}
	}
	spec.lasts = time.Hour
	if n := s.node("default_token_expiration"); n != nil {
		spec.lasts = time.Duration(s.count("default_token_expiration")) * time.Second
		if spec.lasts == 0 || spec.lasts > maxTokenLife {
			l.mistake(n, "default_token_expiration: want seconds, from 1 to a year")
		}
	}
}

func (l *loader) checkHeaderName(at ast.Node, name string) {
	switch {
	case !headerName.MatchString(name):
		l.mistake(at, "%q is no name for a header or a cookie", name)
	case slices.Contains(ownHeaders, strings.ToLower(name)):
		l.mistake(at, "header %s is set by the program itself", name)
	}
}

// checkAuthPlaces: what auth sets must not be set beside it as well.
func (l *loader) checkAuthPlaces(at *section, auth *authSpec, headers, params []namedTemplate) {
	if auth == nil || auth.kind == authNone {
		return
	}
	name, beside, field := "Authorization", headers, "headers"
	if auth.kind == authAPIKey {
		name = auth.name
		if auth.location == "query" {
			beside, field = params, "params"
		}
		if auth.location == "cookie" {
			return // a header may hold other cookies
		}
	}
	for _, h := range beside {
		if h.name == name || field == "headers" && strings.EqualFold(h.name, name) {
			l.mistake(at.node(field), "%s: %s is what auth sends: give one", field, h.name)
		}
	}
}
