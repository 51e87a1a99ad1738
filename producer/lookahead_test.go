package producer

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headwater-stream/headwater/extract"
)

// The first version of a schema knows what the first pages hold, of children as well. Later starts do not look.
func TestSchemaIsRegisteredWithWhatLiesAhead(t *testing.T) {
	ahead := func(c *Config) { c.LookAhead = extract.SampleLimit{Records: 100, Pages: 10} }
	versions := func(w *world, resource string) int {
		all, err := w.registry.Versions(w.context(), w.names.Subject(resource))
		if err != nil {
			w.Fatal(err)
		}
		return len(all)
	}
	fill := func(w *world) {
		for i, n := range []string{"1", "2", "3", "4.5", `5,"late":true`} {
			id := string(rune('a' + i))
			w.api.set("crates", id, `{"id":"`+id+`","n":`+n+`}`)
			w.api.set("labels/"+id, id, `{"id":"`+id+`","n":`+n+`}`)
		}
	}

	w := newWorld(t)
	fill(w)
	w.once(only("crates", "labels"), ahead)
	for _, resource := range []string{"crates", "labels"} {
		if n := versions(w, resource); n != 1 {
			t.Errorf("%s: %d versions, want 1", resource, n)
		}
	}
	w.api.forget()
	w.once(only("crates", "labels"), ahead)
	if n := w.api.requests("/crates"); n != 3 {
		t.Errorf("a later start asked for %d pages, want the 3 of its listing", n)
	}
}

// Where the API refuses, the records at hand have to do: they will say what the trouble is.
func TestLookingAheadMayFail(t *testing.T) {
	w := newWorld(t)
	w.api.put("crates", "1", "a", "b", "c")
	w.api.refuse("/crates", http.StatusForbidden)
	worker := w.newWorker(only("crates"), func(c *Config) { c.LookAhead = extract.SampleLimit{Records: 100, Pages: 10} })
	if texts := worker.lookAhead(w.context(), w.src.Resource("crates")); len(texts) != 0 {
		t.Errorf("%d records", len(texts))
	}
}

// JSON values have no schema that a contract could speak of.
func TestContractsNeedASchema(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "- name: things ", "- schema_contract: freeze\n    name: things ", 1))
	for format, want := range map[Format]string{FormatAvro: "", FormatJSON: "resource things: schema_contract freeze is for values with a schema"} {
		_, err := New(Config{Source: w.src, Format: format, Names: w.names, Now: w.clock.Now})
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v", format, err)
		}
	}
}
