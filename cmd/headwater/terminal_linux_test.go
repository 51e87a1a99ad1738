package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// openTerminal returns both ends of a pseudo terminal of that size: what is written to tty comes out of the other.
func openTerminal(t *testing.T, width, height uint16) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	control := func(f *os.File, request uintptr, arg unsafe.Pointer) {
		t.Helper()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg)); errno != 0 {
			t.Fatal(errno)
		}
	}
	var locked, number int32
	control(screen, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	control(screen, syscall.TIOCGPTN, unsafe.Pointer(&number))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	size := struct{ rows, columns, x, y uint16 }{height, width, 0, 0}
	control(tty, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	return screen, tty
}

var statusLines = regexp.MustCompile(`(?m)^[a-z_]+ +(waiting|live|listing|done) +\d+ +\d+ +\d+ `)

// On a terminal the demo draws its thirteen lines in place and takes them away at the end; what was said stays.
func TestDemoOnATerminal(t *testing.T) {
	t.Parallel()
	const width, height = 80, 24
	master, tty := openTerminal(t, width, height)
	cmd := program(t, "demo", "--churn", "0", "--size", "20")
	cmd.Stdout, cmd.Stderr, cmd.Stdin = tty, tty, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	tty.Close()
	seen, raw := newScreen(width, height), newOutput()
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.MultiWriter(seen, raw), master) // ends with an error when the program has closed its end
	}()
	ctx := deadline(t)
	raw.wait(t, ctx, "Ctrl-C ends it")
	raw.wait(t, ctx, "next pass (") // drawn below the announcement
	// The block is drawn line by line, and again and again: some look finds it whole.
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for whole := false; !whole; {
		live := strings.Join(seen.lines(), "\n")
		n := len(statusLines.FindAllString(live, -1))
		if whole = n == 13; whole {
			continue
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("%d status lines are seen:\n%s", n, live)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	<-read
	left := strings.Join(seen.lines(), "\n")
	if statusLines.MatchString(left) || strings.Contains(left, "WAITING FOR") {
		t.Errorf("status lines are left:\n%s", left)
	}
	for _, said := range []string{"started in this process", "reading Intercom", "Ctrl-C ends it", "stopping after the commit in flight; once more stops at once", "the demo has ended"} {
		if strings.Count(left, said) != 1 {
			t.Errorf("%q is not seen once:\n%s", said, left)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^\w+ +\d+ upserts`).FindAllString(left, -1)); n != 26 {
		t.Errorf("%d lines of the two summaries:\n%s", n, left)
	}
	if n := strings.Count(raw.String(), "\r\x1b[14A\x1b[J"); n < 2 {
		t.Errorf("drawn in place %d times only", n)
	}
}
