package e2e

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// notVerbatim are the places at which testdata/reference.yaml says something else than the reference, and why.
var notVerbatim = map[string]string{
	"client.base_url":   "the host that is read",
	"client.auth.token": "a secret of another program",
	"resources.conversation_parts.endpoint.data_selector": "where the list is nested",
}

// Whatever the reference's configuration says, the transcription says as well, and in the same words. The reference is not a part of
// the module.
func TestReferenceIsTranscribedWordForWord(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../shared/reference/rest-api-source.md")
	if os.IsNotExist(err) {
		t.Skip("the reference is not here; TestReferenceConfiguration streams its transcription")
	}
	if err != nil {
		t.Fatal(err)
	}
	// A literal of Python with nothing but strings, lists and mappings in it reads as YAML.
	_, literal, _ := strings.Cut(string(text), "rest_api_source({")
	literal, _, found := strings.Cut("{"+literal, "})\n```")
	if !found {
		t.Fatal("the reference holds no configuration")
	}
	literal = strings.ReplaceAll(literal, `dlt.secrets["access_token"]`, `"secret"`) + "}"
	ours, err := os.ReadFile("testdata/reference.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := yaml.Unmarshal([]byte(literal), &want); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(ours, &got); err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	if n := verbatim(t, "", want, got, met); n < 90 {
		t.Errorf("only %d words were compared", n)
	}
	for place := range notVerbatim {
		if !met[place] {
			t.Errorf("%s is word for word by now: take it off the list", place)
		}
	}
}

// verbatim compares everything that the reference holds with what stands at the same place, and returns how many scalars it met.
func verbatim(t *testing.T, place string, want, got any, met map[string]bool) int {
	n := 0
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for name, v := range want {
			n += verbatim(t, strings.TrimPrefix(place+"."+name, "."), v, have[name], met)
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) {
			t.Errorf("%s: %d items, want %d", place, len(have), len(want))
			return 0
		}
		for i, v := range want {
			at := fmt.Sprintf("%s[%d]", place, i)
			if named, ok := v.(map[string]any); ok && named["name"] != nil {
				at = fmt.Sprintf("%s.%v", place, named["name"])
			}
			n += verbatim(t, at, v, have[i], met)
		}
	default:
		n++
		if reflect.DeepEqual(want, got) {
			return n
		}
		if _, allowed := notVerbatim[place]; !allowed {
			t.Errorf("%s: %v, want %v", place, got, want)
		}
		met[place] = true
	}
	return n
}
