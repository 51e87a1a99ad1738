// Package bench holds what the benchmarks of its folders share: processes of their own for servers, the program that is measured, and
// what it used. Each folder is a command; docs/performance.md says what each measures and what was seen.
//
//	contacts         the records that are read, and the API that serves them
//	endtoend         a million records from the API into a real Kafka, beside the straightforward program
//	straightforward  that program
//	quiet            what a start, a poll that finds nothing, and idling cost
//	peers            dlt and airbyte-cdk on the same pages and the same Kafka
//	backfill         a backfill from an API that takes its time, by one worker or a group
package bench
