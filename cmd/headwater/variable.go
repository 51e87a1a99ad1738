package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

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
		return fmt.Errorf("%s_FILE: %w", name, err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return fmt.Errorf("%s_FILE=%q: the file is empty", name, path)
	}
	return nil
}

// unknownVariables warns of HEADWATER_* that nothing reads, and of other variables that look like a misspelt one of ours.
func unknownVariables(environ, known []string) []string {
	var warnings []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(known, name) {
			continue
		}
		meant := nearest(name, known)
		switch {
		case meant != "":
			warnings = append(warnings, name+" is set but nothing reads it (did you mean "+meant+"?)")
		case strings.HasPrefix(name, "HEADWATER_"):
			warnings = append(warnings, name+" is set but nothing reads it")
		}
	}
	return warnings
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
