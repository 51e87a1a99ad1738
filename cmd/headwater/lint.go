package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/sources"
)

func (a *app) lintCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "lint FILE…",
		Short: "Finds the mistakes in a source file, without the network",
		Long: `Reads source files, by their paths or the names of built-in ones, and shows every mistake with its line, column and place. Topic
names are checked with HEADWATER_TOPIC_PREFIX. Nothing else is needed: no settings, no server. Warnings are not mistakes.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("name a source file: headwater lint ./mine.yaml")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.lint(args, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// linted is what is found in one file.
type linted struct {
	File      string            `json:"file"`
	Resources int               `json:"resources"`
	Mistakes  []extract.Mistake `json:"mistakes"`
	Warnings  []extract.Mistake `json:"warnings"`
}

func (a *app) lint(files []string, asJSON bool) error {
	cfg, _, _ := loadConfig(a.env, nil) // the topics' prefix; what is wrong with other variables is not asked
	var all []linted
	var wrong []string
	mistakes := 0
	for _, file := range files {
		l := lintFile(cfg, file)
		all = append(all, l)
		if len(l.Mistakes) > 0 {
			mistakes += len(l.Mistakes)
			wrong = append(wrong, file)
		}
	}
	if err := a.printLinted(all, asJSON); err != nil {
		return err
	}
	if mistakes > 0 {
		return &usageError{fmt.Errorf("%s in %s", counted(int64(mistakes), "mistake"), strings.Join(wrong, ", "))}
	}
	return nil
}

func lintFile(cfg *Config, file string) linted {
	l := linted{File: file, Mistakes: []extract.Mistake{}, Warnings: []extract.Mistake{}} // lists, also when they are empty
	whole := func(err error) linted {
		l.Mistakes = append(l.Mistakes, extract.Mistake{Message: err.Error()})
		return l
	}
	text, err := sources.Open(file)
	if err != nil {
		return whole(err)
	}
	src, warnings, err := extract.Lint(file, text)
	l.Warnings = append(l.Warnings, warnings...)
	var wrong *extract.FileError
	if errors.As(err, &wrong) {
		l.Mistakes = append(l.Mistakes, wrong.Mistakes...)
		return l
	}
	if err != nil {
		return whole(err)
	}
	l.Resources = len(src.Resources)
	if err := cfg.namesOf(src).Validate(resourceNames(src)); err != nil {
		return whole(err)
	}
	return l
}

func resourceNames(src *extract.Source) []string {
	var names []string
	for _, r := range src.Resources {
		names = append(names, r.Name)
	}
	return names
}

func (a *app) printLinted(all []linted, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(map[string]any{"files": all})
	}
	for _, l := range all {
		for _, m := range l.Mistakes {
			fmt.Fprint(a.stdout, placed(l.File, "", m))
		}
		for _, m := range l.Warnings {
			fmt.Fprint(a.stdout, placed(l.File, "warning: ", m))
		}
		if len(l.Mistakes) == 0 {
			line := fmt.Sprintf("%s: %s, no mistakes", l.File, counted(int64(l.Resources), "resource"))
			if n := len(l.Warnings); n > 0 {
				line += ", " + counted(int64(n), "warning")
			}
			fmt.Fprintln(a.stdout, line)
		}
	}
	return nil
}

// placed is a mistake as compilers write it, with its excerpt below.
func placed(file, kind string, m extract.Mistake) string {
	line := file + ":"
	if m.Line > 0 {
		line += fmt.Sprintf("%d:%d:", m.Line, m.Column)
	}
	line += " " + kind + oneLine(m.Message) + "\n"
	if m.Excerpt != "" {
		line += m.Excerpt + "\n"
	}
	return line
}
