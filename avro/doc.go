// Package avro turns JSON records into framed Avro values: it infers and grows a resource's schema, registers it before
// the first record that needs it, and encodes. It knows neither HTTP sources nor Kafka.
//
// How a JSON value is typed:
//
//	key field                              string, required; an integer's digits, and a typed copy in id__long
//	integer, number                        long, double
//	declared timestamp                     long timestamp-millis, from Unix seconds or an RFC 3339 string
//	declared date                          int date, from "2006-01-02"
//	object                                 nested record, named by its path
//	array                                  array; of ["null", T] when a null was among the first items seen
//	declared json, mixed array             string that holds JSON text, contentType "application/json"
//	seen only as null, [] or {}            no field yet; equal to absent
//
// Every field that is no key is ["null", T] with default null, so a schema can grow under FULL_TRANSITIVE. A field's type
// never changes. A value that does not fit its field goes to a sibling of it, so no value is lost:
//
//	a string                               f__string
//	true, false                            f__boolean
//	an integer within int64                f__long
//	a number that a double holds exactly   f__double
//	any other number                       f__string, its digits as spelled
//	an object or an array                  f__json; an array of which one item does not fit goes there whole
//
// From a long field an integer beyond int64 goes to f__string; from a double field every number that does not fit does
// (overflow, digits lost: the shortest text of the double is not the same decimal). Number spelling does not count: 1.0
// fits a long. A null in an array whose items are not nullable sends the array to f__json. An empty object or array that
// does not fit its field equals absent. Inside a record that is an array's item, a field's sibling is in that record.
//
// Field names keep to [A-Za-z_][A-Za-z0-9_]*: utm-source becomes utm_source, 1st becomes _1st, é becomes _u00E9. Where
// the JSON name differs it is kept in the property jsonName and in the doc; a sibling's property variant names its type.
// Names that would be equal without regard to case get _2, _3 and so on; a registered name never changes.
package avro
