package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/sethvargo/go-envconfig"
)

// brokenPipe is an output whose reader has gone.
type brokenPipe struct{ writes int }

func (p *brokenPipe) Write([]byte) (int, error) {
	p.writes++
	return 0, fmt.Errorf("write |1: %w", syscall.EPIPE)
}

// Whoever reads cat's output may stop: that is no failure, and nothing more is read.
func TestCatIntoABrokenPipe(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t, "tags")
	out, said := &brokenPipe{}, newOutput()
	code := run(deadline(t), []string{"cat", "tags"}, envconfig.MapLookuper(s.env()), nil, out, said)
	if code != exitOK || out.writes != 1 || said.String() != "" {
		t.Errorf("exit code %d after %d writes: %s", code, out.writes, said)
	}
}

// A registry that does not answer is not a value's fault: cat ends.
func TestCatWithoutARegistry(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t, "tags")
	env := s.env()
	env["SCHEMA_REGISTRY_URL"] = "http://" + gone(t)
	got := newCommand(env).run(deadline(t), "cat", "tags").want(t, exitEnvironment)
	if all := lines(got.stderr); len(all) != 1 || !strings.Contains(all[0], "check SCHEMA_REGISTRY_URL") || got.stdout.String() != "" {
		t.Errorf("%s%s", got.stderr, got.stdout)
	}
}

func TestCatArguments(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--last needs the end of the topic, and --follow knows none: give one":                             {"tags", "-f", "--last"},
		"--count -1: must not be negative":                                                                 {"tags", "-n", "-1"},
		"topic other.tags is not of this source: its topics begin with intercom. (HEADWATER_TOPIC_PREFIX)": {"other.tags"},
	} {
		got := newCommand(nil).run(deadline(t), append([]string{"cat"}, args...)...).want(t, exitUsage)
		if got.stderr.String() != "headwater: "+want+"\n" {
			t.Errorf("%v: %s", args, got.stderr)
		}
	}
}
