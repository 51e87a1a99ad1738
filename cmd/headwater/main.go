// Headwater reads the REST API that a source file describes and keeps one compacted Kafka topic per resource equal to what
// the API holds. `headwater help` lists the commands; the environment variables are the fields of [Config].
//
// Data goes to stdout, logs and progress to stderr. Exit codes: 0 done, or stopped by a signal with nothing left open;
// 1 some resources failed; 2 a mistake in flags, variables or the source file; 3 the environment: a server that does not
// answer, credentials; 4 another worker took over; 130 and 143 after a second SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"
)

// collectAt has the garbage collector begin when two thirds of what lives have come in addition, not as much again: less memory for a little
// CPU (docs/performance.md says what was measured). GOGC in the environment goes before it.
const collectAt = 65

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := untilSignal(context.Background())
	code := run(ctx, os.Args[1:], envconfig.OsLookuper(), os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// untilSignal returns a context that the first SIGINT or SIGTERM ends: work stops after the commit in flight. The second signal
// ends the process at once; nothing is lost by that either, the next start goes on from what is committed.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
			return
		}
		cancel()
		sig := <-signals
		if s, ok := sig.(syscall.Signal); ok {
			os.Exit(128 + int(s))
		}
		os.Exit(130)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// run is the program without its process: arguments, environment and outputs are given, the exit code is returned.
func run(ctx context.Context, args []string, env envconfig.Lookuper, environ []string, stdout, stderr io.Writer) int {
	app := &app{env: env, environ: environ, stdout: stdout, stderr: stderr}
	root := app.rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) { // stopped while it waited for an answer
		err = nil
		if ends(command) {
			err = errors.New("stopped before its end")
		}
	}
	for _, line := range messages(err) {
		fmt.Fprintln(stderr, "headwater: "+line)
	}
	return exitCode(err)
}

// ends reports whether a command has a result, which is missing where it is stopped; the others go on until they are.
func ends(c *cobra.Command) bool {
	if dry, err := c.Flags().GetBool("dry-run"); err == nil {
		return dry
	}
	follow, err := c.Flags().GetBool("follow")
	return c.Name() != "demo" && c.Name() != "api" && (err != nil || !follow)
}
