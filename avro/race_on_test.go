//go:build race

package avro

// raceDetector: a sync.Pool forgets at random then.
const raceDetector = true
