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
//
// Declaration.MaxFields bounds the fields of a resource's record that are inferred: nested ones and siblings count, keys and what columns
// without stars declare (or what stands above that) do not. Where there is no room:
//
//	an object, or an array of objects      a string that holds JSON text, if there is room for one field
//	a member of a record                   the record's field other_members, with all members of it that have no field
//	a value that does not fit its field    a sibling all the same: no member has more than five
//
// other_members (other_members_2 where a member of that name has a field) is a string that holds a JSON object, with the property variant
// "rest"; each record has its own, also one that is an array's item. Once it is there, members without a field go to it for ever,
// whatever the limit is later. The Decoder shows it as that object. Of versions there are no more than fields that there is room for,
// siblings and such fields together, however many names an API makes up. Workers that reach the limit at once may together pass it.
//
// A record is encoded in one of two ways, with the same bytes, digests and errors. The fast one (walk.go) goes once over its text by the
// steps that a version's schema was compiled to (compile.go), makes nothing in between and asks for no memory. What it is in doubt of it leaves
// to the other: a library's tokenizer (read.go), values (value.go), and an encoder of these (encode.go), by which schemas grow, too.
// Declaration.Encoder leaves everything to that. A rule of this page is therefore in two places; FuzzCompiled and TestCompiledIsLibrary see it
// when they differ.
//
// Declaration.Contract says what becomes of what the registered schema has no field for; see Contract.
package avro
