package extract

import "github.com/goccy/go-yaml/ast"

// contractList are the words of schema_contract. The last is the reference's.
var contractList = []string{"evolve", "freeze", "discard_value", "discard_record", "discard_row"}

// loadContract reads what may become of a resource's schema.
func (l *loader) loadContract(p *pending) {
	s, r := p.section, p.resource
	n := s.node("schema_contract")
	if isMapping(n) {
		r.Contract = l.contractOf(n)
	} else {
		r.Contract, _ = ParseContract(s.word("schema_contract", contractList, nil))
	}
	r.MaxInferredFields = DefaultMaxInferredFields
	if n := s.node("max_inferred_fields"); n != nil {
		before := len(l.mistakes)
		if r.MaxInferredFields = s.count("max_inferred_fields"); r.MaxInferredFields == 0 && len(l.mistakes) == before {
			l.mistake(n, "max_inferred_fields: want a whole number from 1")
		}
	}
}

// contractOf reads the reference's mapping. It tells new columns and new data types apart, which here are both new fields; and tables,
// which a source file names and nothing else makes.
func (l *loader) contractOf(n ast.Node) Contract {
	s := l.section(n, "schema_contract", nil, words[contractWords]())
	if s == nil {
		return ContractEvolve
	}
	if s.word("tables", contractList, nil) != "evolve" {
		l.mistake(s.node("tables"), "schema_contract: tables: a resource has one topic, which the file names, so there are no new ones to keep out: leave it out")
	}
	columns, types := s.word("columns", contractList, nil), s.word("data_type", contractList, nil)
	both, _ := ParseContract(columns)
	if other, _ := ParseContract(types); other != both {
		l.mistake(n, "schema_contract: columns: %s and data_type: %s: here one word says what becomes of both: write schema_contract: %s", columns, types, strictest(both, other))
	}
	return both
}

// strictest is the contract that keeps out what either of two does.
func strictest(a, b Contract) Contract {
	for _, c := range []Contract{ContractFreeze, ContractDiscardRecord} {
		if a == c || b == c {
			return c
		}
	}
	return ContractDiscardValue
}
