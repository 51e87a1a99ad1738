package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// catFlags say what of a topic is printed.
type catFlags struct {
	count   int
	follow  bool
	key     string
	oneKey  bool // key was given; it may be empty
	last    bool
	verbose bool
}

func (a *app) catCommand() *cobra.Command {
	var flags catFlags
	c := &cobra.Command{
		Use:   "cat RESOURCE|TOPIC",
		Short: "Prints a topic's records, decoded, one JSON object a line",
		Long: `Prints what a resource's topic holds, or a topic of the prefix by its full name: key, op, ts and value, one JSON object a line. Avro values
are decoded with the schema registry, by the schema that each one names, whoever wrote it; values that are JSON stand as they are. Fields
that are null are left out; a deleted key has a null value. Times are RFC 3339. Only committed records are shown.

A value that cannot be decoded has an "error" in its place, and the exit code is 1 at the end.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name one resource: headwater cat contacts")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case flags.count < 0:
				return &usageError{fmt.Errorf("--count %d: must not be negative", flags.count)}
			case flags.last && flags.follow:
				return &usageError{errors.New("--last needs the end of the topic, and --follow knows none: give one")}
			}
			cfg, err := a.load()
			if err != nil {
				return err
			}
			flags.oneKey = c.Flags().Changed("key")
			return a.cat(c.Context(), cfg, args[0], flags)
		},
	}
	c.Flags().IntVarP(&flags.count, "count", "n", 0, "end after so many records; 0: all")
	c.Flags().BoolVarP(&flags.follow, "follow", "f", false, "go on with what arrives")
	c.Flags().StringVar(&flags.key, "key", "", "only the records of this key")
	c.Flags().BoolVar(&flags.last, "last", false, "only the newest record of each key, as compaction leaves it")
	c.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "with partition, offset and the time at which it was written")
	return c
}

func (a *app) cat(ctx context.Context, cfg *Config, name string, flags catFlags) error {
	src, err := loadSource(cfg.Source)
	if err != nil {
		return err
	}
	topic, err := topicOf(src, cfg.namesOf(src), name)
	if err != nil {
		return &usageError{err}
	}
	opts, err := cfg.kafkaOptions()
	if err != nil {
		return &usageError{err}
	}
	reg, err := cfg.registry()
	if err != nil {
		return &usageError{err}
	}
	defer reg.Close()
	if err := pingKafka(ctx, opts, cfg.KafkaBrokers); err != nil {
		return err
	}
	p := &catPrinter{out: a.stdout, decoder: avro.NewDecoder(reg), flags: flags}
	each := p.print
	var newest newestRecords
	if flags.last {
		each = newest.keep
	}
	err = producer.Read(ctx, opts, topic, flags.follow, func(r *kgo.Record) error {
		if flags.oneKey && string(r.Key) != flags.key {
			return nil
		}
		return each(ctx, r)
	})
	if err == nil {
		err = newest.each(func(r *kgo.Record) error { return p.print(ctx, r) })
	}
	switch {
	case errors.Is(err, syscall.EPIPE): // whoever read this has seen enough
		return nil
	case err == nil, errors.Is(err, io.EOF): // as many as asked for
		return p.outcome()
	case ctx.Err() != nil && p.failed > 0: // stopped, and not all of it was shown
		return p.outcome()
	}
	return err
}

// topicOf is the topic of a resource, or the one with that full name, which has to be of the prefix.
func topicOf(src *extract.Source, names producer.Names, name string) (string, error) {
	switch {
	case src.Resource(name) != nil:
		return names.Data(name), nil
	case strings.HasPrefix(name, names.Prefix) && name != names.Prefix:
		return name, nil
	case strings.Contains(name, "."): // meant as a topic
		return "", fmt.Errorf("topic %s is not of this source: its topics begin with %s (HEADWATER_TOPIC_PREFIX)", name, names.Prefix)
	}
	return "", unknownResource(src, name)
}
