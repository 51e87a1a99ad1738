package avro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
)

// maxReasons bounds how many differences one error tells.
const maxReasons = 3

// withReasons adds to a refusal what the registry says of it when it is asked once more: some tell only then which rule is broken, some
// in the refusal itself, and some not at all. A failure of that question does not count.
func (r *SchemaRegistry) withReasons(ctx context.Context, err error, subject, schema string) error {
	var refusal *RegistryError
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		return err
	}
	const allVersions = -2
	limited, cancel := context.WithTimeout(sr.WithParams(ctx, sr.Verbose), maxElapsed)
	defer cancel()
	result, failed := r.client.CheckCompatibility(limited, subject, allVersions, sr.Schema{Schema: schema, Type: sr.TypeAvro})
	if failed != nil || result.Is {
		return err
	}
	reasons := slices.DeleteFunc(result.Messages, func(m string) bool {
		// A whole schema is no reason, and what was said needs no repeating.
		return strings.HasPrefix(m, "{oldSchema:") || strings.Contains(refusal.Err.Error(), m)
	})
	if len(reasons) > 0 {
		refusal.Err = fmt.Errorf("%w (%s)", refusal.Err, shortened(strings.Join(reasons, " ")))
	}
	return err
}

// explain says of a refused schema which registered version it does not agree with, in which field, and why, by this program's own
// comparison: registries' messages name positions, if anything.
func explain(refused error, schema string, versions []*version) error {
	var refusal *RegistryError
	if !errors.As(refused, &refusal) {
		return refused
	}
	registered := make([]Registered, len(versions))
	for i, v := range versions {
		registered[i] = v.Registered
	}
	if found := disagreements(schema, registered); found != "" {
		told := *refusal // what came from the registry stays as it is
		told.Err, told.Hint = fmt.Errorf("%w; %s", refusal.Err, found), foreignVersion
		return &told
	}
	return refused
}

// disagreements tells in one line how versions cannot live with schema; "": they can.
func disagreements(schema string, versions []Registered) string {
	var parts []string
	for _, v := range versions {
		all, err := Diff(v.Schema, schema)
		if err != nil {
			parts = append(parts, fmt.Sprintf("version %d cannot be read: %v", v.Version, err))
		}
		for _, d := range Breaking(all) {
			parts = append(parts, fmt.Sprintf("from version %d to ours, %s", v.Version, d))
		}
	}
	if more := len(parts) - maxReasons; more > 0 {
		parts = append(parts[:maxReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

// CheckVersions looks whether a Subject can go on from what is registered, oldest first. An *Unusable says that it cannot; any other
// error, that under Level the registry refuses what the Subject would register next: a version that holds all of them.
func CheckVersions(versions []Registered) error {
	trees := make([]*node, len(versions))
	for i, v := range versions {
		var err error
		if trees[i], err = parseSchema(v.Schema); err != nil {
			return &Unusable{fmt.Errorf("version %d: %w", v.Version, err)}
		}
	}
	union := unite(trees)
	if union == nil {
		return nil
	}
	if err := writable(union); err != nil {
		return &Unusable{err}
	}
	if found := disagreements(schemaText(union), versions); found != "" {
		return errors.New(found)
	}
	return nil
}

// Unusable says that a Subject cannot encode anything by what is registered.
type Unusable struct{ Err error }

func (e *Unusable) Error() string { return e.Err.Error() }
func (e *Unusable) Unwrap() error { return e.Err }
