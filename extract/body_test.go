package extract

import (
	"encoding/json"
	"testing"
)

// A text comes out as it went in, the quick way and the other.
func TestTextsOfBodies(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "updated_at", "a > b & c", `"`, `\`, "\x1f", "\x7f", "é", "\u2028", "\n"} {
		raw, err := appendString([]byte("x"), text)
		var back string
		if err != nil || raw[0] != 'x' || json.Unmarshal(raw[1:], &back) != nil || back != text {
			t.Errorf("%q is %s, %v", text, raw, err)
		}
	}
	if raw, err := appendString(nil, "a\xff\u2028"); err != nil || string(raw) != `"a\ufffd\u2028"` {
		t.Errorf("%s, %v", raw, err)
	}
}
