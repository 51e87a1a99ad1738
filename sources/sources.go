// Package sources holds the source files that are built in.
package sources

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the built-in sources, sorted.
func Names() []string {
	var names []string
	matches, _ := fs.Glob(files, "*.yaml") // the pattern is a constant, and the only error is a bad pattern
	for _, m := range matches {
		names = append(names, strings.TrimSuffix(m, ".yaml"))
	}
	sort.Strings(names)
	return names
}

// Open returns the text of a source file: a built-in one by its name, or any by its path. A name without a slash, a
// backslash or an ending .yaml or .yml is never looked up on disk, so that a file lying about cannot replace a built-in one.
func Open(name string) (text []byte, err error) {
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		text, err = os.ReadFile(name) //nolint:gosec // the user names the file to read
		if err != nil {
			return nil, fmt.Errorf("read source file: %w", err)
		}
		return text, nil
	}
	text, err = files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no built-in source %q (built in: %s); give a path such as ./%s.yaml for a file of your own",
			name, strings.Join(Names(), ", "), name)
	}
	return text, nil
}
