package producer

import (
	"net/http"
	"net/http/httptest"
	"sync"
)

// brokenHTTP stands before a server over HTTP and strikes one request: the nth that when holds for; given up: all from it on.
type brokenHTTP struct {
	server http.Handler

	mu    sync.Mutex
	nth   int
	when  func(*http.Request) bool
	how   fault
	first func()
	count int
}

func (b *brokenHTTP) hit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.nth > 0 && b.count >= b.nth
}

// arm makes the next matching requests count.
func (b *brokenHTTP) arm(nth int, how fault, when func(*http.Request) bool, first func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nth, b.how, b.when, b.first, b.count = nth, how, when, first, 0
}

func (b *brokenHTTP) strikes(r *http.Request) (how fault, first func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.nth == 0 || !b.when(r) {
		return "", nil
	}
	b.count++
	if b.count == b.nth || b.how.givesUp() && b.count > b.nth {
		return b.how, b.first
	}
	return "", nil
}

func (b *brokenHTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	how, first := b.strikes(r)
	if first != nil {
		first()
	}
	switch how {
	case notApplied, notAppliedX:
		panic(http.ErrAbortHandler)
	case answerLost, answerLostX:
		b.server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	b.server.ServeHTTP(w, r)
}

// disarm ends the fault; that it has struck is remembered.
func (b *brokenHTTP) disarm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.how, b.first = "", nil
}
