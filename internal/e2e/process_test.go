package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one run of the program.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr *output
	done           chan struct{} // closed when it has ended
	secrets        []string      // must never be printed
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines are the lines that are not empty.
func (o *output) lines() []string {
	var lines []string
	for _, line := range strings.Split(o.String(), "\n") {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// start starts the program. Its environment is env and what every program needs, nothing of the test's own. It is killed
// at the end of the test if it still runs then.
func start(t *testing.T, env map[string]string, secrets []string, args ...string) *process {
	t.Helper()
	return startProgram(t, program(t), env, secrets, args...)
}

// startProgram is start with another build of the program.
func startProgram(t *testing.T, path string, env map[string]string, secrets []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, stdout: &output{}, stderr: &output{}, done: make(chan struct{}), secrets: secrets}
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT"} {
		if v, ok := os.LookupEnv(name); ok {
			p.cmd.Env = append(p.cmd.Env, name+"="+v)
		}
	}
	for name, v := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+v)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the outcome is in cmd.ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.done
		if t.Failed() {
			t.Logf("%s %s ended with %v and wrote:\n%s", filepath.Base(path), strings.Join(args, " "), p.cmd.ProcessState, tail(p.stderr.lines(), 40))
		}
	})
	return p
}

func tail(lines []string, n int) string {
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("send %v: %v", s, err)
	}
}

// kill ends the program as kill -9 does. It fails the test if the program had ended by itself.
func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.done
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && !status.Signaled() {
		p.t.Fatalf("the program had ended by itself with %d before it could be killed", status.ExitStatus())
	}
	p.inspect()
}

// terminate asks the program to stop, which it has to do soon and with success.
func (p *process) terminate() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.ends(0, 15*time.Second)
}

// ends waits for the end of the program and checks its exit code.
func (p *process) ends(code int, within time.Duration) {
	p.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.t.Fatalf("headwater %s still runs after %v", strings.Join(p.cmd.Args[1:], " "), within)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("headwater %s: exit code %d, want %d; stderr:\n%s", strings.Join(p.cmd.Args[1:], " "), got, code, tail(p.stderr.lines(), 30))
	}
	p.inspect()
}

// inspect checks what holds for every run: no secret is shown, no data race was seen.
func (p *process) inspect() {
	p.t.Helper()
	for _, text := range []string{p.stdout.String(), p.stderr.String()} {
		for _, secret := range p.secrets {
			if strings.Contains(text, secret) {
				p.t.Errorf("headwater %s prints a secret:\n%s", strings.Join(p.cmd.Args[1:], " "), text)
			}
		}
		if strings.Contains(text, "DATA RACE") || strings.Contains(text, "goroutine 1 [") {
			p.t.Errorf("headwater %s: data race or panic:\n%s", strings.Join(p.cmd.Args[1:], " "), text)
		}
	}
}

// lastLine is the last line on stderr.
func (p *process) lastLine() string {
	lines := p.stderr.lines()
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// eventually waits until condition holds. It returns an explanation of why it does not, which is shown at the end.
func eventually(t *testing.T, within time.Duration, what string, condition func() (bool, string)) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	why := ""
	for {
		ok := false
		if ok, why = condition(); ok {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("%s: not within %v: %s", what, within, why)
		}
	}
}
