package layout_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/headwater-stream/headwater"

// The direction of imports, direct and through others: cmd → producer → {extract, avro}, and the last two know neither
// each other nor Kafka. (avro reaches the schema registry through franz-go's package sr, which knows no Kafka either.)
func TestImportDirection(t *testing.T) {
	t.Parallel()
	const kafka = "github.com/twmb/franz-go/pkg/kgo"
	for pkg, refused := range map[string][]string{
		"extract":  {module + "/avro", module + "/producer", module + "/internal", module + "/cmd", "github.com/twmb/franz-go"},
		"avro":     {module + "/extract", module + "/producer", module + "/internal", module + "/cmd", kafka},
		"producer": {module + "/internal", module + "/cmd"},
		"sources":  {module + "/"},
	} {
		for _, dep := range dependencies(t, pkg) {
			if strings.HasPrefix(dep, module+"/"+pkg) {
				continue
			}
			for _, prefix := range refused {
				if strings.HasPrefix(dep, prefix) {
					t.Errorf("%s depends on %s", pkg, dep)
				}
			}
		}
	}
}

// Servers and their stand-ins are for demo and tests; what is built for them stays out of the way of the main job.
func TestTestsDoNotReachTheProgram(t *testing.T) {
	t.Parallel()
	for _, dep := range dependencies(t, "cmd/headwater") {
		if dep == "testing" || strings.HasPrefix(dep, module+"/internal/realstack") || strings.HasPrefix(dep, module+"/internal/consumers") || strings.HasPrefix(dep, "github.com/compose-spec") {
			t.Errorf("the program depends on %s", dep)
		}
	}
}

// dependencies are the packages that a folder's packages import, without those that only their tests import.
func dependencies(t *testing.T, folder string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+folder+"/...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", folder, err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "errors") && !slices.Contains(deps, "embed") {
		t.Fatalf("go list %s answers %q", folder, deps)
	}
	return deps
}
