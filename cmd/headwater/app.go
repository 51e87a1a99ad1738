package main

import (
	"errors"
	"io"
	"strings"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// app is what every command works with.
type app struct {
	env            envconfig.Lookuper
	environ        []string // NAME=value, to find misspelt variables
	stdout, stderr io.Writer
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "headwater",
		Short:         "Keeps Kafka topics equal to what a REST API holds, exactly once",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(a.demoCommand(), a.runCommand(), a.initCommand(), a.planCommand(), a.checkCommand(), a.lintCommand(), a.listCommand(), a.discoverCommand(),
		a.catCommand(), a.configCommand(), a.deadLettersCommand(), a.schemaCommand(), a.stateCommand(), a.versionCommand())
	for _, c := range root.Commands() {
		if c.Args == nil {
			c.Args = cobra.NoArgs
		}
	}
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	a.completions(root)
	return root
}

// usageError is a mistake in flags, arguments, variables or the source file.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitEnvironment = 3
	exitTakenOver   = 4
)

// exitCode is the only place that knows what an error means to whoever started the process.
func exitCode(err error) int {
	var (
		usage       *usageError
		file        *extract.FileError
		visit       *producer.VisitError
		environment *producer.EnvironmentError
		registry    *avro.RegistryError
		taken       *producer.TakenOverError
		failed      *producer.FailedError
		checks      *failedChecks
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &taken):
		return exitTakenOver
	case errors.As(err, &failed):
		if failed.Nothing && !frozen(failed) {
			return exitEnvironment
		}
		return exitFailed
	case errors.As(err, &checks):
		if checks.nothing {
			return exitEnvironment
		}
		return exitFailed
	case errors.As(err, &usage), errors.As(err, &file), errors.As(err, &visit), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	case errors.As(err, &environment), errors.As(err, &registry):
		return exitEnvironment
	}
	return exitFailed
}

// frozen says whether contracts alone stopped what was selected: then the source file is to be changed, and every server is well.
func frozen(failed *producer.FailedError) bool {
	for _, err := range failed.Resources {
		var why *avro.FrozenError
		if !errors.As(err, &why) {
			return false
		}
	}
	return true
}

// load reads the configuration and says the warnings that it gives. With mistakes in it the configuration has defaults in
// their places, so that whoever reads on finds the other mistakes, too.
func (a *app) load() (*Config, error) {
	cfg, warnings, err := loadConfig(a.env, a.environ)
	for _, w := range warnings {
		a.say("warning: " + w)
	}
	if err != nil {
		return cfg, &usageError{err}
	}
	return cfg, nil
}

func (a *app) say(line string) { _, _ = io.WriteString(a.stderr, line+"\n") }
