package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// deletable are the resources whose deletions the API shows: they are listed whole, or with their parent.
func deletable() []string {
	return []string{"admins", "tags", "teams", "segments", "company_attributes", "contact_attributes", "companies", "company_segments"}
}

// A run after a change publishes what changed and nothing else: in all thirteen resources.
func TestOnlyWhatChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 11, Size: 120})
		w.once()
		pass := func(what string, edit func()) {
			before, m := w.holdings(all()...), w.marks(w.topics(all())...)
			edit()
			p := w.once()
			w.appended(m, before)
			w.equalsTruth(all()...)
			if t.Failed() {
				t.Fatalf("after %s; the run wrote:\n%s", what, tail(p.stderr.lines(), 20))
			}
		}
		pass("changes", func() {
			for _, r := range all() {
				if keys := w.edit("change", r, "n=3"); len(keys) == 0 {
					t.Errorf("nothing of %s was changed", r)
				}
			}
		})
		pass("creations", func() {
			for _, r := range all() {
				w.edit("create", r, "n=2")
			}
		})
		pass("deletions", func() {
			for _, r := range deletable() {
				if keys := w.edit("delete", r, "n=1"); len(keys) == 0 {
					t.Errorf("nothing of %s was deleted", r)
				}
			}
		})
		w.noDeadLetters()
	})
}

// When a company is deleted, so are its memberships, which the API can no longer be asked about.
func TestDeletedCompanyTakesItsSegmentsAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 3, Size: 60})
		selection := []string{"companies", "company_segments"}
		w.once(selection...)
		company := ""
		for _, key := range slices.Sorted(maps.Keys(w.truth("company_segments"))) {
			company = key[:slices.Index([]byte(key), '/')]
			break
		}
		before, m := w.holdings(selection...), w.marks(w.topics(selection)...)
		w.edit("delete", "companies", "key="+company)
		gone := changes(before["company_segments"], w.truth("company_segments"))
		if len(gone) == 0 {
			t.Fatalf("company %s had no segments", company)
		}
		w.once(selection...)
		w.appended(m, before)
		w.equalsTruth(selection...)
	})
}

// A field that shows up in the middle of a run, or in another type, makes a new schema version; no value is lost, and
// what was published before stays readable.
func TestNewFields(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 5, Size: 330})
		// Read last, since it was changed last: the pages before it do not know the field, and looking ahead ends after 300 records.
		late := w.edit("change", "contacts", "n=1")[0]
		w.set("contacts", late, "satisfaction_survey", `{"score":4,"asked_at":1700000000,"by":["mail","chat"]}`)
		w.once()
		w.equalsTruth(all()...)
		first := w.versions("contacts")
		if len(first) < 2 {
			t.Errorf("contacts: versions %v, want a second one for the field that came late", first)
		}

		before, m := w.holdings(all()...), w.marks(w.topics(all())...)
		edits := []struct{ resource, field, value string }{
			{"tags", "shade", `"blue"`},                            // new
			{"admins", "email", `5`},                               // number where text was
			{"contacts", "name", `{"first":"Ada"}`},                // object where text was
			{"contacts", "loyalty-tier", `[1,"two",{"n":3}]`},      // mixed array, a name that Avro does not allow
			{"tickets", "open", `"maybe"`},                         // text where a boolean was
			{"companies", "session_count", `18446744073709551617`}, // beyond 64 bits
			{"companies", "monthly_spend", `1234567.000000000000001`},
			{"contacts", "satisfaction_survey.score", `4.5`},
		}
		for _, e := range edits {
			keys := slices.Sorted(maps.Keys(before[e.resource]))
			w.set(e.resource, keys[len(keys)/2], e.field, e.value)
		}
		versions := map[string]int{}
		for _, r := range all() {
			versions[r] = len(w.versions(r))
		}
		w.once()
		w.appended(m, before)
		w.equalsTruth(all()...)
		w.noDeadLetters()
		for _, e := range edits {
			if got := len(w.versions(e.resource)); got <= versions[e.resource] {
				t.Errorf("%s: %d versions after %s, as many as before", e.resource, got, e.field)
			}
		}
	})
}
