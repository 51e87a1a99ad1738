package avro

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/sr"
)

const (
	defaultTimeout = 3 * time.Second
	maxElapsed     = 7 * time.Second // for one call, its retries included
	maxAttempts    = 6
)

// RegistryConfig says how to reach a schema registry that speaks Confluent's API.
type RegistryConfig struct {
	// URL is http or https, and may have a path (Apicurio: …/apis/ccompat/v7). A user and password in it are taken as
	// Username and Password if those are empty.
	URL string
	// Username and Password are for basic authentication; empty: none.
	Username, Password string
	// BearerToken is sent instead of them if set.
	BearerToken string
	// TLS is for https; nil: the system's certificates.
	TLS *tls.Config
	// Timeout is for one request; default 3s. Retries end after 7 seconds in all, however long it is.
	Timeout time.Duration
	// UserAgent of requests; default "headwater".
	UserAgent string
	// Sleep waits between attempts and returns early with an error when ctx ends; nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// SchemaRegistry is a Registry over Confluent's API, which Apicurio and Redpanda speak too. Requests that fail to connect,
// time out or are answered with 408, 429 or 5xx are repeated for at most 7 seconds. Errors are *RegistryError, or the
// context's. It is safe for concurrent use.
type SchemaRegistry struct {
	client *sr.Client
	http   *http.Client
	url    string            // without credentials
	hide   *strings.Replacer // takes the credentials out of what a registry says
	sleep  func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	texts map[int]string // by id; an id never changes its schema
}

// NewRegistry returns a registry without asking it anything; Ping does. Errors are the configuration's.
func NewRegistry(cfg RegistryConfig) (*SchemaRegistry, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("schema registry URL has to be http://host:port or https://host:port, with a path or without")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("schema registry URL must not have a query or a fragment")
	}
	if u.User != nil && cfg.Username == "" {
		cfg.Username = u.User.Username()
		cfg.Password, _ = u.User.Password()
	}
	u.User = nil
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: cfg.TLS, ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second}
	r := &SchemaRegistry{http: &http.Client{Transport: transport, Timeout: cfg.Timeout}, url: u.String(), sleep: cfg.Sleep, texts: map[int]string{}}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "headwater"
	}
	basic := ""
	if cfg.Password != "" { // else it would be of the colon alone
		basic = base64.StdEncoding.EncodeToString([]byte(cfg.Username + ":" + cfg.Password))
	}
	r.hide = hider(cfg.BearerToken, cfg.Password, basic)
	opts := []sr.ClientOpt{sr.URLs(r.url), sr.HTTPClient(r.http), sr.UserAgent(cfg.UserAgent)}
	switch {
	case cfg.BearerToken != "":
		opts = append(opts, sr.BearerToken(cfg.BearerToken))
	case cfg.Username != "":
		opts = append(opts, sr.BasicAuth(cfg.Username, cfg.Password))
	}
	if r.client, err = sr.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("create schema registry client: %w", err)
	}
	return r, nil
}

