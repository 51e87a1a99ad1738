// Package docs holds no code: its tests run the commands of the project's documents, and compare what the documents show with
// what the program prints.
package docs
