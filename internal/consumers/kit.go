package consumers

import (
	"context"
	_ "embed" // the pins
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/headwater-stream/headwater/internal/realstack"
)

// The pins. Their words and versions are named in docs/consumers.md.
var (
	//go:embed requirements.txt
	Requirements string
	//go:embed package.json
	Package string
	//go:embed package-lock.json
	lock string
	//go:embed pom.xml
	POM string
)

// minNode is the oldest release of Node that the snippets run on.
const minNode = 18

// Kit is one language's libraries.
type Kit struct {
	Name string // Python, Node, Java
	// available says what this machine lacks, and answers with what else the fetched folder depends on.
	available func(ctx context.Context) (basis string, err error)
	pins      string
	fill      func(ctx context.Context, dir string) error
}

// Kits are those of all languages.
func Kits() []Kit { return []Kit{Python(), Node(), Java()} }

// Python is a virtual environment: its interpreter is bin/python.
func Python() Kit {
	return Kit{"Python", pythonAvailable, Requirements, func(ctx context.Context, dir string) error {
		if err := write(dir, "requirements.txt", Requirements); err != nil {
			return err
		}
		if err := run(ctx, dir, "python3", "-m", "venv", dir); err != nil {
			return err
		}
		return run(ctx, dir, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt")
	}}
}

// Node is a folder with node_modules.
func Node() Kit {
	return Kit{"Node", nodeAvailable, lock, func(ctx context.Context, dir string) error {
		if err := errors.Join(write(dir, "package.json", Package), write(dir, "package-lock.json", lock)); err != nil {
			return err
		}
		return run(ctx, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	}}
}

// Java is a folder of jars.
func Java() Kit {
	return Kit{"Java", javaAvailable, POM, func(ctx context.Context, dir string) error { return realstack.Jars(ctx, POM, dir) }}
}

// Available reports whether this machine can fetch and run the kit. The error names what is missing and how to get it.
func (k Kit) Available(ctx context.Context) error {
	_, err := k.available(ctx)
	return err
}

// Fetch returns the kit's folder. What is not in the cache is downloaded, after an announcement on log. Several processes may
// fetch into one cache at once.
func (k Kit) Fetch(ctx context.Context, cache string, log io.Writer) (dir string, err error) {
	basis, err := k.available(ctx)
	if err != nil {
		return "", err
	}
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, basis+"\n"+k.pins)
	name := fmt.Sprintf("consumers-%s-%016x", strings.ToLower(k.Name), sum.Sum64())
	return realstack.Keep(ctx, cache, name, "the libraries of consumers in "+k.Name, log, k.fill)
}

// pythonAvailable answers with the interpreter's version and place: a virtual environment is good for these alone.
func pythonAvailable(ctx context.Context) (string, error) {
	basis, err := output(ctx, "python3", "-c", "import sys; print(sys.version, sys.base_prefix)")
	if err != nil {
		return "", fmt.Errorf("no python3 that runs: install Python 3.10 or later (Debian: python3): %w", err)
	}
	if _, err := output(ctx, "python3", "-c", "import ensurepip, venv"); err != nil {
		return "", errors.New("a python3 that makes no virtual environments: install its module venv (Debian: python3-venv)")
	}
	return basis, nil
}

var release = regexp.MustCompile(`^v(\d+)\.`)

func nodeAvailable(ctx context.Context) (string, error) {
	version, err := output(ctx, "node", "--version")
	if err != nil {
		return "", fmt.Errorf("no node that runs: install Node %d or later (Debian: nodejs): %w", minNode, err)
	}
	m := release.FindStringSubmatch(version)
	if m == nil {
		return "", fmt.Errorf("a node that answers %q when it is asked for its version", version)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n < minNode {
		return "", fmt.Errorf("node %s: release %d or later is needed", strings.TrimSpace(version), minNode)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", errors.New("no npm on PATH: install it (Debian: npm)")
	}
	return "", nil
}

func javaAvailable(ctx context.Context) (string, error) {
	if err := realstack.Available(ctx); err != nil {
		return "", err
	}
	if _, err := exec.LookPath("javac"); err != nil {
		return "", errors.New("no javac on PATH: install a JDK (Debian: default-jdk-headless)")
	}
	return "", nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return string(out), err
}

// run runs a program in dir; the error ends with what it wrote.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
}
