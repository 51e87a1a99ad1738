package extract

import (
	"context"
	"time"
)

// Observer is told what requests come to. Its methods are called concurrently, once a request and never once a record; they must not block.
type Observer interface {
	Answered(Answer)
	// Retried is told before a request is sent again, with the resource that asks and why.
	Retried(resource string, why Retry)
	// HeldBack is told how long a request waited for the rate budget.
	HeldBack(d time.Duration)
}

// Answer is what one request came to, token requests of a resource's login included.
type Answer struct {
	Resource string
	Status   int           // 0: there was no answer
	Took     time.Duration // from sending to the end of the body
	Limited  bool          // the API says that too many requests were sent
	Failure  *Error        // nil: the answer is a page, or a token
}

// Retry is why a request is sent again, in one word.
type Retry string

// The reasons.
const (
	RetryRateLimit    Retry = "rate_limit"   // too many requests were sent
	RetryServerError  Retry = "server_error" // 5xx
	RetryNoAnswer     Retry = "no_answer"    // connection, timeout
	RetryUnreadable   Retry = "unreadable"   // a success whose body is cut short or no JSON, or that the source file takes for a failure
	RetryUnauthorized Retry = "unauthorized" // the token had ended: there is a new one
	RetryOther        Retry = "other"        // any other status that the source file says to try again
)

func retryOf(e *Error) Retry {
	switch {
	case e.isLimit():
		return RetryRateLimit
	case e.Status == 0:
		return RetryNoAnswer
	case e.Status >= 500:
		return RetryServerError
	case e.Status < 300:
		return RetryUnreadable
	}
	return RetryOther
}

// answered tells what a request that was sent at since came to. One that its caller gave up came to nothing.
func (c *Client) answered(ctx context.Context, q *request, since time.Time, status int, failure *Error) {
	if c.o.Observer == nil || ctx.Err() != nil && failure != nil {
		return
	}
	limited := failure != nil && failure.transient && failure.isLimit()
	c.o.Observer.Answered(Answer{Resource: q.resource.Name, Status: status, Took: c.now().Sub(since), Limited: limited, Failure: failure})
}

func (c *Client) retried(q *request, why Retry) {
	if c.o.Observer != nil {
		c.o.Observer.Retried(q.resource.Name, why)
	}
}
