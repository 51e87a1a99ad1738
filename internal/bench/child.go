package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

// Child is this program in another role, in a process of its own. It prints where it listens, on one line, and serves until its
// standard input ends: so it ends with the process that started it, however that ends.
type Child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	Said  []string // the words of that line
	once  sync.Once
}

// StartChild starts this program with args, the first of which is its role, and returns when it listens. The caller closes it.
func StartChild(ctx context.Context, args ...string) (*Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &Child{cmd: exec.CommandContext(ctx, self, args...)}
	c.cmd.Stderr = os.Stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("%s does not say where it listens: %w", args[0], err)
	}
	c.Said = strings.Fields(line)
	return c, nil
}

// Close ends the child and waits for its end. Closing twice is harmless.
func (c *Child) Close() {
	c.once.Do(func() {
		_ = c.stdin.Close()
		_ = c.cmd.Wait()
	})
}

// Main runs a program of this folder: until it has ended, or is told to end.
func Main(name string, run func(ctx context.Context, args []string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// UntilLeft returns when whoever started this process is gone.
func UntilLeft(ctx context.Context) error {
	left := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		left <- err
	}()
	select {
	case err := <-left:
		return err
	case <-ctx.Done():
		return nil
	}
}
