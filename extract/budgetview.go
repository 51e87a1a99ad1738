package extract

import "time"

// Budget is what the API allows, as its answers told. Times are by Options.Now.
type Budget struct {
	Limit     int       // requests a period; 0: the API has told none
	Remaining int       // of them, by the newest answer; others that use the same token are counted in it
	Reset     time.Time // the period's end; zero: of the period that runs no answer was seen yet
	Told      time.Time // when the newest answer came; zero: none has
	Paused    time.Time // no request is sent before; zero: they are
	InFlight  int       // requests that were sent and not answered yet
	Places    int       // the most that may be
}

// Budget may be called at any time, by several goroutines.
func (c *Client) Budget() Budget {
	local := c.now()
	now, _ := c.clock.now(local)
	v := c.budget.view(now)
	v.Places = cap(c.slots)
	for _, t := range []*time.Time{&v.Reset, &v.Told, &v.Paused} {
		if !t.IsZero() {
			*t = local.Add(t.Sub(now))
		}
	}
	return v
}

// view is the budget when the API's clock shows now, by that clock.
func (b *budget) view(now time.Time) Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := Budget{Limit: b.limit, Remaining: max(0, b.remaining), Reset: b.reset, Told: b.told, InFlight: b.inFlight}
	over := !b.reset.IsZero() && !now.Before(b.reset) // the next request begins a period
	taken, left := b.use()
	switch {
	case now.Before(b.blocked):
		v.Paused = b.blocked
	case b.limit > 0 && !b.reset.IsZero() && !over && b.remaining-taken <= left && b.inFlight == 0:
		v.Paused = b.reset
	}
	if over {
		v.Remaining, v.Reset = b.limit, time.Time{}
	}
	return v
}
