package extract

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// keyParts draws parts that are rich in what is escaped.
func keyParts(n int) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.OneOf(rapid.StringOfN(rapid.RuneFrom([]rune("a/%2F5")), 0, 6, -1), rapid.String()), n, n)
}

func TestKeysComeApartAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		parts := keyParts(n).Draw(t, "parts")
		got, err := SplitKey(JoinKey(parts...), n)
		if err != nil || !slices.Equal(got, parts) {
			t.Fatalf("%q became %q, %v", parts, got, err)
		}
	})
}

func TestDifferentPartsMakeDifferentKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "n")
		a, b := keyParts(n).Draw(t, "a"), keyParts(n).Draw(t, "b")
		if (JoinKey(a...) == JoinKey(b...)) != slices.Equal(a, b) {
			t.Fatalf("%q and %q both make %q", a, b, JoinKey(a...))
		}
	})
}

func TestKeyEscapes(t *testing.T) {
	t.Parallel()
	for want, parts := range map[string][]string{
		"a/b %":           {"a/b %"}, // a key of one part is the text itself
		"a%2Fb/50%25 é?#": {"a/b", "50% é?#"},
	} {
		if got := JoinKey(parts...); got != want {
			t.Errorf("%q: got %s, want %s", parts, got, want)
		}
	}
	if _, err := SplitKey("a/b/c", 2); err == nil {
		t.Error("three parts pass for two")
	}
}

func TestKeyPart(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"215472856448646"`:     "215472856448646",
		`9007199254740993`:      "9007199254740993",
		`123456789012345678901`: "123456789012345678901",
		`-7`:                    "-7",
		`"a\u00e9\n"`:           "aé\n",
		`"x\ud800"`:             "x\ufffd",
		`1.0`:                   "", `1e3`: "", `""`: "", `null`: "", `true`: "", `{}`: "", `[]`: "", ``: "",
	} {
		got, err := keyPart(json.RawMessage(raw))
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
	}
}

func TestRecordWithoutKeyIsHandedOver(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.src.Resource("admins")
	page, err := walked(r, []byte(`{"admins":[{"id":null,"x":1},{"id":5},{"id":"5","id":"6"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.c.parse(&request{resource: r, url: b.c.base}, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.records[0].KeyErr == nil || a.records[0].Key != "" || !strings.Contains(a.records[0].KeyErr.Error(), "key field id is null") {
		t.Errorf("%+v", a.records[0])
	}
	if a.records[1].Key != "5" || a.records[2].Key != "6" {
		t.Errorf("keys %q %q", a.records[1].Key, a.records[2].Key)
	}
}
