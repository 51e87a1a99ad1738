// Package web serves what a worker tells of itself over HTTP: whether it lives and is ready, its version, its metrics, its status.
//
// Nothing is worked out unless somebody asks, and nothing can be changed here. It takes what it shows from the worker and the clients
// that it is given; it reads no environment and prints nothing.
package web
