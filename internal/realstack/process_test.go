package realstack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAwaitReportsEndWithLog(t *testing.T) {
	t.Parallel()
	p, err := startProcess(filepath.Join(t.TempDir(), "log"), "sh", "-c", "echo the disk is full; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	err = p.await(t.Context(), func(context.Context) error { return errors.New("connection refused") })
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("error: %v", err)
	}
}

// A port that answers is not enough: it may be somebody else's.
func TestAwaitWantsTheProcessAlive(t *testing.T) {
	t.Parallel()
	p, err := startProcess(filepath.Join(t.TempDir(), "log"), "false")
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	if err := p.await(t.Context(), func(context.Context) error { return nil }); err == nil {
		t.Error("ready, although the process has ended")
	}
}

func TestAwaitEndsWithContext(t *testing.T) {
	t.Parallel()
	p := sleeper(t, "exec sleep 600")
	ctx, cancel := context.WithCancel(t.Context())
	err := p.await(ctx, func(context.Context) error { cancel(); return errors.New("connection refused") })
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error: %v", err)
	}
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	polite := sleeper(t, "exec sleep 600")
	if err := polite.stop(t.Context(), time.Minute); err != nil || polite.running() {
		t.Errorf("stop: %v", err)
	}
	stubborn := sleeper(t, `trap "" TERM; echo ready; exec sleep 600`)
	waitForLog(t, stubborn, "ready")
	if err := stubborn.stop(t.Context(), 100*time.Millisecond); err == nil || stubborn.running() {
		t.Errorf("stop: %v, running: %v", err, stubborn.running())
	}
}

func sleeper(t *testing.T, script string) *process {
	t.Helper()
	p, err := startProcess(filepath.Join(t.TempDir(), "log"), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func waitForLog(t *testing.T, p *process, text string) {
	t.Helper()
	err := p.await(t.Context(), func(context.Context) error {
		if strings.Contains(p.logTail(), text) {
			return nil
		}
		return errors.New("not yet")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// When a test process is killed, its servers die with it. The test runs itself as that process.
func TestServersDieWithTheirParent(t *testing.T) {
	if dir := os.Getenv("REALSTACK_TEST_PARENT"); dir != "" {
		p, err := startProcess(filepath.Join(dir, "log"), "sleep", "600")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("child=%d\n", p.cmd.Process.Pid)
		<-p.done
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a killed process")
	}
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServersDieWithTheirParent$")
	parent.Env = append(os.Environ(), "REALSTACK_TEST_PARENT="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	child := childPID(t, bufio.NewScanner(out))
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	gone := time.NewTicker(20 * time.Millisecond)
	defer gone.Stop()
	for deadline := time.After(10 * time.Second); syscall.Kill(child, 0) == nil && !zombie(child); {
		select {
		case <-gone.C:
		case <-deadline:
			t.Fatalf("process %d is still there", child)
		}
	}
}

func childPID(t *testing.T, lines *bufio.Scanner) int {
	t.Helper()
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "child="); ok {
			pid, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("the parent process said nothing")
	return 0
}

// zombie reports that a process has ended but nobody has collected it, as happens where process 1 does not.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
