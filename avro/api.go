package avro

import "context"

// Column is one declared field of a resource. Path is dotted; `*` stands for any characters within a segment, `**` for
// any number of segments. Type is one of text, bigint, double, bool, timestamp, date and json.
type Column struct{ Path, Type, Doc string }

// Declaration is what is known of a resource's records before any was seen.
type Declaration struct {
	Name    string   // record full name: headwater.intercom.CompanyAttributes
	Key     []string // key fields: string, required
	Columns []Column
	Doc     string
}

// Registered is one version of a subject as the registry holds it.
type Registered struct {
	ID, Version int
	Schema      string
}

// Registry is what a Subject needs of a schema registry.
type Registry interface {
	// Versions returns all registered versions of subject, oldest first; none: empty.
	Versions(ctx context.Context, subject string) ([]Registered, error)
	// Register registers schema under subject; a text that is registered already gives the same id.
	Register(ctx context.Context, subject, schema string) (Registered, error)
	// ByID returns the schema text of an id.
	ByID(ctx context.Context, id int) (string, error)
}

// Encoded is the outcome for one record.
type Encoded struct {
	Value  []byte // Confluent frame and Avro binary
	Digest uint64 // Digest of the record
	Err    error  // this record cannot be encoded
	Path   string // where in the record Err arose
}

// Change tells of one schema change that was registered.
type Change struct {
	Subject, Field, What string
	Version, ID          int
}
