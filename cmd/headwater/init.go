package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
)

// initText is the file that a new source begins as; what stands in <> is put in.
//
//go:embed init.yaml
var initText string

// initURL stands where nobody has said where the API is.
const initURL = "https://api.example.com"

type initFlags struct{ url, out string }

func (a *app) initCommand() *cobra.Command {
	var flags initFlags
	c := &cobra.Command{
		Use:   "init NAME",
		Short: "Writes a source file for a new API to begin with",
		Long: `Writes NAME.yaml: a source file that is valid as it stands, with a commented example of each thing that the language can say. NAME becomes
the first part of the topics' names. A file that is there is not touched. Nothing is asked over the network.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name the API: headwater init shop")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.init(args[0], flags) },
	}
	c.Flags().StringVar(&flags.url, "url", initURL, "where the API is, such as https://api.shop.example/v2")
	c.Flags().StringVarP(&flags.out, "out", "o", "", "the `FILE` to write; NAME.yaml without it")
	return c
}

func (a *app) init(name string, flags initFlags) error {
	if flags.out == "" {
		flags.out = name + ".yaml"
	}
	text, err := newSource(name, flags)
	if err != nil {
		return &usageError{err}
	}
	if err := writeNew(flags.out, text); err != nil {
		return &usageError{err}
	}
	program, path := quoted(os.Args[0]), shellPath(flags.out)
	source := assign("HEADWATER_SOURCE", path)
	a.say(flags.out + " is written. Put your API's words in: the path of a listing, data_selector, primary_key. The token goes into SOURCE_TOKEN.")
	for i, next := range [][2]string{
		{program + " lint " + quoted(path), "finds mistakes, without the network"},
		{source + program + " discover", "asks the API, and shows what it holds and the schema that comes of it"},
		{source + program + " run --dry-run", "prints what would be published, without Kafka"},
		{source + program + " plan", "says how many requests and how long the first reading takes"},
		{source + program + " run", "publishes it, to KAFKA_BROKERS with the schemas at SCHEMA_REGISTRY_URL"},
	} {
		head := "       "
		if i == 0 {
			head = "next:  "
		}
		a.say(head + next[0])
		a.say("         " + next[1])
	}
	return nil
}

// newSource is the text of the new file, which lint has nothing to say of.
func newSource(name string, flags initFlags) ([]byte, error) {
	u, err := url.Parse(flags.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(flags.url, "\"\\ \n{}") {
		return nil, errors.New("--url: want where the API is, such as https://api.shop.example/v2, without user, query and fragment")
	}
	title := strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
	text := strings.NewReplacer("<NAME>", name, "<TITLE>", title, "<BASE_URL>", strings.TrimSuffix(flags.url, "/"), "<FILE>", shellPath(filepath.Base(flags.out))).Replace(initText)
	_, _, err = extract.Lint(flags.out, []byte(text))
	var wrong *extract.FileError
	if errors.As(err, &wrong) { // of all that is put in only the name can be wrong
		return nil, fmt.Errorf("NAME %q: %s", name, strings.TrimPrefix(wrong.Mistakes[0].Message, fmt.Sprintf("name %q: ", name)))
	}
	return []byte(text), err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // no secret is in it, and the user names the file
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already, and was not touched → give another file with -o, or move it away", path)
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // half of it would look like all
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// shellPath is a path that HEADWATER_SOURCE takes for one, and not for the name of a built-in source.
func shellPath(path string) string {
	if strings.ContainsRune(path, filepath.Separator) {
		return path
	}
	return "." + string(filepath.Separator) + path
}
