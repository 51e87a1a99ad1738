package sandbox

import (
	"context"
	"time"
	_ "time/tzdata" // the workspace has a time zone, also on machines and in images that know none
)

// Defaults of APIConfig.
const (
	DefaultSize         = 400
	DefaultRateLimit    = 1666 // requests in ten seconds: the vendor's 10,000 a minute
	DefaultScrollExpiry = time.Minute
	DefaultVersion      = "2.11"
	DefaultZone         = "America/New_York"
)

// APIConfig says what the sample API serves. The zero value is a usable workspace that never changes by itself.
type APIConfig struct {
	// Seed chooses the data: the same seed, size and time of start give the same bytes.
	Seed uint64
	// Size is the number of contacts at the start; the others are in proportion. 0: DefaultSize.
	Size int
	// Token is the access token that requests must carry. Empty: any token will do, but there must be one.
	Token string
	// Forbidden lists resources that the token may not read, with the status they answer: 403 (the plan does not
	// include it) or 401 (the token has no permission).
	Forbidden map[string]int
	// ScrollExpiry is how long a scroll lives after its last use. 0: DefaultScrollExpiry.
	ScrollExpiry time.Duration
	// ScrollHold makes a scroll that was read to its end keep the workspace's only place until it expires. It is not
	// known which of the two the real API does.
	ScrollHold bool
	// RateLimit is how many requests are answered in a window of ten seconds. 0: DefaultRateLimit; negative: no limit
	// and no rate-limit headers.
	RateLimit int
	// Churn is the interval at which the data changes a little by itself. 0: it does not. The changes that are due are
	// made when the next request or call comes, with the times at which they were due: there is no goroutine to stop.
	Churn time.Duration
	// SearchDelay keeps new contacts out of search results for so long after they were made, as the real API does for
	// "a few minutes".
	SearchDelay time.Duration
	// ShuffleTies makes the activity logs of one second come in another order with every request.
	ShuffleTies bool
	// Location is the workspace's time zone, in which contacts are searched by calendar day. nil: DefaultZone.
	Location *time.Location
	// Version is what requests without an Intercom-Version header get. Empty: DefaultVersion.
	Version string
	// Faults are the failures that are planned from the start.
	Faults []Fault
	// Now is the API's clock; it must be safe for concurrent use. nil: time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends: for slow answers. nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (c APIConfig) withDefaults() APIConfig {
	if c.Size <= 0 {
		c.Size = DefaultSize
	}
	if c.ScrollExpiry <= 0 {
		c.ScrollExpiry = DefaultScrollExpiry
	}
	if c.RateLimit == 0 {
		c.RateLimit = DefaultRateLimit
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if c.Location == nil {
		c.Location = time.UTC
		if zone, err := time.LoadLocation(DefaultZone); err == nil {
			c.Location = zone
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return c
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
