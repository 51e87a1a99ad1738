package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/sources"
)

// loadSource reads the built-in source of that name, or the file.
func loadSource(name string) (*extract.Source, error) {
	text, err := sources.Open(name)
	if err != nil {
		return nil, &usageError{fmt.Errorf("HEADWATER_SOURCE=%q: %w", name, err)}
	}
	return extract.Load(name, text)
}

// settingVariable is the environment variable of a source's setting.
func settingVariable(setting string) string { return "SOURCE_" + strings.ToUpper(setting) }

// sourceSettings reads the source's own settings. All that is missing is reported at once, by its variable.
func sourceSettings(src *extract.Source, env envconfig.Lookuper, environ []string) (settings map[string]string, warnings []string, err error) {
	settings = map[string]string{}
	known := map[string]bool{}
	var mistakes []error
	for _, s := range src.Settings {
		name := settingVariable(s.Name)
		known[name] = true
		lookup := env
		if s.Secret {
			known[name+"_FILE"] = true
			lookup = fileLookuper{env}
			if err := (fileLookuper{env}).check(name); err != nil {
				mistakes = append(mistakes, err)
				continue
			}
		}
		if v, ok := lookup.Lookup(name); ok && v != "" {
			settings[s.Name] = v
		} else if s.Required && s.Default == "" {
			how := "set it"
			if s.Secret {
				how = "set it, or " + name + "_FILE to a file that holds it"
			}
			mistakes = append(mistakes, fmt.Errorf("%s is not set (%s): %s", name, s.Description, how))
		}
	}
	for _, pair := range environ {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SOURCE_") && !known[name] {
			warnings = append(warnings, name+" is set but source "+src.Name+" has no such setting")
		}
	}
	if len(mistakes) > 0 {
		return nil, warnings, &usageError{errors.Join(mistakes...)}
	}
	return settings, warnings, nil
}

