package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// An API whose clock is two days ahead is said to be, and read to its last change all the same: its records' times are of that clock, too.
func TestAnAPIWhoseClockIsAhead(t *testing.T) {
	t.Parallel()
	servers, err := sandbox.Start(sandbox.StackConfig{
		API: sandbox.APIConfig{Size: 20, Token: token, RateLimit: -1, Now: func() time.Time { return time.Now().Add(48 * time.Hour) }}, APIAddr: "127.0.0.1:0",
		Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(servers.Close)
	s := stack{servers}
	runs := []string{"run", "--once", "tickets", "conversations"}
	first := newCommand(s.env()).run(deadline(t), runs...).want(t, exitOK)
	if said := first.stderr.String(); !strings.Contains(said, "warning: the API's Date header is 48h0m0s ahead of this machine's clock") {
		t.Errorf("it is not said:\n%s", said)
	}
	var want []string
	for _, resource := range []string{"tickets", "conversations"} {
		keys, err := s.API.Change(resource, 2)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s %d", resource, len(keys)))
	}
	var got []string
	for _, l := range lines(newCommand(s.env()).run(deadline(t), runs...).want(t, exitOK).stderr) {
		if fields := strings.Fields(l); len(fields) > 2 && fields[2] == "upserts" {
			got = append(got, fields[0]+" "+fields[1])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("published: %v, not %v", got, want)
	}
	found := s.check(t, nil, exitOK)
	if i := slices.IndexFunc(found, func(l string) bool { return strings.HasPrefix(l, "warn API the API's Date header is 48h0m0s ahead") }); i < 0 {
		t.Errorf("check does not say it:\n%s", strings.Join(found, "\n"))
	}
}
