package extract

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxTokens = 16 // tokens that are remembered: an older one is worthless by then
	maxMade   = 64 // values that requests made of secrets
	leastLong = 8  // a shorter secret may stand in a page token by chance
)

// secretSet is what must not be shown, in every form in which it may come back. It is safe for concurrent use.
type secretSet struct {
	mu     sync.Mutex
	given  []string // settings, and what the source file makes of them
	tokens []string // got at run time, oldest first
	made   []string // likewise, of a request's values
	forms  atomic.Pointer[[]string]
}

// add takes secrets that last as long as the client.
func (s *secretSet) add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" && !slices.Contains(s.given, secret) {
			s.given = append(s.given, secret)
		}
	}
	s.spell()
}

// token takes a token that was got at run time.
func (s *secretSet) token(secret string) { s.learn(&s.tokens, secret, maxTokens) }

// value takes what a request made of a secret.
func (s *secretSet) value(secret string) { s.learn(&s.made, secret, maxMade) }

func (s *secretSet) learn(list *[]string, secret string, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret == "" || slices.Contains(*list, secret) || slices.Contains(s.given, secret) {
		return
	}
	if *list = append(*list, secret); len(*list) > most {
		*list = slices.Clone((*list)[1:])
	}
	s.spell()
}

// spell makes the forms, the longest first: none must be left in pieces by a shorter one. The caller holds mu.
func (s *secretSet) spell() {
	var forms []string
	for _, secret := range slices.Concat(s.given, s.tokens, s.made) {
		quoted := strconv.Quote(secret)
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(quote(secret), `"`), quoted[1:len(quoted)-1])
		if len(secret) >= leastLong {
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)))
		}
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	forms = slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return form == "" })
	s.forms.Store(&forms)
}

func (s *secretSet) all() []string {
	if forms := s.forms.Load(); forms != nil {
		return *forms
	}
	return nil
}

// Hide takes the source's secrets out of a record that people will see because it was put aside. One that is so short that it may stand there
// by chance stays: some APIs want "X" for a password. It is safe for concurrent use.
func (c *Client) Hide(text string) string { return c.without(text, leastLong) }

// scrub takes the secrets out of a message that people see.
func (c *Client) scrub(s string) string { return c.without(s, 0) }

func (c *Client) without(s string, least int) string {
	for _, secret := range c.secrets.all() {
		if len(secret) >= least {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return s
}

// holdsSecret reports whether a text holds a secret that is too long to stand there by chance.
func (c *Client) holdsSecret(s string) bool {
	for _, secret := range c.secrets.all() {
		if len(secret) >= leastLong && strings.Contains(s, secret) {
			return true
		}
	}
	return false
}

// scrubbedError is a cause whose text may be shown. What it was is still found with errors.Is and errors.As.
type scrubbedError struct {
	text  string
	cause error
}

// hide makes a cause showable.
func (c *Client) hide(err error) error { return &scrubbedError{c.scrub(err.Error()), err} }

// Error returns the text without secrets.
func (e *scrubbedError) Error() string { return e.text }

// Is finds the cause.
func (e *scrubbedError) Is(target error) bool { return errors.Is(e.cause, target) }

// As finds the cause.
func (e *scrubbedError) As(target any) bool { return errors.As(e.cause, target) }
