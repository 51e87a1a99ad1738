package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headwater-stream/headwater/sources"
)

// completions has the shell complete what commands take, by the words with which they say it in Use. Nothing is asked over the network, and
// what is wrong with the configuration is not told while somebody types.
func (a *app) completions(c *cobra.Command) {
	switch _, takes, _ := strings.Cut(c.Use, " "); {
	case strings.HasPrefix(takes, "UNIT"):
		c.ValidArgsFunction = a.completeUnit
	case strings.Contains(strings.ToUpper(takes), "RESOURCE…"):
		c.ValidArgsFunction = a.completeResources
	case strings.HasPrefix(takes, "RESOURCE"):
		c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeResources(c, args, begun)
		}
	case strings.HasPrefix(takes, "FILE"), strings.HasPrefix(takes, "[SOURCE]"):
		c.ValidArgsFunction = completeSource
	case strings.HasPrefix(takes, "NAME"): // of something new
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range c.Commands() {
		a.completions(sub)
	}
}

// completeResources are the resources of the source that HEADWATER_SOURCE names, without those that stand there already.
func (a *app) completeResources(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, _, _ := loadConfig(a.env, nil)
	src, err := loadSource(cfg.Source)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	for _, r := range src.Resources {
		if !slices.Contains(args, r.Name) {
			all = append(all, cobra.CompletionWithDesc(r.Name, oneLine(r.Doc)))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// completeUnit are the units that every resource has, or may have: its own, and its sweep. Windows go by numbers.
func (a *app) completeUnit(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, directive := a.completeResources(c, args, begun)
	if resource, _, ok := strings.Cut(begun, "/"); ok {
		return []string{resource + "/sweep"}, directive
	}
	return all, directive
}

// completeSource are the sources that are built in, and what looks like a path is one of a file.
func completeSource(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	if strings.ContainsAny(begun, "./") {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return sources.Names(), cobra.ShellCompDirectiveDefault
}

// complete has the shell complete a flag's values.
func complete(c *cobra.Command, flag string, values ...cobra.Completion) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // there is such a flag
}
