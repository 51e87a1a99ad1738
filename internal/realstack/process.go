package realstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// process is a running server. Its methods are safe for concurrent use.
type process struct {
	cmd  *exec.Cmd
	log  string        // path of the file that it writes to
	done chan struct{} // closed when it has ended
}

// startProcess starts a program that appends what it says to the file log.
func startProcess(log, program string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	cmd := exec.Command(program, args...) //nolint:noctx // a server lives longer than the call that starts it
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	endWithParent(p.cmd)
	started := make(chan error, 1)
	go func() {
		defer out.Close()
		p.run(started)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return p, nil
}

// run starts the program and waits for its end on one thread: Linux kills a child whose parent-death signal is set
// when the thread that made it ends, and Go ends threads as it likes unless a goroutine is locked to one.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	_ = p.cmd.Wait() // the error is a form of cmd.ProcessState
	close(p.done)
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process as kill -9 does and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // the only error is that it has ended
	<-p.done
}

// stop asks the process to end. One that has not ended when ctx or the grace does is killed, which is an error.
func (p *process) stop(ctx context.Context, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("stop process: killed after %v: %w\n%s", grace, ctx.Err(), p.logTail())
	}
}

// await calls ready until it returns nil. It gives up when the process ends, or ctx does.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		err := ready(ctx)
		if err == nil && p.running() {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("process ended: %s; the end of its log:\n%s", p.cmd.ProcessState, p.logTail())
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w (last error: %w); the end of its log:\n%s", context.Cause(ctx), err, p.logTail())
		case <-poll.C:
		}
	}
}

func (p *process) logTail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return tail(string(text))
}

// tail keeps the last lines of a text.
func tail(text string) string {
	const keep = 40
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > keep {
		lines = lines[len(lines)-keep:]
	}
	return strings.Join(lines, "\n")
}
