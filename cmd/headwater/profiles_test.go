package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Without a host the address is the loopback one.
func TestProfilesAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"6060": "127.0.0.1:6060", ":6060": "127.0.0.1:6060", "0": "127.0.0.1:0", "localhost:6060": "localhost:6060", "0.0.0.0:6060": "0.0.0.0:6060", "[::1]:6060": "[::1]:6060",
		"": "", "here": "", "here:": "", "::1:6060": "", "6060:": "", ":65536": "", "-1": "", "http://127.0.0.1:6060": "",
	} {
		var got profilesAddress
		if err := got.Set(text); string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// A profile that is being taken when the program ends reaches whoever takes it, whole.
func TestProfiles(t *testing.T) {
	s := startStack(t)
	for _, args := range [][]string{{"run", "tags", "--pprof", "0"}, {"demo", "--size", "20", "--pprof", "0"}} {
		takePorts(t)
		ctx, cancel := context.WithCancel(deadline(t))
		defer cancel()
		c := newCommand(s.env())
		wait := c.start(t, ctx, args...)
		const said = `profiles at (http://127\.0\.0\.1:\d+/debug/pprof/)` + "\n"
		c.stderr.wait(t, ctx, "/debug/pprof/\n")
		m := regexp.MustCompile(said).FindStringSubmatch(c.stderr.String())
		if m == nil {
			t.Fatal(c.stderr)
		}
		profile := make(chan string, 1)
		go func() { profile <- get(t, m[1]+"profile?seconds=3600") }()
		for !strings.Contains(get(t, m[1]+"goroutine?debug=2"), "net/http/pprof.Profile(") {
			if ctx.Err() != nil {
				t.Fatal("no profile is taken")
			}
		}
		if text := get(t, m[1]+"heap?debug=1"); !strings.Contains(text, "# Mallocs = ") {
			t.Errorf("%v: the heap's profile: %.200s", args, text)
		}
		cancel()
		wait()
		c.want(t, exitOK)
		if text := <-profile; !strings.HasPrefix(text, "\x1f\x8b") {
			t.Errorf("%v: no profile: %.200q", args, text)
		}
	}
}

// An address that cannot be had is an error: somebody else may serve profiles there.
func TestProfilesWithoutAnAddress(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, remedy := range map[string]string{taken.Addr().String(): "give --pprof another port; 0 takes a free one", "192.0.2.1:6060": "give --pprof an address of this machine"} {
		got := newCommand(map[string]string{"SOURCE_ACCESS_TOKEN": "x"}).run(t.Context(), "run", "--pprof", address).want(t, exitEnvironment)
		text := got.stderr.String()
		if len(lines(got.stderr)) != 1 || !strings.HasPrefix(text, "headwater: serve profiles: listen tcp "+address+": ") || !strings.HasSuffix(text, " → "+remedy+"\n") {
			t.Error(text)
		}
	}
}

// get returns the body of an answer.
func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
