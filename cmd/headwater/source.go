package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/sources"
)

// loadSource reads the source that HEADWATER_SOURCE names.
func loadSource(name string) (*extract.Source, error) {
	src, err := readSource(name)
	var file *extract.FileError // names the file itself
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		err = &usageError{unreadable("HEADWATER_SOURCE", name, of)}
	} else if err != nil && !errors.As(err, &file) {
		err = &usageError{fmt.Errorf("HEADWATER_SOURCE=%q: %w", name, err)}
	}
	return src, err
}

// readSource reads the built-in source of that name, or the file.
func readSource(name string) (*extract.Source, error) {
	text, err := sources.Open(name)
	if err != nil {
		return nil, &usageError{err}
	}
	return extract.Load(name, text)
}

// settingVariable is the environment variable of a source's setting.
func settingVariable(setting string) string { return "SOURCE_" + strings.ToUpper(setting) }

// baseVariable is where the API's address comes from.
func baseVariable(src *extract.Source) string {
	for _, s := range src.Settings {
		if s.Name == "base_url" {
			return settingVariable(s.Name)
		}
	}
	return "the source file's base_url"
}

// sourceSettings reads the source's own settings; all that is missing is reported at once, by its variable.
func sourceSettings(src *extract.Source, env envconfig.Lookuper, environ []string) (settings map[string]string, warnings []string, missing []error) {
	settings = map[string]string{}
	var plain, secret []string
	for _, s := range src.Settings {
		name := settingVariable(s.Name)
		lookup := envconfig.Lookuper(filled{env})
		if !s.Secret {
			plain = append(plain, name)
		} else {
			secret = append(secret, name)
			lookup = fileLookuper{env}
			if err := (fileLookuper{env}).check(name); err != nil {
				missing = append(missing, err)
				continue
			}
		}
		if v, ok := lookup.Lookup(name); ok {
			settings[s.Name] = v
		} else if s.Required && s.Default == "" {
			missing = append(missing, notSet(name, s))
		}
	}
	return settings, unknownSettings(src, environ, plain, secret), missing
}

func notSet(name string, s extract.Setting) error {
	how := "set it"
	if s.Secret {
		how += ", or " + name + "_FILE to a file that holds it"
	}
	if s.Description != "" {
		how += ". " + s.Description
	}
	return fmt.Errorf("%s is not set → %s", name, how)
}

// unknownSettings warns of SOURCE_* that the source has no setting for.
func unknownSettings(src *extract.Source, environ, plain, secret []string) []string {
	environ = slices.DeleteFunc(slices.Clone(environ), func(pair string) bool { return !strings.HasPrefix(pair, "SOURCE_") })
	return unknown(environ, plain, secret, func(name string) string {
		return name + " is set but source " + src.Name + " has no such setting: headwater config lists what there is"
	})
}

// settingMistakes has what extract says of settings name the variables that people set. What is missing was said before.
func settingMistakes(src *extract.Source, said []error, err error) []error {
	if err == nil {
		return nil
	}
	list := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		list = several.Unwrap()
	}
	var mistakes []error
	for _, e := range list {
		text := e.Error()
		for _, s := range src.Settings {
			text = strings.Replace(text, "setting "+s.Name+" of source "+src.Name, settingVariable(s.Name), 1)
		}
		if v := baseVariable(src); strings.HasPrefix(v, "SOURCE_") {
			text = strings.Replace(text, "base_url of source "+src.Name, v, 1)
		}
		name, _, _ := strings.Cut(strings.Replace(text, " is required", ":", 1), ":")
		if !slices.ContainsFunc(said, func(e error) bool { return strings.HasPrefix(e.Error(), name) }) {
			mistakes = append(mistakes, errors.New(text))
		}
	}
	return mistakes
}

func unknownResource(src *extract.Source, name string) error {
	var known []string
	for _, r := range src.Resources {
		known = append(known, r.Name)
	}
	hint := "it has " + strings.Join(known, ", ")
	if meant := nearest(name, known); meant != "" {
		hint = "did you mean " + meant + "?"
	}
	return fmt.Errorf("resource %q is not in source %q (%s)", name, src.Name, hint)
}
