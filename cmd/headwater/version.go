package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the build (make build).
var version = ""

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Prints the program's version",
		RunE: func(*cobra.Command, []string) error {
			v, revision := buildVersion()
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(map[string]string{"version": v, "revision": revision, "go": runtime.Version()})
			}
			_, err := fmt.Fprintf(a.stdout, "headwater %s (%s)\n", v, runtime.Version())
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func buildVersion() (v, revision string) {
	v = version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	if v == "" {
		v = "development"
	}
	return v, revision
}
