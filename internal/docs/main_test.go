package docs

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// root is the project's folder, as seen from the tests.
const root = "../.."

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// documents are the project's, by their paths from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	if texts["README.md"] == "" {
		t.Fatal("there is no README.md")
	}
	return texts
}

// build makes the program and returns its path.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "headwater")
	cmd := exec.CommandContext(deadline(t), "go", "build", "-o", path, "./cmd/headwater")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// process is a command that runs beside the test.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
}

// start runs a shell's command with env added to the environment.
func start(t *testing.T, command string, env []string) *process {
	t.Helper()
	return startIn(t, t.TempDir(), command, env)
}

// startIn is start in a folder.
func startIn(t *testing.T, folder, command string, env []string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // the test's ends before its cleanup
	t.Cleanup(cancel)
	// exec: signals are for the command, not for the shell.
	p := &process{cmd: exec.CommandContext(ctx, "sh", "-c", "exec "+command), stdout: newOutput(), stderr: newOutput()}
	p.cmd.Dir = folder
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.cmd.Dir}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

// interrupt ends the process as Ctrl-C does, and wants it to end well.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatalf("%v: %v\n%s", p.cmd, err, p.stderr)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v: %v\n%s", p.cmd, err, p.stderr)
	}
}

// output is what a process writes; others may wait for something in it. Safe for concurrent use.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
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

// wait returns once text was written by p.
func (p *process) wait(t *testing.T, o *output, text string) {
	t.Helper()
	ctx := deadline(t)
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
			t.Fatalf("%v does not write %q, but:\n%s%s", p.cmd, text, p.stdout, p.stderr)
		}
	}
}