// hider replaces secrets in the forms in which a server or a proxy may repeat them.
func hider(secrets ...string) *strings.Replacer {
	var pairs []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		text, _ := json.Marshal(secret) // a string is always JSON
		for _, form := range []string{base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret), url.PathEscape(secret), string(text[1 : len(text)-1]), secret} {
			pairs = append(pairs, form, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

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

// Close ends idle connections. The registry can still be used.
func (r *SchemaRegistry) Close() { r.http.CloseIdleConnections() }

// Ping asks for the subjects, which tells whether a registry answers there and accepts the credentials.
func (r *SchemaRegistry) Ping(ctx context.Context) error {
	_, err := r.Subjects(ctx)
	return err
}

// Answers asks once, for those who ask again by themselves: whoever retries tells within the deadline that it is over, and not what is wrong.
func (r *SchemaRegistry) Answers(ctx context.Context) error {
	if _, err := r.client.Subjects(ctx); err != nil {
		return r.failure("list subjects", "", err)
	}
	return nil
}

// Subjects lists the subjects that have versions.
func (r *SchemaRegistry) Subjects(ctx context.Context) (subjects []string, err error) {
	err = r.do(ctx, "list subjects", "", func(ctx context.Context) error {
		subjects, err = r.client.Subjects(ctx)
		return err
	})
	return subjects, err
}

// Level is what a Subject's compatibility level should be: every version can be read with every other one.
const Level = "FULL_TRANSITIVE"

// LevelOf returns the compatibility level that subject has of its own; "": none, and Register will set Level.
func (r *SchemaRegistry) LevelOf(ctx context.Context, subject string) (level string, err error) {
	err = r.do(ctx, "read compatibility level", subject, func(ctx context.Context) error {
		result := r.client.Compatibility(ctx, subject)[0]
		if notFound(result.Err) {
			return nil
		}
		level = result.Level.String()
		return result.Err
	})
	return level, err
}

// Versions returns all registered versions of subject, oldest first; none: empty. Nothing is cached: what is registered
// may have changed.
func (r *SchemaRegistry) Versions(ctx context.Context, subject string) ([]Registered, error) {
	var numbers []int
	err := r.do(ctx, "list versions", subject, func(ctx context.Context) error {
		var err error
		numbers, err = r.client.SubjectVersions(ctx, subject)
		if notFound(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]Registered, 0, len(numbers))
	for _, n := range numbers {
		err := r.do(ctx, "read version "+strconv.Itoa(n), subject, func(ctx context.Context) error {
			s, err := r.client.SchemaByVersion(ctx, subject, n)
			if err == nil && s.Type != sr.TypeAvro {
				return fmt.Errorf("is a schema of type %v, not Avro", s.Type)
			}
			all = append(all, Registered{ID: s.ID, Version: n, Schema: s.Schema.Schema})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Register registers schema under subject and returns its id; Versions tells the version. A subject that has no
// versions yet is set to FULL_TRANSITIVE, one that has keeps the level it has.
//
// The level is set before the first version, so that no version is ever without it, whatever is killed in between;
// Confluent's registry and Apicurio 3 take a level for a subject that does not exist yet. A registry that does not gets it
// right after the first version; if that does not come to pass, the next Register finds a subject without a level of its
// own and sets it.
func (r *SchemaRegistry) Register(ctx context.Context, subject, schema string) (Registered, error) {
	late, err := r.prepare(ctx, subject)
	if err != nil {
		return Registered{}, err
	}
	got := Registered{Schema: schema}
	err = r.do(ctx, "register schema", subject, func(ctx context.Context) error {
		var err error
		got.ID, err = r.client.RegisterSchema(ctx, subject, sr.Schema{Schema: schema, Type: sr.TypeAvro}, -1, -1)
		return err
	})
	if err != nil {
		return Registered{}, r.withReasons(ctx, err, subject, schema)
	}
	if late {
		if _, err := r.setLevel(ctx, subject); err != nil {
			return Registered{}, err
		}
	}
	return got, nil
}

// prepare sets subject's level if it needs one; late: it can be set only once there is a version.
func (r *SchemaRegistry) prepare(ctx context.Context, subject string) (late bool, err error) {
	needed := false
	err = r.do(ctx, "list versions", subject, func(ctx context.Context) error {
		versions, err := r.client.SubjectVersions(ctx, subject)
		if notFound(err) {
			versions, err = nil, nil
		}
		needed = len(versions) == 0
		return err
	})
	if err == nil && !needed {
		err = r.do(ctx, "read compatibility level", subject, func(ctx context.Context) error {
			err := r.client.Compatibility(ctx, subject)[0].Err
			needed = notFound(err)
			if needed || err != nil && !retryable(err) {
				return nil // who may not read the level leaves it as it is
			}
			return err
		})
	}
	if err != nil || !needed {
		return false, err
	}
	return r.setLevel(ctx, subject)
}

// setLevel sets FULL_TRANSITIVE; unknown: the registry does not know the subject.
func (r *SchemaRegistry) setLevel(ctx context.Context, subject string) (unknown bool, err error) {
	err = r.do(ctx, "set compatibility level", subject, func(ctx context.Context) error {
		err := r.client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject)[0].Err
		unknown = notFound(err)
		if unknown {
			return nil
		}
		return err
	})
	return unknown, err
}

// ByID returns the text of the schema with that id. Ids that were found are remembered.
func (r *SchemaRegistry) ByID(ctx context.Context, id int) (string, error) {
	r.mu.Lock()
	text, known := r.texts[id]
	r.mu.Unlock()
	if known {
		return text, nil
	}
	err := r.do(ctx, "read schema "+strconv.Itoa(id), "", func(ctx context.Context) error {
		s, err := r.client.SchemaByID(ctx, id)
		text = s.Schema
		return err
	})
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	r.texts[id] = text
	r.mu.Unlock()
	return text, nil
}

// do runs one request with retries.
func (r *SchemaRegistry) do(ctx context.Context, op, subject string, request func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, maxElapsed)
	defer cancel()
	pause := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.3, Multiplier: 2, MaxInterval: 2 * time.Second}
	pause.Reset()
	var err error
	for attempt := 1; ; attempt++ {
		if err = request(limited); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", op, ctx.Err())
		}
		if attempt == maxAttempts || !retryable(err) || r.sleep(limited, pause.NextBackOff()) != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	return r.failure(op, subject, err)
}
