package producer

import (
	"net/http"
	"strings"
	"testing"
)

// Only a traversal that asked for every parent's children clears the mark: one that goes on in the middle has not.
func TestOwedChildrenOfAResumedListing(t *testing.T) {
	w := newWorld(t)
	w.use(strings.Replace(shop, "refresh: listing\n    endpoint: { path: \"/crates", "refresh: parent\n    endpoint: { path: \"/crates", 1))
	w.api.put("crates", "a", ids(1, 6)...)
	for _, id := range ids(1, 6) {
		w.api.put("labels/"+id, "a", "x")
	}
	w.api.intercept(func(r *http.Request) (int, string) {
		if r.URL.Query().Get("after") == "4" {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	})
	if err := w.try(only("crates")); err == nil {
		t.Fatal("half a listing and the run is content")
	}
	w.wantNews("crates", "r 01, r 02, r 03, r 04")
	w.api.intercept(nil)
	w.once(only("crates", "labels"))
	w.wantNews("crates", "r 05, r 06")
	w.wantNews("labels", "r 01/x, r 02/x, r 03/x, r 04/x, r 05/x, r 06/x")
	if owed := w.unit("crates").Owed; len(owed) != 0 {
		t.Errorf("still owed: %v", owed)
	}
}
