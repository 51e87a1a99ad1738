package e2e

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headwater-stream/headwater/internal/consumers"
	"github.com/headwater-stream/headwater/internal/realstack"
)

// snippet is a program of docs/consumers.md that is ready to be started; topics follow its command.
type snippet struct {
	file      string // its name in the page
	command   []string
	spelling  spelling
	oneTopic  bool // it reads the first topic that it is given
	noHeaders bool
}

func consumersPage(t testing.TB) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/consumers.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

var titledBlock = regexp.MustCompile("(?ms)^```[a-z]+ (\\S+\\.[a-z]+)\n(.*?)^```$")

// snippets prepares the page's programs. Those whose language this machine lacks are left out, with a word, or fail the test, as
// E2E says. A program that nobody prepares fails it, too.
func snippets(t *testing.T) []snippet {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for _, m := range titledBlock.FindAllStringSubmatch(consumersPage(t), -1) {
		if err := os.WriteFile(filepath.Join(dir, m[1]), []byte(m[2]), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, m[1])
	}
	want := []string{"AvroValues.java", "Plain.java", "Table.java", "confluent.py", "consumer.go", "consumer.mjs", "raw.py"}
	if slices.Sort(files); !slices.Equal(files, want) {
		t.Fatalf("docs/consumers.md has the programs %v, this test runs %v", files, want)
	}
	in := func(file string) string { return filepath.Join(dir, file) }
	runs := []snippet{{file: "consumer.go", command: []string{buildGo(t, in("consumer.go"))}}}
	if kit := fetched(t, consumers.Python()); kit != "" {
		python := filepath.Join(kit, "bin", "python")
		runs = append(runs, snippet{file: "confluent.py", command: []string{python, in("confluent.py")}},
			snippet{file: "raw.py", command: []string{python, in("raw.py")}})
	}
	if kit := fetched(t, consumers.Node()); kit != "" {
		// Modules are looked for beside the program, not along a path.
		if err := os.Symlink(filepath.Join(kit, "node_modules"), in("node_modules")); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, snippet{file: "consumer.mjs", command: []string{"node", in("consumer.mjs")}, spelling: spelling{longAsText: true}})
	}
	if kit := fetched(t, consumers.Java()); kit != "" {
		java := javaCommand(t, kit, in("AvroValues.java"), in("Plain.java"), in("Table.java"))
		runs = append(runs, snippet{file: "Plain.java", command: append(slices.Clip(java), "Plain")},
			snippet{file: "Table.java", command: append(slices.Clip(java), "Table"), oneTopic: true, noHeaders: true})
	}
	return runs
}

// kits are the folders that were fetched for the tests of this process, by language.
var kits struct {
	sync.Mutex
	dirs map[string]string
}

// fetched returns the folder of a language's libraries; "" where this machine cannot run them, which fails the test if
// E2E=required, or where E2E=off.
func fetched(t *testing.T, kit consumers.Kit) string {
	t.Helper()
	kits.Lock()
	defer kits.Unlock()
	if dir := kits.dirs[kit.Name]; dir != "" {
		return dir
	}
	mode, err := realstack.ModeFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if mode == realstack.Off {
		t.Run(kit.Name, func(t *testing.T) { t.Skip("E2E=off") })
		return ""
	}
	if err := kit.Available(t.Context()); err != nil {
		if mode == realstack.Required {
			t.Fatalf("E2E=required, but this machine has %v", err)
		}
		t.Run(kit.Name, func(t *testing.T) { t.Skipf("this machine has %v", err) })
		return ""
	}
	cache, err := realstack.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := kit.Fetch(t.Context(), cache, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if kits.dirs == nil {
		kits.dirs = map[string]string{}
	}
	kits.dirs[kit.Name] = dir
	return dir
}

// buildGo builds a file with this module's dependencies.
func buildGo(t *testing.T, file string) string {
	t.Helper()
	path := strings.TrimSuffix(file, ".go")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, file).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", filepath.Base(file), err, out)
	}
	return path
}

// javaCommand compiles files and returns the command that runs a class of them.
func javaCommand(t *testing.T, jars string, files ...string) []string {
	t.Helper()
	classes, path := t.TempDir(), filepath.Join(jars, "*")
	if out, err := exec.CommandContext(t.Context(), "javac", append([]string{"-cp", path, "-d", classes}, files...)...).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	// Elsewhere than on a terminal Java writes in the locale's encoding, which need not be able to say everything.
	return []string{"java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Djava.io.tmpdir=" + t.TempDir(), "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-cp", path + string(filepath.ListSeparator) + classes}
}

// pinnedVersions are those of the libraries that the page's programs import.
func pinnedVersions(t *testing.T) map[string]string {
	t.Helper()
	versions := map[string]string{}
	for line := range strings.Lines(consumers.Requirements) {
		if name, version, _ := strings.Cut(strings.TrimSpace(line), "=="); name == "confluent-kafka" || name == "fastavro" {
			versions[name] = version
		}
	}
	var node struct{ Dependencies map[string]string }
	if err := json.Unmarshal([]byte(consumers.Package), &node); err != nil {
		t.Fatal(err)
	}
	for name, version := range node.Dependencies {
		versions[name] = version
	}
	var java struct {
		Dependencies []struct {
			Artifact string `xml:"artifactId"`
			Version  string `xml:"version"`
		} `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal([]byte(consumers.POM), &java); err != nil {
		t.Fatal(err)
	}
	for _, d := range java.Dependencies {
		if strings.HasPrefix(d.Artifact, "kafka-") || d.Artifact == "avro" {
			versions[d.Artifact] = d.Version
		}
	}
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\tgithub\.com/twmb/(franz-go|franz-go/pkg/sr|avro) v(\S+)$`).FindAllStringSubmatch(string(gomod), -1) {
		versions[map[string]string{"franz-go": "franz-go", "franz-go/pkg/sr": "`sr`", "avro": "twmb/avro"}[m[1]]] = m[2]
	}
	if len(versions) != 12 {
		t.Fatalf("pinned: %v", versions)
	}
	return versions
}
