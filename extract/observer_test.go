package extract

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// watcher writes down what it is told.
type watcher struct {
	mu       sync.Mutex
	answers  []Answer
	retries  []string
	heldBack time.Duration
}

func (o *watcher) Answered(a Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers = append(o.answers, a)
}

func (o *watcher) Retried(resource string, why Retry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retries = append(o.retries, resource+" "+string(why))
}

func (o *watcher) HeldBack(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.heldBack += d
}

func (o *watcher) String() string {
	var all []string
	for _, a := range o.answers {
		text := fmt.Sprintf("%s %d %v", a.Resource, a.Status, a.Took)
		if a.Limited {
			text += " limited"
		}
		if a.Failure != nil {
			text += " failed"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// Every answer is told once, with what became of it, and every retry with its reason.
func TestObserver(t *testing.T) {
	t.Parallel()
	var b *bench
	n := 0
	b = newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = b.clock.Sleep(context.Background(), 250*time.Millisecond) // the answer's time
		switch n++; n {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)
		case 3:
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = conn.Write([]byte("no HTTP\r\n\r\n"))
			conn.Close()
		case 4:
			w.Header().Set("Content-Length", "1000")
			send(w, 200, `{"admins":[`)
		default:
			send(w, 200, `{"admins":[{"id":"1"}]}`)
		}
	})
	seen := &watcher{}
	b.c.o.Observer = seen
	b.mustRead("admins", Position{})
	const answers = "admins 502 250ms failed, admins 429 250ms limited failed, admins 0 250ms failed, admins 200 250ms failed, admins 200 250ms"
	if seen.String() != answers {
		t.Errorf("answers: %s", seen)
	}
	if got := strings.Join(seen.retries, ", "); got != "admins server_error, admins rate_limit, admins no_answer, admins unreadable" {
		t.Errorf("retries: %s", got)
	}
	if seen.heldBack != 3*time.Second {
		t.Errorf("held back for %v", seen.heldBack)
	}
}

// Token requests are told as well, and the retry with a new token; a request that its caller gives up is not.
func TestObserverOfALogin(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var s *shop
	s = newShop(t, shopOf(authOfClient, ""), func(w http.ResponseWriter, r *http.Request) {
		switch s.tokens {
		case 1:
			w.WriteHeader(http.StatusUnauthorized)
		case 2:
			send(w, 200, `{"items":[],"next":"/items?page=2"}`)
			s.tokens++
		default:
			cancel()
			<-r.Context().Done()
		}
	})
	seen := &watcher{}
	s.c.o.Observer = seen
	for _, err := range s.c.Pages(ctx, s.src.Resource("items"), Position{}) {
		if err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
	}
	if got := seen.String(); got != "items 200 0s, items 401 0s failed, items 200 0s, items 200 0s" {
		t.Errorf("answers: %s", got)
	}
	if got := strings.Join(seen.retries, ", "); got != "items unauthorized" {
		t.Errorf("retries: %s", got)
	}
}
