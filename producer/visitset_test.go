package producer

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestSetMovesOneUnit(t *testing.T) {
	w := newWorld(t)
	base := w.spread(10)
	w.once(only("events"))
	w.news("events")
	plan, live := w.plan("events"), w.unit("events")
	w.silently(base, "silent", 10, "01", "04", "10")
	n := slices.IndexFunc(make([]struct{}, plan.Windows), func(struct{}) bool { return false })
	for i := range plan.Windows {
		if window, _ := plan.window(i); window.Contains(w.clock.Now().Add(-6*24*time.Hour - time.Hour)) { // of 04
			n = i
		}
	}
	unit := windowUnit("events", n)
	w.set(unit, `{"phase":"backfill"}`)
	if now := w.plan("events"); now.Plan != 2 || now.Reset || now.T0 != plan.T0 || now.Windows != plan.Windows || !now.At.Equal(plan.At) {
		t.Errorf("%+v", now)
	}
	if u := w.unit("events"); u.Plan != 2 || u.Watermark != live.Watermark || !u.Done || !u.At.Equal(live.At) {
		t.Errorf("the live pass is not where it was: %+v", u)
	}
	w.api.forget()
	w.once(only("events"))
	w.wantNews("events", "u 04")
	if asked := w.api.requests("events"); asked > 4 {
		t.Errorf("%d requests for one window: %v", asked, w.api.asked)
	}

	shown := w.unit("events")
	shown.Watermark = rfc3339(w.clock.Now().Add(-2 * time.Hour))
	w.set("events", string(encodeState(shown)))
	w.once(only("events"))
	w.wantNews("events", "u 10")

	w.silently(base, "silent", 10, "09")
	w.api.event("events", "11", "a", -300)
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true}`, rfc3339(w.clock.Now()))) // skips, as told
	w.once(only("events"))
	w.wantNews("events", "")
}

func TestSetThatIsRefused(t *testing.T) {
	w := newWorld(t)
	w.spread(5)
	w.api.put("things", "a", "1")
	w.once(only("events", "things"))
	now := w.clock.Now()
	first, _ := w.plan("events").window(0)
	for _, test := range []struct{ unit, text, want string }{
		{"evens", `{}`, `"evens" is not in source "shop"`},
		{"logs", `{"phase":"live"}`, "logs has no state"},
		{"events/x", `{"phase":"live"}`, `events has no unit "events/x"`},
		{"events/03", `{"phase":"backfill"}`, `events has no unit "events/03"`},
		{"events/of/things", `{}`, `events has no unit`},
		{"things/0", `{}`, `things has no unit "things/0"`},
		{"things/sweep", `{}`, `things has no unit "things/sweep"`},
		{"events/48", `{"phase":"backfill"}`, "has 48 windows, and none with number 48"},
		{"events", `{"phase":"live"`, "the JSON cannot be read: unexpected EOF"},
		{"events", `{"phase":"live"} {}`, "goes on behind"},
		{"events", `[]`, "it is of type array and must be an object"}, {"events", `{"records":"x"}`, "records cannot be of type string"},
		{"events", `{"unit":"events","state":{}}`, `unknown field "unit"`},
		{"events", `{"phase":"backfill"}`, `phase is "backfill" and must be live`},
		{"events/0", `{"phase":"live"}`, `must be backfill`},
		{"events/sweep", `{"phase":"live"}`, `must be snapshot`},
		{"events/sweep", `{"phase":"snapshot"}`, `window is missing`},
		{"things", `{}`, `phase is "" and must be snapshot`},
		{"events", `{"v":2,"phase":"live"}`, "v is 2"},
		{"events", `{"plan":2,"phase":"live"}`, "plan is 2, and the current one is 1"},
		{"events", `{"phase":"live","at":"2026-01-01T00:00:00Z"}`, "was committed at"},
		{"events", `{"phase":"live","watermark":"noon"}`, "watermark:"},
		{"events", `{"phase":"live","watermark":"` + rfc3339(now.Add(time.Second)) + `"}`, "in the future"},
		{"events", `{"phase":"live","page":"x"}`, "window is missing"},
		{"events", `{"phase":"live","window":["2026-01-01T00:00:00Z"]}`, "two times"},
		{"events", `{"phase":"live","window":["2026-01-02T00:00:00Z","2026-01-01T00:00:00Z"]}`, "before it starts"},
		{"events/0", `{"phase":"backfill","window":["2026-01-01T00:00:00Z","2026-01-02T00:00:00Z"]}`, "in the plan"},
		{"events/0", `{"phase":"backfill","watermark":"` + rfc3339(first.End.Add(time.Second)) + `"}`, "outside the window"},
		{"events", `{"phase":"live","owed":["labels"]}`, `"labels", which is no substream of events`},
		{"events", `{"phase":"live","records":-1}`, "records is -1"},
	} {
		w.visitRefused(func() (Visited, error) { return SetState(w.context(), w.visits(), test.unit, []byte(test.text)) }, test.want)
	}
	w.reset("events", time.Time{})
	w.visitRefused(func() (Visited, error) {
		return SetState(w.context(), w.visits(), "events", []byte(`{"phase":"live"}`))
	}, "planned anew by the next run")
}

func TestSetKeepsDebts(t *testing.T) {
	w := newWorld(t)
	withChildren(w, "events", "notes", -100)
	w.once(only("events"))
	if u := w.unit("events"); !u.owes("notes") || u.Records != 2 {
		t.Fatalf("%+v", u)
	}
	mark := w.unit("events").Watermark
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true}`, mark))
	if u := w.unit("events"); !u.owes("notes") || u.Records != 2 {
		t.Errorf("%+v", u)
	}
	w.set("events", fmt.Sprintf(`{"phase":"live","watermark":%q,"done":true,"owed":[],"records":7}`, mark))
	if u := w.unit("events"); len(u.Owed) != 0 || u.Records != 7 {
		t.Errorf("%+v", u)
	}
}
