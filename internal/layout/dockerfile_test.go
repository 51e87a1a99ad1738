package layout_test

import (
	"regexp"
	"strings"
	"testing"
)

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text := read(t, "Dockerfile")
	stages := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(text, -1)
	if len(stages) < 2 {
		t.Fatalf("%d stages: the image must not hold the compiler", len(stages))
	}
	for _, stage := range stages {
		if !regexp.MustCompile(`:\d+\.\d+`).MatchString(stage[1]) {
			t.Errorf("image %q has no tag of a version", stage[1])
		}
	}
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if want := "golang:" + release[1]; !strings.HasPrefix(stages[0][1], want) {
		t.Errorf("it is built with %s, go.mod wants %s", stages[0][1], want)
	}
	for _, want := range []string{"CGO_ENABLED=0", "ca-certificates.crt", "\nUSER 10001", "\nENTRYPOINT [\"/"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile lacks %q", strings.TrimSpace(want))
		}
	}
}
