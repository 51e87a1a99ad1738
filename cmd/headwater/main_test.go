package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"
	"go.uber.org/goleak"
)

// asProgram makes the test binary behave as the program: for tests of signals and terminals, which want a process of its own.
const asProgram = "TEST_BINARY_IS_HEADWATER"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// program is a process of the program with an environment of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(deadline(t), self, args...)
	cmd.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	return cmd
}

// deadline is far longer than anything takes, and ends before the test binary's own.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// output is what a command writes; others may wait for a text in it. Safe for concurrent use.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	wrote chan struct{} // closed and replaced with every write
}

func newOutput() *output { return &output{wrote: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.wrote)
	o.wrote = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait returns once text was written.
func (o *output) wait(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	for {
		o.mu.Lock()
		wrote, found := o.wrote, strings.Contains(o.text.String(), text)
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-wrote:
		case <-ctx.Done():
			t.Fatalf("%q was not written, but:\n%s", text, o)
		}
	}
}

// command is the program in this process: its environment, and what came of it.
type command struct {
	env            map[string]string
	stdout, stderr *output
	code           int
}

func newCommand(env map[string]string) *command {
	return &command{env: env, stdout: newOutput(), stderr: newOutput()}
}

func (c *command) run(ctx context.Context, args ...string) *command {
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(c.env)) {
		environ = append(environ, name+"="+c.env[name])
	}
	c.code = run(ctx, args, envconfig.MapLookuper(c.env), environ, c.stdout, c.stderr)
	return c
}

// start runs the command beside the test. The function that is returned waits for its end.
func (c *command) start(t *testing.T, ctx context.Context, args ...string) (wait func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.run(ctx, args...)
	}()
	return func() {
		t.Helper()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatalf("%v does not end:\n%s", args, c.stderr)
		}
	}
}

// want checks the exit code.
func (c *command) want(t *testing.T, code int) *command {
	t.Helper()
	if c.code != code {
		t.Fatalf("exit code %d, not %d\nstdout: %s\nstderr: %s", c.code, code, c.stdout, c.stderr)
	}
	return c
}

// lines of a text, without the last line break.
func lines(text fmt.Stringer) []string {
	s := strings.TrimSuffix(text.String(), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
