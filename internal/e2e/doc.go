// Package e2e is the black-box suite: it runs the headwater program as a process of its own and looks at what arrives in
// Kafka. It holds tests only.
//
// Every test runs on embedded servers (the sandbox's broker and registry), and most run again on a real Kafka and a real
// registry: see the package stacktest for the variables that say which. Each run has a topic prefix of its own, so the
// servers may be anybody's. The sample API runs in the test's process and is controlled over HTTP, as a user would.
//
// What a topic holds is judged without the project's own code: a plain consumer reads it to the high watermark, the
// schema comes from the registry over HTTP, another Avro library decodes the values, and every member of the API's
// objects is looked for in them (compare_test.go).
//
// The consumers (consumers_test.go) are the programs of docs/consumers.md, in Python, Node, Java and Go, with the libraries that
// package consumers fetches. They run as the page has them, and what they print of every record is judged in the same way.
//
// The drills (drill_test.go) kill and pause workers, brokers, the registry and the API on a real Kafka while the API's data
// changes, and judge what arrived: docs/drills.md. They are short here; `make drill` runs them long.
package e2e
