package extract

import (
	"strings"
	"testing"
)

func TestContracts(t *testing.T) {
	t.Parallel()
	for c := ContractEvolve; c <= ContractDiscardRecord; c++ {
		if again, ok := ParseContract(c.String()); !ok || again != c {
			t.Errorf("%v is read as %v, %v", c, again, ok)
		}
	}
	if _, ok := ParseContract("discard"); ok {
		t.Error("discard is taken for a word")
	}
	for name, test := range map[string]struct {
		defaults, own string
		want          Contract
		fields        int
		mistake       string
	}{
		"without a word":        {want: ContractEvolve, fields: 500},
		"default":               {defaults: "schema_contract: freeze\n  max_inferred_fields: 7", want: ContractFreeze, fields: 7},
		"own":                   {defaults: "schema_contract: freeze\n  max_inferred_fields: 7", own: "schema_contract: discard_value\n    max_inferred_fields: 9", want: ContractDiscardValue, fields: 9},
		"the reference's word":  {own: "schema_contract: discard_row", want: ContractDiscardRecord, fields: 500},
		"its mapping":           {own: "schema_contract: { tables: evolve, columns: freeze, data_type: freeze }", want: ContractFreeze, fields: 500},
		"two words for one":     {own: "schema_contract: { columns: discard_row, data_type: discard_record }", want: ContractDiscardRecord, fields: 500},
		"an empty mapping":      {own: "schema_contract: {}", want: ContractEvolve, fields: 500},
		"instead of a mapping":  {defaults: "schema_contract: { columns: freeze, data_type: freeze }", own: "schema_contract: evolve", want: ContractEvolve, fields: 500},
		"instead of a word":     {defaults: "schema_contract: freeze", own: "schema_contract: { columns: discard_value, data_type: discard_value }", want: ContractDiscardValue, fields: 500},
		"another word":          {own: "schema_contract: freze", mistake: `17:22: unknown schema_contract "freze" (did you mean "freeze"?)`},
		"tables":                {own: "schema_contract: { tables: freeze }", mistake: `17:32: schema_contract: tables: a resource has one topic, which the file names, so there are no new ones to keep out: leave it out`},
		"columns alone":         {own: "schema_contract: { columns: freeze }", mistake: `17:22: schema_contract: columns: freeze and data_type: evolve: here one word says what becomes of both: write schema_contract: freeze`},
		"columns and data_type": {own: "schema_contract: { columns: evolve, data_type: discard_value }", mistake: `write schema_contract: discard_value`},
		"a list":                {own: "schema_contract: [freeze]", mistake: `17:22: schema_contract: want text, not a list`},
		"an unknown member":     {own: "schema_contract: { column: freeze }", mistake: `17:24: unknown field "column" (did you mean "columns"?)`},
		"no fields":             {own: "max_inferred_fields: 0", mistake: `17:26: max_inferred_fields: want a whole number from 1`},
		"fields in words":       {own: "max_inferred_fields: many", mistake: `17:26: max_inferred_fields: want a whole number`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(small, "- name: orders", "- name: orders\n    "+test.own, 1)
			if test.defaults != "" {
				text = strings.Replace(text, "resource_defaults:", "resource_defaults:\n  "+test.defaults, 1)
			}
			src, err := Load("small.yaml", []byte(text))
			if test.mistake != "" {
				if err == nil || !strings.Contains(err.Error(), test.mistake) {
					t.Errorf("%v\nwant %s", err, test.mistake)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r := src.Resource("orders"); r.Contract != test.want || r.MaxInferredFields != test.fields {
				t.Errorf("%v, %d fields", r.Contract, r.MaxInferredFields)
			}
		})
	}
}
