package realstack

import (
	"errors"
	"strings"
	"testing"
)

func TestParseMode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Mode{"": Auto, "auto": Auto, "required": Required, "off": Off} {
		if got, err := ParseMode(text); err != nil || got != want {
			t.Errorf("ParseMode(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := ParseMode("require"); err == nil || !strings.Contains(err.Error(), `"require"`) {
		t.Errorf("a misspelt mode: %v", err)
	}
}

func TestMissingSaysWhat(t *testing.T) {
	t.Parallel()
	const java17 = `openjdk version "17.0.15" 2025-04-15`
	for _, c := range []struct {
		name     string
		programs string
		version  string
		runErr   error
		want     []string // in the error; none: no error
	}{
		{name: "all there", programs: "java mvn", version: java17},
		{name: "newer java", programs: "java mvn", version: `openjdk version "25" 2025-09-16`},
		{name: "nothing", want: []string{"no java", "no mvn"}},
		{name: "no maven", programs: "java", version: java17, want: []string{"no mvn"}},
		{name: "old java", programs: "java mvn", version: `java version "1.8.0_392"`, want: []string{"release 8", "release 17"}},
		{name: "java 11", programs: "java mvn", version: `openjdk version "11.0.2"`, want: []string{"release 11"}},
		{name: "java that does not run", programs: "java mvn", version: "Unable to locate a Java Runtime", runErr: errors.New("exit 1"), want: []string{"Unable to locate"}},
		{name: "other answer", programs: "java mvn", version: "hello", want: []string{`find version in "hello"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			look := func(name string) (string, error) {
				if strings.Contains(c.programs, name) {
					return "/bin/" + name, nil
				}
				return "", errors.New("not found")
			}
			err := missing(look, func(string) (string, error) { return c.version, c.runErr })
			if (err == nil) != (len(c.want) == 0) {
				t.Fatalf("error: %v, want %q in it", err, c.want)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}
