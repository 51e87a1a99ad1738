package e2e

// oddity is a member that is set in the record-th record of a resource, by the order of their keys. KEY in the value stands for that
// record's key.
type oddity struct {
	resource string
	record   int
	field    string
	value    string
}

// What JSON can hold and consumers stumble over.
const (
	odd = `{"big":9007199254740993,"beyond":5,"huge":1.5,"emoji":"👩‍🚀 \ud83d\ude00","half":"a\ud83d b","low":"\ude00",
		"":"empty","utm-source":"x","1st":1,"é":"e","a b":true,"nothing":null,"nested":{"a":{"b":[]},"c":[[],{}],"d":{"e":null}},
		"list":[{"n":1},{"n":2,"":{"":3}}],"nulls":[null,1,null],"mixed":[1,"two",null,{"three":9007199254740993}],
		"control":"\u0000\u0001\u2028\u007f\"\\/","tab":"a\tb","one":1.0,"minus":-0,"times_at":1700000000}`
	odder = `{"big":-9223372036854775808,"beyond":18446744073709551617,"huge":1e400,"emoji":7,"half":"","low":null,
		"":{"":""},"utm-source":18446744073709551617,"1st":"first","é":"\ud83d","a b":"no","nothing":[],"nested":{"a":{"b":[{"deep":[1e400]}]},"c":{}},
		"list":[{"n":"text"},{"m":null},{"n":18446744073709551617}],"nulls":["x"],"mixed":"plain","one":1e0,"times_at":"never"}`
	// Numbers that are the first, or the only ones, in their fields.
	numbers = `{"max":9223372036854775807,"above":9223372036854775808,"only_beyond":18446744073709551617,"only_huge":1e400,
		"only_tiny":1e-400,"digits":0.12345678901234567890123,"tenth":0.1,"largest":1.7976931348623157e308,"smallest":5e-324}`
	// A later state of what odd was: other types, new members, what was there is gone.
	changed = `{"big":"now text","beyond":1e400,"huge":{"an":"object"},"emoji":[],"list":[],"nulls":[null],"new":{"":[{"x":[null,{"y":18446744073709551617}]}]}}`
)

// oddities are there before the first run.
func oddities() []oddity {
	var all []oddity
	for _, resource := range []string{"contacts", "companies", "tags"} {
		all = append(all, oddity{resource, 0, "odd", odd}, oddity{resource, 1, "odd", odder}, oddity{resource, 2, "odd", numbers})
		if resource != "tags" { // free-form there, JSON text in Avro
			all = append(all, oddity{resource, 0, "custom_attributes", odd}, oddity{resource, 1, "custom_attributes", odder})
		}
	}
	return append(all, oddity{"tags", 3, "id", `KEY`}, oddity{"contacts", 4, "id", `""`})
}

// drifted is what changes before the second run.
func drifted() []oddity {
	var all []oddity
	for _, resource := range []string{"contacts", "companies", "tags"} {
		all = append(all, oddity{resource, 0, "odd", changed}, oddity{resource, 5, "odd", odder}, oddity{resource, 6, "odd", numbers})
	}
	return all
}
