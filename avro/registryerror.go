package avro

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
)

// RegistryError says what the schema registry was asked for, how it failed and what to do about it. It holds no
// credentials, also where the registry repeats them.
type RegistryError struct {
	Op      string // what was asked for: "register schema"
	URL     string // the registry's, without credentials
	Subject string // "" where it is about none
	Status  int    // HTTP status of the answer; 0: there was none, or one that makes no sense
	Code    int    // the registry's own code for what is wrong; 0: it gave none
	Hint    string // what to do
	Err     error
}

func (e *RegistryError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Subject != "" {
		b.WriteString(" of " + e.Subject)
	}
	b.WriteString(": schema registry " + e.URL + ": ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s: ", e.Status, http.StatusText(e.Status))
	}
	b.WriteString(e.Err.Error())
	if e.Hint != "" {
		b.WriteString(" → " + e.Hint)
	}
	return b.String()
}

func (e *RegistryError) Unwrap() error { return e.Err }

// failure makes one clear error of what the client returned.
func (r *SchemaRegistry) failure(op, subject string, err error) error {
	e := &RegistryError{Op: op, URL: r.url, Subject: subject, Err: err}
	var answer *sr.ResponseError
	var transport *url.Error
	switch {
	case errors.As(err, &answer):
		e.Status, e.Code = answer.StatusCode, answer.ErrorCode
		e.Err = errors.New(shortened(r.hide.Replace(answer.Error())))
		e.Hint = hint(op, answer.StatusCode, answer.ErrorCode)
	case errors.As(err, new(*tls.CertificateVerificationError)):
		e.Err = errors.Unwrap(errors.Unwrap(err))
		e.Hint = certificateHint(err)
	case errors.As(err, &transport) && transport.Timeout():
		e.Err = fmt.Errorf("no answer in time: %w", transport.Err)
		e.Hint = "check SCHEMA_REGISTRY_URL and that the registry runs"
	case errors.As(err, &transport):
		e.Err = transport.Err
		e.Hint = "check SCHEMA_REGISTRY_URL and that the registry runs"
	case badJSON(err):
		e.Err = errors.New("what answers there is not a schema registry")
		e.Hint = "check SCHEMA_REGISTRY_URL, its port and its path"
	}
	return e
}

func certificateHint(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "have the registry's certificate renewed, or set this machine's clock if it is wrong"
	case errors.As(err, &x509.HostnameError{}):
		return "name the registry in SCHEMA_REGISTRY_URL as its certificate does"
	default:
		return "set SCHEMA_REGISTRY_TLS_CA_FILE to the certificate of the authority that signed the registry's"
	}
}

func hint(op string, status, code int) string {
	switch {
	case status == http.StatusUnauthorized:
		return credentials
	case status == http.StatusForbidden:
		return credentials + "; the user has to be allowed to read and write the subject and its compatibility level"
	case code == sr.ErrOperationNotPermitted.Code:
		return "the registry, or this subject, is in READONLY mode: set it to READWRITE (PUT /mode), or leave it and name the registry " +
			"that it follows in SCHEMA_REGISTRY_URL"
	case status == http.StatusNotFound && !strings.HasPrefix(op, "read schema"):
		return "check that SCHEMA_REGISTRY_URL has the registry's path, as /apis/ccompat/v7 for Apicurio"
	case status == http.StatusConflict:
		return foreignVersion
	case status == http.StatusUnprocessableEntity || status == http.StatusRequestEntityTooLarge:
		return "see the registry's log: it takes the schema for illegal or too large"
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return "see the registry's log: it stayed so for several attempts"
	}
	return ""
}

const (
	credentials = "check SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_BEARER_TOKEN"
	// foreignVersion is what a refusal comes from: schemas of ours only ever add nullable fields.
	foreignVersion = "another producer registered what ours cannot agree with: take its version out of the subject, or give the topics another prefix"
)

// shortened cuts what a proxy may answer to one readable line.
func shortened(message string) string {
	message = strings.Join(strings.Fields(message), " ")
	if r := []rune(message); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return message
}

// retryable reports whether the same request may succeed a moment later.
func retryable(err error) bool {
	var answer *sr.ResponseError
	if errors.As(err, &answer) {
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout
	}
	var transport *url.Error
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &transport) && !errors.As(err, &untrusted) || errors.Is(err, io.ErrUnexpectedEOF)
}

// notFound reports whether the registry itself says that there is no such thing; a wrong path has no error code.
func notFound(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.ErrorCode != 0
}

func badJSON(err error) bool {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &typ)
}
