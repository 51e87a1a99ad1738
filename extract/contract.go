package extract

// Contract says what becomes of a record that holds what the topic's registered schema has no field for.
type Contract int

// The contracts.
const (
	ContractEvolve        Contract = iota // the schema grows
	ContractFreeze                        // the resource stops, and says what is new
	ContractDiscardValue                  // the record is published without it
	ContractDiscardRecord                 // the record is not published
)

// String returns "evolve", "freeze", "discard_value" or "discard_record".
func (c Contract) String() string {
	return name(int(c), "evolve", "freeze", "discard_value", "discard_record")
}

// ParseContract reads what String writes, and discard_row for discard_record; false for any other word.
func ParseContract(word string) (Contract, bool) {
	if word == "discard_row" {
		return ContractDiscardRecord, true
	}
	for c := ContractEvolve; c <= ContractDiscardRecord; c++ {
		if word == c.String() {
			return c, true
		}
	}
	return ContractEvolve, false
}

// DefaultMaxInferredFields is how many fields of a resource's records may be inferred where a source file does not say.
const DefaultMaxInferredFields = 500
