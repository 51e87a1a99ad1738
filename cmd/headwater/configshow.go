package main

import (
	"errors"
	"io"
	"log/slog"
	"strings"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
)

func (a *app) configCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Prints the settings that are in force, and where each comes from",
		Long: `Prints every setting, the source's own among them: what is in force, and where it comes from: the environment, a file that NAME_FILE
names, or the default. Of secrets it is said whether there is one, never more. No server is asked.

All mistakes are told, as run would tell them, and the exit code is then 2; the settings are printed all the same.`,
		RunE: func(*cobra.Command, []string) error { return a.config(asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the meaning of each setting")
	return c
}

// setting is a variable, what it is set to, and where that comes from.
type setting struct {
	Name    string  `json:"name"`
	Value   *string `json:"value,omitempty"` // nil of secrets, and of what is not set and has no default
	Set     bool    `json:"set"`
	From    string  `json:"from"`           // fromEnvironment and so on
	File    string  `json:"file,omitempty"` // the path that NAME_FILE gives, where the value is from there
	Secret  bool    `json:"secret"`
	Meaning string  `json:"meaning"`
	Default string  `json:"default,omitempty"`
	Example string  `json:"example,omitempty"`
}

const (
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDefault     = "default"
	fromNowhere     = "not set"
)

func (a *app) config(asJSON bool) error {
	cfg, mistakes := a.load()
	p, err := a.newPipeline(cfg, options{}, slog.New(slog.DiscardHandler))
	if p != nil {
		p.close()
	}
	mistakes = errors.Join(mistakes, err)
	all := a.settings(cfg)
	if asJSON {
		err = a.writeJSON(map[string]any{"settings": all, "mistakes": append([]string{}, messages(mistakes)...)})
	} else {
		err = printSettings(a.stdout, all)
	}
	return errors.Join(mistakes, err)
}

// settings are the program's, and the source's where its file can be read.
func (a *app) settings(cfg *Config) []setting {
	src, err := loadSource(cfg.Source)
	derived := map[string]string{"HEADWATER_LOG_FORMAT": "json"}
	if terminal(a.stderr) != nil {
		derived["HEADWATER_LOG_FORMAT"] = "text"
	}
	if err == nil {
		derived["HEADWATER_TOPIC_PREFIX"] = src.Name + "."
	}
	var all []setting
	for _, v := range variables() {
		s := setting{Name: v.name, Secret: v.secret, Meaning: v.field.Tag.Get("usage"), Default: v.def, Example: v.field.Tag.Get("example")}
		s.find(a.env, v.def)
		if value, ok := derived[v.name]; ok && !s.Set {
			s.Value, s.From = &value, fromDefault
		}
		all = append(all, s)
	}
	if err != nil {
		return all // what is wrong with the file is one of the mistakes
	}
	for _, of := range src.Settings {
		s := setting{Name: settingVariable(of.Name), Secret: of.Secret, Meaning: of.Description, Default: of.Default, Example: exampleOf(of)}
		if of.Secret {
			s.Default = "" // a secret, too
		}
		s.find(a.env, of.Default)
		all = append(all, s)
	}
	return all
}

// find fills in the value and where it comes from, as loadField and sourceSettings find it.
func (s *setting) find(env envconfig.Lookuper, def string) {
	value, ok := filled{env}.Lookup(s.Name)
	s.From = fromEnvironment
	if !ok && s.Secret {
		if value, ok = (fileLookuper{env}).Lookup(s.Name); ok {
			s.From = fromFile
			s.File, _ = env.Lookup(s.Name + "_FILE")
		}
	}
	s.Set = ok
	if !ok {
		if value, s.From = def, fromDefault; def == "" {
			s.From = fromNowhere
			return
		}
	}
	if s.Secret {
		return
	}
	if strings.Contains(value, "://") || s.Name == "KAFKA_BROKERS" {
		value = withoutUser(value) // against all advice addresses may carry a password
	}
	s.Value = &value
}

// exampleOf is what a setting of that type may look like.
func exampleOf(s extract.Setting) string {
	if s.Secret {
		return "…"
	}
	switch s.Type {
	case extract.SettingDatetime:
		return "2026-01-31"
	case extract.SettingURL:
		return "https://api.example.com"
	case extract.SettingInteger:
		return "50"
	case extract.SettingBoolean:
		return "true"
	case extract.SettingList:
		return "one,two"
	default:
		return "text"
	}
}

func printSettings(out io.Writer, all []setting) error {
	rows := [][]string{{"VARIABLE", "VALUE", "FROM"}}
	for _, s := range all {
		value, from := "", s.From
		switch {
		case s.Value != nil:
			value = oneLine(*s.Value)
		case s.From != fromNowhere:
			value = "(secret)"
		}
		if s.File != "" {
			from = s.Name + "_FILE=" + oneLine(s.File)
		}
		rows = append(rows, []string{s.Name, value, from})
	}
	return writeTable(out, rows)
}
