package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
	"github.com/headwater-stream/headwater/sources"
)

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [SOURCE]",
		Short: "Lists the built-in sources, or the resources and settings of one source",
		Long: `Lists the sources that are built in. With a source, by its name or its file's path, or with HEADWATER_SOURCE set: its resources,
how each is read and how deletions are found, and the variables that it takes. Nothing is asked over the network.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("name one source: headwater list intercom")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.list(args, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) list(args []string, asJSON bool) error {
	if len(args) == 1 {
		src, err := readSource(args[0])
		if err != nil {
			return err
		}
		return a.listResources(src, asJSON)
	}
	name, set := filled{a.env}.Lookup("HEADWATER_SOURCE")
	if !set {
		return a.listSources(asJSON)
	}
	src, err := loadSource(name)
	if err != nil {
		return err
	}
	return a.listResources(src, asJSON)
}

// listedSource is a line of the list of sources.
type listedSource struct {
	Source      string `json:"source"`
	Title       string `json:"title"`
	Resources   int    `json:"resources"`
	Description string `json:"description"`
}

func (a *app) listSources(asJSON bool) error {
	var all []listedSource
	for _, name := range sources.Names() {
		src, err := readSource(name)
		if err != nil {
			return err
		}
		all = append(all, listedSource{name, src.Title, len(src.Resources), src.Doc})
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(all)
	}
	rows := [][]string{{"SOURCE", "TITLE", "RESOURCES", "DESCRIPTION"}}
	for _, s := range all {
		rows = append(rows, []string{s.Source, s.Title, strconv.Itoa(s.Resources), oneLine(s.Description)})
	}
	return writeTable(a.stdout, rows)
}

// listedResource is how one resource is read.
type listedResource struct {
	Resource    string   `json:"resource"`
	Key         []string `json:"key"`
	Read        string   `json:"read"` // incremental, listing or substream
	Cursor      string   `json:"cursor,omitempty"`
	Parents     []string `json:"parents,omitempty"`
	Deletes     string   `json:"deletes"` // as source files say it
	Sweep       string   `json:"sweep_interval,omitempty"`
	Selected    bool     `json:"selected"`
	Permission  string   `json:"permission,omitempty"`
	Description string   `json:"description,omitempty"`
}

// listedSetting is one variable of a source.
type listedSetting struct {
	Variable    string `json:"variable"`
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Secret      bool   `json:"secret"`
	Default     string `json:"default,omitempty"`
	Description string `json:"description,omitempty"`
}

func (a *app) listResources(src *extract.Source, asJSON bool) error {
	var resources []listedResource
	for _, r := range src.Resources {
		resources = append(resources, listResource(src, r))
	}
	settings := []listedSetting{}
	for _, s := range src.Settings {
		l := listedSetting{settingVariable(s.Name), s.Type, s.Required, s.Secret, s.Default, s.Description}
		if s.Secret {
			l.Default = ""
		}
		settings = append(settings, l)
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(map[string]any{
			"source": src.Name, "title": src.Title, "description": src.Doc, "resources": resources, "settings": settings,
		})
	}
	return printSource(a.stdout, resources, settings)
}

func listResource(src *extract.Source, r *extract.Resource) listedResource {
	l := listedResource{Resource: r.Name, Key: producer.Declare(src, r).Key, Read: "listing", Cursor: r.CursorPath, Deletes: r.Deletes.String(),
		Selected: r.Selected, Permission: r.Permission, Description: r.Doc}
	switch {
	case r.Parent != nil:
		l.Read, l.Parents = "substream", parentNames(r)
	case r.Incremental != nil:
		l.Read = "incremental"
	}
	if r.SweepInterval > 0 {
		l.Sweep = r.SweepInterval.String()
	}
	return l
}

func printSource(out io.Writer, resources []listedResource, settings []listedSetting) error {
	rows := [][]string{{"RESOURCE", "KEY", "HOW IT IS READ", "DELETIONS", "DESCRIPTION"}}
	for _, r := range resources {
		name := r.Resource
		if !r.Selected {
			name += " (if named)"
		}
		rows = append(rows, []string{name, strings.Join(r.Key, "/"), howRead(r), howDeleted(r), oneLine(r.Description)})
	}
	if len(settings) > 0 {
		rows = append(rows, nil, []string{"VARIABLE", "TYPE", "REQUIRED", "DEFAULT", "DESCRIPTION"})
	}
	for _, s := range settings {
		required, kind := "no", s.Type
		if s.Required {
			required = "yes"
		}
		if s.Secret {
			kind += ", secret"
		}
		rows = append(rows, []string{s.Variable, kind, required, oneLine(s.Default), oneLine(s.Description)})
	}
	return writeTable(out, rows)
}

// writeTable aligns the columns; an empty row parts two tables.
func writeTable(out io.Writer, rows [][]string) error {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil { // the last columns may be empty
			return err
		}
	}
	return nil
}

func howRead(r listedResource) string {
	switch r.Read {
	case "incremental":
		return "by " + r.Cursor
	case "substream":
		return "for each of " + strings.Join(r.Parents, ", ")
	default:
		return "complete listing"
	}
}

func howDeleted(r listedResource) string {
	switch {
	case r.Deletes == extract.DeletesListing.String():
		return "with the next listing"
	case r.Deletes == extract.DeletesParent.String():
		return "with its parent's list"
	case r.Deletes == extract.DeletesNever.String():
		return "never"
	case r.Sweep != "":
		return "with the next sweep"
	default:
		return "not found: no sweep"
	}
}
