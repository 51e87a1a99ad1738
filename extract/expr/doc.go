// Package expr evaluates the expressions of source files: Jinja, as far as the reference's configurations use it.
//
//	{{ config.base_url }}/items         text with values
//	{{ stream_interval.start_time }}    a lone expression: its value keeps its type
//	{% if config.flag %}a{% endif %}    if, for and set
//	not response.get('pages', {}).get('next')    a bare expression, for [ParseExpression]
//
// [Parse] checks all names: those of the [Scope], filters, tests, macros and methods. What is unknown cannot surface in the
// middle of a run. [Template.References] says which names are used, for checks of the caller's own.
//
// # Conditions on a response
//
// A loader of conditions (stop_condition, predicates of responses) parses them with [ParseExpression] and a scope of the
// names response (the body: [JSON]), headers ([Folded]), status (int), last_record ([JSON]), last_page_size (int) and config,
// and asks [Truth] of their [Template.Value].
//
// # Values
//
// nil, bool, int64, *big.Int, float64, json.Number (a number of a JSON text with more digits than a float64 keeps), string,
// []any, [Tuple], *[Dict], dates and lengths of time, and what [JSON] returns. Vars may also hold int, uint64,
// json.RawMessage (read by [JSON]), time.Time, []string, map[string]any and map[string]string. [AppendJSON] writes any of them.
//
// # What differs from Jinja
//
// A member of what is undefined or null is undefined instead of an error, so response.pages.next asks in one go. What is
// undefined is false and can be given a default, but it is an error as text: a request with a hole in it must not be sent.
// Only an if without else, and what is [Unset], is the empty text. A member named like a method is the member unless it is called.
//
// There is no clock but that of [Vars], nothing is read from the file system, regular expressions are Go's (RE2), and an
// evaluation ends with an error after a bounded number of steps and bytes. include, import, extends, macro, call, range and
// generate_uuid (no result twice the same) do not exist.
package expr
