package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
)

// schemaShowFlags say which versions are shown, and in which form.
type schemaShowFlags struct {
	version string
	avro    bool
	json    bool
}

func (a *app) schemaShowCommand() *cobra.Command {
	var flags schemaShowFlags
	c := &cobra.Command{
		Use:   "show [resource…]",
		Short: "Prints what is registered: versions, ids, compatibility levels and fields",
		Long: `Prints what the schema registry holds of each resource: subject, version, id, compatibility level, and the fields as a table. With --avro
the text as it is registered, one a line. Neither Kafka nor the API is asked.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if flags.avro && flags.json {
				return &usageError{errors.New("--avro and --json are two forms: give one")}
			}
			return a.schemaShow(c.Context(), args, flags)
		},
	}
	c.Flags().StringVar(&flags.version, "version", "", "a version's number, or all; the latest if not given")
	complete(c, "version", "all")
	c.Flags().BoolVar(&flags.avro, "avro", false, "print Avro schemas, one a line")
	c.Flags().BoolVar(&flags.json, "json", false, "as JSON")
	return c
}

func (a *app) schemaShow(ctx context.Context, resources []string, flags schemaShowFlags) error {
	if n, err := strconv.Atoi(flags.version); flags.version != "" && flags.version != "all" && (err != nil || n < 1) {
		return &usageError{fmt.Errorf("--version %s: want a version's number, or all", flags.version)}
	}
	s, err := a.openSubjects(resources)
	if err != nil {
		return err
	}
	defer s.close()
	found, err := s.read(ctx, s.selected)
	if err != nil {
		return err
	}
	missing := s.missing(resources, found)
	if s.registry != nil && len(resources) == 0 && len(found) < len(s.selected) {
		a.say(fmt.Sprintf("%d of %s registered", len(found), counted(int64(len(s.selected)), "subject")))
	}
	var shown []*registered
	for _, r := range found {
		if r.levelErr != nil {
			a.say("warning: " + oneLine(r.levelErr.Error()))
		}
		if err := r.choose(flags.version); err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		shown = append(shown, r)
	}
	return errors.Join(a.printRegistered(shown, flags), missing)
}

// choose leaves the versions that are asked for.
func (r *registered) choose(version string) error {
	switch version {
	case "all":
		return nil
	case "":
		r.Versions = r.Versions[len(r.Versions)-1:]
		return nil
	}
	n, _ := strconv.Atoi(version)
	i := slices.IndexFunc(r.Versions, func(v registeredVersion) bool { return v.Version == n })
	if i < 0 {
		return fmt.Errorf("%s has no version %d: it has %s", r.Subject, n, r.numbers())
	}
	r.Versions = r.Versions[i : i+1]
	return nil
}

// numbers are the versions that there are, in short.
func (r *registered) numbers() string {
	all := make([]int32, len(r.Versions))
	for i, v := range r.Versions {
		all[i] = int32(v.Version)
	}
	return ranges(all)
}

func (a *app) printRegistered(all []*registered, flags schemaShowFlags) error {
	if flags.json {
		if all == nil {
			all = []*registered{} // a list, also when it is empty
		}
		return a.writeJSON(all)
	}
	first := true
	for _, r := range all {
		for _, v := range r.Versions {
			if flags.avro {
				if _, err := fmt.Fprintf(a.stdout, "%s\n", compacted(v.Schema)); err != nil {
					return err
				}
				continue
			}
			if !first {
				fmt.Fprintln(a.stdout)
			}
			first = false
			if err := a.printVersion(r, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) printVersion(r *registered, v registeredVersion) error {
	level := r.Level
	if level == "" {
		level = "no compatibility level of its own"
	}
	fmt.Fprintf(a.stdout, "%s: %s version %d, id %d, %s\n", r.Resource, r.Subject, v.Version, v.ID, level)
	if v.Fields == nil {
		_, err := fmt.Fprintf(a.stdout, "  no record: %s\n", oneLine(string(v.Schema)))
		return err
	}
	return writeFields(a.stdout, v.Fields)
}
