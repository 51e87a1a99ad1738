package avro

import (
	"fmt"
	"sync"
	"testing"
)

// What is registered side by side gets a version and an id each, and the same schema only one.
func TestADeskNumbersWhatComesAtOnce(t *testing.T) {
	t.Parallel()
	d := NewDesk()
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range 2000 {
		all.Go(func() {
			<-begin
			if _, err := d.Register(t.Context(), "s", fmt.Sprint(i/2)); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	all.Wait()
	versions, err := d.Versions(t.Context(), "s")
	if err != nil || len(versions) != 1000 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	for i, v := range versions {
		if text, err := d.ByID(t.Context(), v.ID); v.Version != i+1 || v.ID != i+1 || err != nil || text != v.Schema {
			t.Fatalf("the version number %d is %+v: %q, %v", i+1, v, text, err)
		}
	}
}
