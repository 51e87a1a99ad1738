package extract

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSweepInterval(t *testing.T) {
	t.Parallel()
	const days = "- name: orders\n    sweep_interval: "
	for name, test := range map[string]struct {
		text, wrong    string
		orders, things time.Duration // of the root and its substream
	}{
		"without a word":  {"- name: orders", "", 24 * time.Hour, 24 * time.Hour},
		"a week":          {days + "168h", "", 168 * time.Hour, 24 * time.Hour},
		"off":             {days + "off", "", 0, 24 * time.Hour},
		"false":           {days + "false", "", 0, 24 * time.Hour},
		"nothing":         {days + "0s", "want a length of time such as 24h, or off", 0, 0},
		"not a time":      {days + "daily", "want a length of time", 0, 0},
		"a log":           {"- name: orders\n    deletes: never", "", 0, 0},
		"a log with one":  {days + "24h\n    deletes: never", "whose records may be deleted", 0, 0},
		"of the defaults": {"- name: orders\n    deletes: never", "", 0, 0},
	} {
		file := strings.Replace(small, "- name: orders", test.text, 1)
		if name == "of the defaults" {
			file = strings.Replace(file, "resource_defaults:", "resource_defaults:\n  sweep_interval: 48h", 1)
		}
		src, err := Load("small.yaml", []byte(file))
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: got %v, want %q", name, err, test.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, b := src.Resource("orders").SweepInterval, src.Resource("items").SweepInterval; a != test.orders || b != test.things {
			t.Errorf("%s: %v and %v, want %v and %v", name, a, b, test.orders, test.things)
		}
	}
	if d := readSource(t).Resource("admins").SweepInterval; d != 0 {
		t.Errorf("a listing is swept every %v", d)
	}
}

// A window of a sweep hands over what lies beside it, too: that it was seen matters. It is read in a backfill's order.
func TestSweepIsNotFiltered(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, `{"tickets":[{"id":"early","updated_at":1},{"id":"a","updated_at":%d},{"id":"late","updated_at":%d}],"pages":{}}`,
			epoch.Unix()+10, epoch.Unix()+100)
	})
	w := window(0, 100)
	if got := keys(b.mustRead("tickets", Position{Phase: PhaseBackfill, Window: w})); got != "a" {
		t.Errorf("a backfill takes %s", got)
	}
	pages := b.mustRead("tickets", Position{Phase: PhaseSnapshot, Window: w})
	if got := keys(pages); got != "early a late" {
		t.Errorf("a sweep takes %s", got)
	}
	if after := pages[0].After; !after.Done || after.Watermark != w.End {
		t.Errorf("after it: %v", after)
	}
}

// Where live passes begin: what they read, a sweep leaves to them.
func TestLiveFrom(t *testing.T) {
	t.Parallel()
	src := readSource(t)
	if got := src.Resource("tickets").LiveFrom(epoch); got != epoch {
		t.Errorf("the oldest first: %v", got)
	}
	if got := src.Resource("contacts").LiveFrom(epoch); got != epoch.Add(-5*time.Minute) {
		t.Errorf("the newest first: %v", got)
	}
}
