// Package sandbox holds what the demo and the tests run on: a sample API that behaves like the Intercom REST API, an
// embedded Kafka broker and an embedded schema registry. All three live in the process, keep their data in memory and
// are gone when it ends. Start starts them together; NewAPI is the sample API alone, an http.Handler.
//
// # The sample API
//
// It serves thirteen resources, with and without /v1 before the path, with the records of version 2.11:
//
//	GET  /admins, /tags, /teams, /segments, /data_attributes?model=company|contact    one answer
//	GET  /companies/scroll[?scroll_param=]       one scroll at a time; an empty page ends it
//	GET  /companies/{id}/segments, /conversations/{id}
//	POST /contacts/search, /conversations/search, /tickets/search
//	GET  /admins/activity_logs?created_at_after=&created_at_before=    newest first, numbered pages
//	GET  /me                                     the workspace's time zone
//
// The data is invented from a seed: the same seed, size and time of start yield the same bytes. It can change by itself
// (APIConfig.Churn), through methods (Change, Create, Delete, Set) and through HTTP:
//
//	GET  /_sandbox/                              the control endpoints, with their parameters
//	GET  /_sandbox/truth/{resource}              what a reader of the API should have in the end
//	POST /_sandbox/change|create|delete|set/{resource}
//	POST /_sandbox/fail                          makes requests fail, in every way that GET /_sandbox/faults lists
//
// Not served: what differs in versions other than 2.11 (but for the words of a sort), archived contacts, merges, and
// every endpoint that the thirteen resources do not need.
package sandbox
