package producer

import (
	"strings"
	"testing"
)

func TestNamesOfTopics(t *testing.T) {
	t.Parallel()
	n := Names{Prefix: "intercom."}
	for got, want := range map[string]string{
		n.Data("contacts"):    "intercom.contacts",
		n.Subject("contacts"): "intercom.contacts-value",
		n.State():             "intercom._state",
		n.DeadLetters():       "intercom._dead_letters",
		n.TransactionalID(7):  "headwater-intercom.-7",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNamesAreRefusedBeforeTheBrokerDoes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, prefix string
		resources    []string
		want         string // part of the error; "": none
	}{
		{"plain", "intercom.", []string{"contacts", "tags"}, ""},
		{"no prefix", "", []string{"contacts"}, ""},
		{"every character", "aZ09._-", []string{"x"}, ""},
		{"dot and underscore", "p.", []string{"a.b", "a_b"}, `"p.a.b" and "p.a_b" collide`},
		{"twice", "p.", []string{"a", "a"}, "collide"},
		{"the state topic", "p.", []string{"_state"}, "collide"},
		{"the dead letters", "p.", []string{".dead_letters"}, "collide"},
		{"slash", "a/", []string{"x"}, "set HEADWATER_TOPIC_PREFIX"},
		{"umlaut", "ä.", []string{"x"}, "set HEADWATER_TOPIC_PREFIX"},
		{"space", "p.", []string{"a b"}, `topic "p.a b"`},
		{"longest", strings.Repeat("p", 235), []string{strings.Repeat("x", 14)}, ""},
		{"too long", strings.Repeat("p", 235), []string{strings.Repeat("x", 15)}, "249"},
	} {
		err := Names{Prefix: test.prefix}.Validate(test.resources)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// The lanes are those that Java's Utils.toPositive(Utils.murmur2(name)) % 16 gives: other programs may compute them.
func TestHomeLaneIsJavas(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int32{"tags": 10, "companies": 10, "admins": 4, "conversations": 4} {
		if got := homeLane(name, StatePartitions); got != want {
			t.Errorf("%s: got lane %d, want %d", name, got, want)
		}
	}
}

func TestWindowsGoAroundTheLanes(t *testing.T) {
	t.Parallel()
	got := map[int32]int{}
	for n := range 48 {
		lane := windowLane(10, n, StatePartitions)
		if n == 0 && lane != 10 || n == 1 && lane != 1 || n == 2 && lane != 8 || n == 16 && lane != 10 {
			t.Errorf("window %d: lane %d", n, lane)
		}
		got[lane]++
	}
	for lane := range int32(StatePartitions) {
		if got[lane] != 3 {
			t.Errorf("lane %d has %d windows of 48, want 3", lane, got[lane])
		}
	}
}

// The newest windows hold the most: of any six in a row no third of the lanes has more than half.
func TestNeighbouringWindowsAreManyWorkers(t *testing.T) {
	t.Parallel()
	for first := range 42 {
		share := map[int32]int{}
		for n := first; n < first+6; n++ {
			share[windowLane(10, n, StatePartitions)*3/StatePartitions]++
		}
		for worker, windows := range share {
			if windows > 3 {
				t.Errorf("worker %d of three has %d of the windows %d to %d", worker, windows, first, first+5)
			}
		}
	}
}
