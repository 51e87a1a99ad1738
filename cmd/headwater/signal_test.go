//go:build unix

package main

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// The first signal ends the work after the commit in flight, with 0; the second ends the process, as a shell expects it.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String()+" once", func(t *testing.T) {
			t.Parallel()
			s := startStack(t)
			p := startProgram(t, s.env(), "run")
			p.stderr.wait(t, p.ctx, "reading Intercom")
			p.signal(t, sig)
			p.ended(t, 0)
			if !strings.Contains(p.stderr.String(), "\nstopping after the commit in flight; once more stops at once\n") || len(regexp.MustCompile(`(?m)^\w+ +\d+ upserts`).FindAllString(p.stderr.String(), -1)) != 13 {
				t.Error(p.stderr)
			}
		})
		t.Run(sig.String()+" twice", func(t *testing.T) {
			t.Parallel()
			s := startStack(t)
			// The broker takes a commit and never says so: the program waits for it until the second signal.
			stuck := make(chan struct{})
			var once atomic.Bool
			s.Broker.Cluster().ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
				if once.CompareAndSwap(false, true) {
					close(stuck)
				}
				s.Broker.Cluster().KeepControl()
				s.Broker.Cluster().SleepControl(func() { <-t.Context().Done() })
				return nil, nil, false
			})
			p := startProgram(t, s.env(), "run", "tags")
			select {
			case <-stuck:
			case <-p.ctx.Done():
				t.Fatal(p.stderr)
			}
			p.signal(t, sig)
			p.stderr.wait(t, p.ctx, "stopping after the commit in flight")
			p.signal(t, sig)
			p.ended(t, 128+int(sig))
		})
	}
}

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	ctx    context.Context
	stdout *output
	stderr *output
}

func startProgram(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	p := &process{cmd: program(t, args...), ctx: deadline(t), stdout: newOutput(), stderr: newOutput()}
	for name, v := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

func (p *process) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("%v: %v\n%s", sig, err, p.stderr)
	}
}

func (p *process) ended(t *testing.T, want int) {
	t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if code != want {
		t.Errorf("exit %d, not %d:\n%s", code, want, p.stderr)
	}
}
