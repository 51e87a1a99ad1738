package avro

import (
	"context"
	"testing"
)

// Each batch is one call of Encode. want is the schema after the last one, decoded the records of the last batch as the
// Decoder shows them.
func TestRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		columns []Column
		batches [][]string
		want    string
		decoded []string
	}{
		{"types", nil, [][]string{{`{"id":"1","i":7,"d":1.5,"s":"x","b":true,"n":null}`}},
			"{id string*, b boolean, d double, i long, s string}", []string{`{"id":"1","b":true,"d":1.5,"i":7,"s":"x"}`}},
		{"integer key keeps a typed copy", nil, [][]string{{`{"id":12}`}},
			"{id string*, id__long long}", []string{`{"id":"12","id__long":12}`}},
		{"integer key beyond int64", nil, [][]string{{`{"id":18446744073709551617}`}},
			"{id string*}", []string{`{"id":"18446744073709551617"}`}},
		{"empty and null give no field", nil, [][]string{{`{"id":"1","a":null,"b":[],"c":{},"d":{"e":{"f":[]}}}`}},
			"{id string*}", []string{`{"id":"1"}`}},
		{"a field that appears later", nil, [][]string{{`{"id":"1","a":[]}`}, {`{"id":"1","a":[1]}`, `{"id":"2","a":[]}`}},
			"{id string*, a []long}", []string{`{"id":"1","a":[1]}`, `{"id":"2","a":[]}`}},
		{"long and double before registration", nil, [][]string{{`{"id":"1","n":1}`, `{"id":"2","n":1.5}`}},
			"{id string*, n double}", []string{`{"id":"1","n":1}`, `{"id":"2","n":1.5}`}},
		{"double after long", nil, [][]string{{`{"id":"1","n":1}`}, {`{"id":"2","n":1.5}`, `{"id":"3","n":2.0}`}},
			"{id string*, n long, n__double double}", []string{`{"id":"2","n__double":1.5}`, `{"id":"3","n":2}`}},
		{"scalars that conflict", nil, [][]string{{`{"id":"1","n":1}`}, {`{"id":"2","n":"x"}`, `{"id":"3","n":true}`, `{"id":"4","n":{"a":1}}`, `{"id":"5","n":[1]}`}},
			"{id string*, n long, n__string string, n__boolean boolean, n__json json}",
			[]string{`{"id":"2","n__string":"x"}`, `{"id":"3","n__boolean":true}`, `{"id":"4","n__json":{"a":1}}`, `{"id":"5","n__json":[1]}`}},
		{"number in a string field", nil, [][]string{{`{"id":"1","s":"x"}`}, {`{"id":"2","s":5}`, `{"id":"3","s":1e400}`, `{"id":"4","s":0.5}`}},
			"{id string*, s string, s__long long, s__double double}", []string{`{"id":"2","s__long":5}`, `{"id":"3","s":"1e400"}`, `{"id":"4","s__double":0.5}`}},
		{"integers beyond int64", nil, [][]string{{`{"id":"1","n":18446744073709551617}`, `{"id":"2","n":9223372036854775807}`, `{"id":"3","n":-9223372036854775808}`}},
			"{id string*, n long, n__string string}", []string{`{"id":"1","n__string":"18446744073709551617"}`, `{"id":"2","n":9223372036854775807}`, `{"id":"3","n":-9223372036854775808}`}},
		{"exponents beyond all bounds", nil, [][]string{{`{"id":"1","n":1}`}, {`{"id":"2","n":1e1000000000000000000}`, `{"id":"3","n":1e-1000000000000000000}`}},
			"{id string*, n long, n__string string}", []string{`{"id":"2","n__string":"1e1000000000000000000"}`, `{"id":"3","n__string":"1e-1000000000000000000"}`}},
		{"doubles that lose digits", nil, [][]string{{`{"id":"1","n":0.1}`}, {`{"id":"2","n":9007199254740993}`, `{"id":"3","n":1e400}`, `{"id":"4","n":1e-400}`, `{"id":"5","n":0.1000000000000000055511151231257827}`, `{"id":"6","n":9007199254740992}`, `{"id":"7","n":-0.0}`}},
			"{id string*, n double, n__string string}", []string{`{"id":"2","n__string":"9007199254740993"}`, `{"id":"3","n__string":"1e400"}`, `{"id":"4","n__string":"1e-400"}`, `{"id":"5","n__string":"0.1000000000000000055511151231257827"}`, `{"id":"6","n":9007199254740992}`, `{"id":"7","n":0}`}},
		{"2^53+1 in a long", nil, [][]string{{`{"id":"1","n":9007199254740993}`}}, "{id string*, n long}", []string{`{"id":"1","n":9007199254740993}`}},
		{"mixed array", nil, [][]string{{`{"id":"1","a":[1,"x",null]}`}}, "{id string*, a json}", []string{`{"id":"1","a":[1,"x",null]}`}},
		{"mixed inside an array of arrays", nil, [][]string{{`{"id":"1","a":[[1,"x"]]}`}}, "{id string*, a json}", []string{`{"id":"1","a":[[1,"x"]]}`}},
		{"array conflict goes whole to json", nil, [][]string{{`{"id":"1","a":[1]}`}, {`{"id":"2","a":[2,"x"]}`, `{"id":"3","a":[3,null]}`, `{"id":"4","a":[1.5]}`}},
			"{id string*, a []long, a__json json}", []string{`{"id":"2","a__json":[2,"x"]}`, `{"id":"3","a__json":[3,null]}`, `{"id":"4","a__json":[1.5]}`}},
		{"nulls seen first make items nullable", nil, [][]string{{`{"id":"1","a":[1,null]}`}}, "{id string*, a []?long}", []string{`{"id":"1","a":[1,null]}`}},
		{"items without a type", nil, [][]string{{`{"id":"1","a":[null],"b":[{}],"c":[[]]}`}, {`{"id":"1","a":["x"]}`}},
			"{id string*, a []string, a__json json, b__json json, c__json json}", nil},
		{"records in arrays keep their siblings", nil, [][]string{{`{"id":"1","a":[{"x":1}]}`}, {`{"id":"2","a":[{"x":"y"},{"z":true}]}`}},
			"{id string*, a []{x long, x__string string, z boolean}}", []string{`{"id":"2","a":[{"x__string":"y"},{"z":true}]}`}},
		{"object against scalar", nil, [][]string{{`{"id":"1","s":"x"}`, `{"id":"2","s":{"a":1}}`}}, "{id string*, s {a long}, s__string string}",
			[]string{`{"id":"1","s__string":"x"}`, `{"id":"2","s":{"a":1}}`}},
		{"empty values of another type are absent", nil, [][]string{{`{"id":"1","s":"x"}`}, {`{"id":"2","s":{}}`, `{"id":"3","s":[]}`}},
			"{id string*, s string}", []string{`{"id":"2"}`, `{"id":"3"}`}},
		{"names", nil, [][]string{{`{"id":"1","utm-source":1,"1st":2,"é":3,"":4,"a.b":5,"😀":6}`}},
			"{id string*, _ long, _1st long, a_b long, utm_source long, _u00E9 long, _u1F600 long}", nil},
		{"names that collide", nil, [][]string{{`{"id":"1","a-b":1,"a_b":2,"A_B":3,"x":1,"x__string":true}`}, {`{"id":"1","x":"y"}`}},
			"{id string*, A_B long, a_b_3 long, a_b_2 long, x long, x__string_2 string, x__string boolean}", []string{`{"id":"1","x__string_2":"y"}`}},
		{"timestamps", []Column{{"**.*_at", "timestamp", ""}}, [][]string{{`{"id":"1","created_at":1719492734,"s":{"closed_at":"2024-06-27T14:52:14.5+02:00"},"a_at":"soon","b_at":1719492734000,"c_at":"2024-06-27T12:52:14.0001Z","d_at":1.5,"e_at":0.0001,"f_at":{"x":1}}`}},
			"{id string*, a_at timestamp, a_at__string string, b_at timestamp, b_at__long long, c_at timestamp, c_at__string string, created_at timestamp, d_at timestamp, e_at timestamp, e_at__double double, f_at timestamp, f_at__json json, s {closed_at timestamp}}",
			[]string{`{"id":"1","a_at__string":"soon","b_at__long":1719492734000,"c_at__string":"2024-06-27T12:52:14.0001Z","created_at":"2024-06-27T12:52:14Z","d_at":"1970-01-01T00:00:01.5Z","e_at__double":0.0001,"f_at__json":{"x":1},"s":{"closed_at":"2024-06-27T12:52:14.5Z"}}`}},
		{"dates", []Column{{"d", "date", ""}}, [][]string{{`{"id":"1","d":"1969-12-31"}`, `{"id":"2","d":"2024-06-27T00:00:00Z"}`}},
			"{id string*, d date, d__string string}", []string{`{"id":"1","d":"1969-12-31"}`, `{"id":"2","d__string":"2024-06-27T00:00:00Z"}`}},
		{"declared json", []Column{{"custom_attributes", "json", ""}}, [][]string{{`{"id":"1","custom_attributes":{"b":1.0,"a":null, "c":"é"}}`, `{"id":"2","custom_attributes":{}}`, `{"id":"3","custom_attributes":null}`, `{"id":"4","custom_attributes":"x"}`}},
			"{id string*, custom_attributes json}", []string{`{"id":"1","custom_attributes":{"b":1.0,"a":null,"c":"é"}}`, `{"id":"2","custom_attributes":{}}`, `{"id":"3"}`, `{"id":"4","custom_attributes":"x"}`}},
		{"declared fields come first and unseen", []Column{{"z", "text", ""}, {"s.b", "bigint", ""}, {"y", "double", ""}, {"a*", "text", ""}}, [][]string{{`{"id":"1","a":"x","s":{"a":1}}`}},
			"{id string*, z string, s {b long, a long}, y double, a string}", nil},
		{"the first column wins", []Column{{"created_at", "bigint", ""}, {"**.*_at", "timestamp", ""}}, [][]string{{`{"id":"1","created_at":5}`}},
			"{id string*, created_at long}", []string{`{"id":"1","created_at":5}`}},
		{"a declared column whose values are arrays", []Column{{"team_ids", "bigint", ""}, {"empty", "text", ""}}, [][]string{{`{"id":"1","team_ids":[1,2],"empty":[]}`}},
			"{id string*, team_ids []long, empty []string}", []string{`{"id":"1","team_ids":[1,2],"empty":[]}`}},
		{"columns reach into arrays", []Column{{"parts.data.created_at", "timestamp", ""}}, [][]string{{`{"id":"1","parts":{"data":[{"created_at":0}]}}`}},
			"{id string*, parts {data []{created_at timestamp}}}", []string{`{"id":"1","parts":{"data":[{"created_at":"1970-01-01T00:00:00Z"}]}}`}},
		{"duplicates and broken text", nil, [][]string{{`{"id":"1","a":"x","a":null,"b":1,"b":2,"s":"\ud800` + "\xff" + `"}`}},
			"{id string*, b long, s string}", []string{`{"id":"1","b":2,"s":"��"}`}},
		{"nested arrays", nil, [][]string{{`{"id":"1","a":[[1],[],[2,3]]}`}}, "{id string*, a [][]long}", []string{`{"id":"1","a":[[1],[],[2,3]]}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			checkRules(t, Declaration{Columns: test.columns}, test.batches, test.want, test.decoded)
		})
	}
}

// checkRules encodes batches and compares the schema after the last, and how the Decoder shows the last one's records.
func checkRules(t *testing.T, d Declaration, batches [][]string, want string, decoded []string) {
	t.Helper()
	d.Name, d.Key = "headwater.test.R", []string{"id"}
	reg := &strictRegistry{}
	s := NewSubject(reg, "r-value", d, nil)
	var last []Encoded
	for _, batch := range batches {
		last = encodeAll(t, s, batch...)
		for i, e := range last {
			checkRecord(t, reg, []byte(batch[i]), e)
		}
	}
	now, _ := s.Current()
	if got := shape(t, now.Schema); got != want {
		t.Errorf("schema\n got %s\nwant %s", got, want)
	}
	for i, want := range decoded {
		got, err := NewDecoder(reg).JSON(context.Background(), last[i].Value)
		if err != nil || string(got) != want {
			t.Errorf("decoded\n got %s (%v)\nwant %s", got, err, want)
		}
	}
}
