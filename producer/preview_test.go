package producer

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
)

// preview tells what a preview hands over, as "resource op key", in its order.
func (w *world) preview(limit int, changes ...change) (told []string, all []Previewed) {
	w.Helper()
	changes = append(changes, func(c *Config) { c.Registry, c.Kafka = avro.NewDesk(), nil })
	all, err := w.newWorker(changes...).Preview(w.context(), limit, func(resource string, r *kgo.Record) error {
		told = append(told, resource+" "+header(r, headerOp)+" "+string(r.Key))
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return told, all
}

// A substream of several parents is shown under each of them, a scroll's children after it.
func TestPreviewOfSeveralParents(t *testing.T) {
	w := newRemarks(t)
	told, _ := w.preview(0, withParents())
	var remarks []string
	for _, one := range told {
		if text, ok := strings.CutPrefix(one, "remarks "); ok {
			remarks = append(remarks, text)
		}
	}
	slices.Sort(remarks)
	if diff := cmp.Diff(allRemarks, remarks); diff != "" || len(told) != 12 {
		t.Errorf("%v\n%s", told, diff)
	}
}

// A parent that cannot be listed is an error of its substream, too, whose records of the other parents are shown.
func TestPreviewTellsOfOneParent(t *testing.T) {
	w := newRemarks(t)
	w.api.intercept(func(r *http.Request) (int, string) {
		if strings.HasPrefix(r.URL.Path, "/boxes") {
			return http.StatusForbidden, `{"errors":[{"code":"no","message":"no right"}]}`
		}
		return 0, ""
	})
	_, all := w.preview(0, withParents())
	for _, s := range all {
		if failed := s.Resource == "boxes" || s.Resource == "remarks"; failed != (s.Err != nil) {
			t.Errorf("%s: error %v", s.Resource, s.Err)
		}
		if s.Resource == "remarks" && s.Records != 4 {
			t.Errorf("%d remarks are shown, want those of two parents", s.Records)
		}
	}
}

// Where the API takes the time in steps, the newest one is shown first, and without a limit all of them.
func TestPreviewGoesStepByStep(t *testing.T) {
	w := newWorld(t)
	from := w.clock.Now().Add(-10 * 24 * time.Hour).Format(time.DateOnly)
	w.use(strings.Replace(shop, "row_order: desc }", `row_order: desc, step: 48h, initial_value: "`+from+`" }`, 1))
	day := int64(24 * 3600)
	for id, ago := range map[string]int64{"new": day / 2, "mid": 5 * day, "old": 9 * day} {
		w.api.event("logs", id, "x", -ago)
	}
	told, _ := w.preview(0, only("logs"))
	if diff := cmp.Diff([]string{"logs r new", "logs r mid", "logs r old"}, told); diff != "" {
		t.Error(diff)
	}
	told, all := w.preview(1, only("logs"))
	if diff := cmp.Diff([]string{"logs r new"}, told); diff != "" || !all[0].More {
		t.Errorf("%+v\n%s", all, diff)
	}
}

// A limit bounds the requests: pages and children are not asked for beyond it.
func TestPreviewAsksForNoMore(t *testing.T) {
	w := newWorld(t)
	for n := range 200 {
		id := string(rune('a'+n/26)) + string(rune('a'+n%26))
		w.api.put("crates", "x", id)
	}
	_, all := w.preview(2, only("crates", "labels"), func(c *Config) { c.LookAhead.Pages = 0 })
	if n := w.api.requests("/labels"); n > LookAhead.Pages+w.worker.cfg.Concurrency {
		t.Errorf("%d lists of children were asked for, and none holds any", n)
	}
	if n := w.api.requests("/crates"); n > LookAhead.Pages {
		t.Errorf("%d pages", n)
	}
	// Nor where nothing comes of the pages.
	w.api.forget()
	w.use(strings.Replace(shop, "  - name: crates ", "  - name: crates\n    processing_steps: [ { filter: { field: v, in: [never] } } ]\n    #", 1))
	if told, _ := w.preview(2, only("crates"), func(c *Config) { c.LookAhead.Pages = 0 }); len(told) > 0 || w.api.requests("/crates") > LookAhead.Pages {
		t.Errorf("%d pages for %v", w.api.requests("/crates"), told)
	}
	if all[0].Records != 2 || !all[0].More || all[1].Records != 0 || !all[1].More {
		t.Errorf("%+v", all)
	}
}

// What a contract keeps out is shown as the dead letter that it would be, once.
func TestPreviewKeepsContracts(t *testing.T) {
	w := newWorld(t)
	text := strings.Replace(shop, "  - name: books ", "  - name: books\n    schema_contract: discard_record\n    #", 1)
	w.use(strings.ReplaceAll(text, "cursor_param: after }", "cursor_param: after, shifting: true }")) // pages are read twice
	w.api.set("books", "1", `{"id":"1","v":"a"}`)
	w.api.set("books", "2", `{"id":"2","v":"b"}`)
	w.api.set("books", "3", `{"id":"3","v":"c","new":1}`)
	told, all := w.preview(0, only("books"), func(c *Config) { c.LookAhead.Pages = 0 })
	if diff := cmp.Diff([]string{"books r 1", "books r 2", "books  books/3"}, told); diff != "" || all[0].DeadLetters != 1 || all[0].Records != 2 {
		t.Errorf("%+v\n%s", all, diff)
	}
}
