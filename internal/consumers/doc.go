// Package consumers fetches the libraries that programs in Python, Node and Java read the topics with, for the tests that run
// the snippets of docs/consumers.md (internal/e2e). It has no such program itself, and the main program does not know it.
//
// What is fetched is pinned: requirements.txt, package-lock.json and pom.xml. The user's own pip, npm and Maven do it, with
// their settings and mirrors, once; the folders are kept in the cache of package realstack.
package consumers
