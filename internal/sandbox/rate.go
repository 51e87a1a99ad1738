package sandbox

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const rateSeconds = 10

// rateWindow counts the requests of the current window of ten seconds.
type rateWindow struct {
	mu    sync.Mutex
	start int64 // Unix seconds
	used  int
}

// limit counts a request, sets the rate-limit headers and refuses what is over the limit.
func (a *API) limit(header http.Header, now time.Time) *apiError {
	if a.cfg.RateLimit < 0 {
		return nil
	}
	w := &a.rate
	w.mu.Lock()
	defer w.mu.Unlock()
	if start := now.Unix() - now.Unix()%rateSeconds; start != w.start {
		w.start, w.used = start, 0
	}
	w.used++
	header.Set("X-RateLimit-Limit", strconv.Itoa(a.cfg.RateLimit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, a.cfg.RateLimit-w.used)))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(w.start+rateSeconds, 10))
	if w.used > a.cfg.RateLimit {
		return errorf(http.StatusTooManyRequests, "rate_limit_exceeded", "Exceeded rate limit of %d in %d_seconds", a.cfg.RateLimit, rateSeconds)
	}
	return nil
}
