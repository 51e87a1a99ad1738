package sandbox

import "time"

// churn is the data's own unrest: what changes while the API runs without anybody asking for it.
type churn struct {
	every time.Duration // 0: none
	next  time.Time
}

// churnBacklog is how many overdue ticks are made up for; after a longer pause the others are skipped.
const churnBacklog = 1000

// SetChurn changes the interval at which the data changes by itself; 0 stops that.
func (a *API) SetChurn(every time.Duration) {
	now := a.cfg.Now()
	a.catchUp(now)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.churn = churn{every: max(0, every), next: now.Add(every)}
}

// catchUp makes the changes that were due up to now, each at the second at which it was due.
func (a *API) catchUp(now time.Time) {
	a.mu.RLock()
	due := a.churn.every > 0 && !a.churn.next.After(now)
	a.mu.RUnlock()
	if !due {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c := &a.churn
	if c.every <= 0 {
		return
	}
	if oldest := now.Add(-churnBacklog * c.every); c.next.Before(oldest) {
		c.next = oldest
	}
	a.data.prepared = nil
	for ; !c.next.After(now); c.next = c.next.Add(c.every) {
		a.data.tick(c.next.Unix())
	}
}

// tick makes a few believable changes. Some may find nothing to change; that is no error.
func (w *workspace) tick(now int64) {
	d := w.move()
	for range 1 + d.below(2) {
		_, _ = w.create(conversationParts, "", now)
	}
	for _, habit := range []struct {
		percent  int
		resource string
		do       func(resource string, now int64)
	}{
		{60, contacts, w.changeOne}, {40, tickets, w.changeOne}, {20, companies, w.changeOne}, {8, conversationParts, w.changeOne},
		{25, companySegments, w.changeOne}, {3, segments, w.changeOne}, {3, companyAttributes, w.changeOne}, {3, contactAttributes, w.changeOne},
		{30, contacts, w.createOne}, {30, conversations, w.createOne}, {15, tickets, w.createOne}, {5, companies, w.createOne},
		{20, activityLogs, w.createOne},
	} {
		if d.chance(habit.percent) {
			habit.do(habit.resource, now)
		}
	}
	w.adminWork(d, now)
}

func (w *workspace) changeOne(resource string, now int64) { _, _ = w.change(resource, 1, now) }
func (w *workspace) createOne(resource string, now int64) { _, _ = w.create(resource, "", now) }

// adminWork is what admins do; it leaves activity logs.
func (w *workspace) adminWork(d *dice, now int64) {
	by := w.someAdmin(d)
	if d.chance(6) {
		if keys, err := w.change(admins, 1, now); err == nil && len(keys) > 0 {
			w.addLog(&event{by, "admin_away_mode_change", "changed an away mode", map[string]any{"admin": map[string]any{"id": keys[0]}, "update_by": "admin"}}, now)
		}
	}
	if d.chance(3) {
		if keys, err := w.change(teams, 1, now); err == nil && len(keys) > 0 {
			w.addLog(&event{by, "app_team_membership_modification", "changed the members of a team", map[string]any{"team": map[string]any{"id": keys[0]}}}, now)
		}
	}
	if d.chance(5) {
		if id, err := w.create(tags, "", now); err == nil {
			w.addLog(&event{by, "tag_creation", "created a tag", map[string]any{"tag": map[string]any{"id": id}}}, now)
		}
	}
	if d.chance(3) && len(w.all[tags].order) > 8 {
		w.removeOne(tags, by, now)
	}
	if d.chance(1) && len(w.all[companies].order) > w.initial[companies]/2 {
		w.removeOne(companies, by, now)
	}
}

func (w *workspace) removeOne(resource string, by int, now int64) {
	keys, err := w.someKeys(resource, 1)
	if err != nil || len(keys) == 0 || w.remove(resource, keys[0], now) != nil {
		return
	}
	w.addLog(&event{by, "bulk_delete", "deleted one of the " + resource, map[string]any{"id": keys[0]}}, now)
}
