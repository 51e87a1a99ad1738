package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// variable is a field of Config as people set it.
type variable struct {
	name, def string
	secret    bool
	field     reflect.StructField
}

// variables are the fields of Config, in its order.
func variables() []variable {
	var all []variable
	for field := range reflect.TypeFor[Config]().Fields() {
		name, def, _ := strings.Cut(field.Tag.Get("env"), ", default=")
		if field.Type.Kind() == reflect.Bool && def == "" {
			def = "false"
		}
		all = append(all, variable{name, def, field.Tag.Get("secret") != "", field})
	}
	return all
}

// loadField has go-envconfig read one field on its own, because it stops at the first mistake of a struct.
func loadField(target reflect.Value, field reflect.StructField, env envconfig.Lookuper) error {
	one := reflect.New(reflect.StructOf([]reflect.StructField{field}))
	if err := envconfig.ProcessWith(context.Background(), &envconfig.Config{Target: one.Interface(), Lookuper: env}); err != nil {
		return err
	}
	target.Set(one.Elem().Field(0))
	return nil
}

// malformed names the variable, its value and what it should look like. Secrets are text, which is never malformed.
func malformed(name string, field reflect.StructField, env envconfig.Lookuper) error {
	text, _ := env.Lookup(name)
	want := "text"
	switch kind := field.Type.Kind(); {
	case field.Type == reflect.TypeFor[time.Duration]():
		want = "a duration such as 30s or 15m"
	case kind == reflect.Bool:
		want = "true or false"
	case kind >= reflect.Int && kind <= reflect.Int64:
		want = "a whole number"
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			want += " that is not as large"
		}
	}
	return fmt.Errorf("%s=%q: want %s", name, text, want)
}

// filled does not find variables that are empty.
type filled struct{ env envconfig.Lookuper }

func (l filled) Lookup(name string) (string, bool) {
	v, ok := l.env.Lookup(name)
	return v, ok && v != ""
}

// fileLookuper finds NAME, or what the file NAME_FILE holds. An empty value counts as none.
type fileLookuper struct{ env envconfig.Lookuper }

func (l fileLookuper) Lookup(name string) (string, bool) {
	if v, ok := filled(l).Lookup(name); ok {
		return v, true
	}
	path, ok := filled(l).Lookup(name + "_FILE")
	if !ok {
		return "", false
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user names the file to read
	if err != nil {
		return "", false
	}
	v := strings.TrimSpace(string(text))
	return v, v != ""
}

// check reports a NAME_FILE that is used but cannot be read or is empty.
func (l fileLookuper) check(name string) error {
	path, ok := filled(l).Lookup(name + "_FILE")
	if _, direct := filled(l).Lookup(name); direct || !ok {
		return nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user names the file to read
	if err != nil {
		return unreadable(name+"_FILE", path, err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return fmt.Errorf("%s_FILE=%q: the file is empty → write the secret into it, or set %s", name, path, name)
	}
	return nil
}

// unreadable is the mistake of a variable that names a file.
func unreadable(name, path string, err error) error {
	var of *fs.PathError // it names the path once more
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%s=%q: %w → give the path of a file that this user may read", name, path, err)
}

// unknown warns of variables that look like a misspelt one of ours, of files that nothing reads (secrets alone are read from one, and only
// where their variable is not set), and of what other says of the rest; "" is nothing.
func unknown(environ, plain, secret []string, other func(name string) string) []string {
	known := slices.Concat(plain, secret)
	for _, name := range secret {
		known = append(known, name+"_FILE")
	}
	set := map[string]bool{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		set[name] = value != ""
	}
	var warnings []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		of, isFile := strings.CutSuffix(name, "_FILE")
		w := ""
		switch meant := nearest(name, known); {
		case isFile && slices.Contains(secret, of) && set[name] && set[of]:
			w = name + " is set but not read, because " + of + " is set, too: unset one"
		case slices.Contains(known, name):
		case isFile && slices.Contains(plain, of):
			w = name + " is set but nothing reads it: only secrets are read from files; set " + of
		case meant != "":
			w = name + " is set but nothing reads it (did you mean " + meant + "?)"
		default:
			w = other(name)
		}
		if w != "" {
			warnings = append(warnings, w)
		}
	}
	return warnings
}

// unknownOfOurs is what is said of variables that begin as ours do.
func unknownOfOurs(name string) string {
	if !strings.HasPrefix(name, "HEADWATER_") {
		return ""
	}
	return name + " is set but nothing reads it: headwater config lists what there is"
}

// nearest is the known name that at most two typing mistakes turn into name; "" if there is none.
func nearest(name string, known []string) string {
	best, fewest := "", 3
	for _, k := range known {
		if d := distance(name, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
