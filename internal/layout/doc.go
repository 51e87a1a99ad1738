// Package layout holds tests of what no Go package owns: compose.yaml, the Dockerfile and the direction of imports.
package layout
