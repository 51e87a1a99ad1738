package layout_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
)

// DESIGN.md names the tests that keep the rules of reading. One that was renamed or removed must be seen there.
func TestRulesHaveTheirTests(t *testing.T) {
	t.Parallel()
	there := testFunctions(t)
	_, section, found := strings.Cut(read(t, "DESIGN.md"), "\n## Rules and their tests\n")
	if !found {
		t.Fatal("DESIGN.md has no section \"Rules and their tests\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rules := 0
	for _, line := range strings.Split(section, "\n") {
		names := testName.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") && !strings.HasPrefix(line, "| rule ") {
			if rules++; len(names) == 0 {
				t.Errorf("this rule has no test: %s", line)
			}
		}
		for _, name := range names {
			if !there[name[1]] {
				t.Errorf("there is no %s", name[1])
			}
		}
	}
	if rules == 0 {
		t.Error("the section has no table")
	}
}

// testFunctions are the names of all tests of the module.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range testFunc.FindAllStringSubmatch(string(text), -1) {
			names[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// What was built does not belong into the repository, and stays in its history for ever.
func TestNothingBuiltIsTracked(t *testing.T) {
	t.Parallel()
	const most = 512 << 10 // bytes; the sources' largest file is far smaller
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Skip("not a clone")
	}
	for _, name := range strings.Split(strings.TrimRight(string(names), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		if err == nil && info.Size() > most {
			t.Errorf("%s has %d bytes, more than %d", name, info.Size(), most)
		}
	}
}
