package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headwater-stream/headwater/producer"
)

// announce says what there is, and what can be done with it, once every resource was read for the first time. api is where the sample API is.
func (a *app) announce(ctx context.Context, p *pipeline, api string) {
	for {
		if sleep(ctx, 200*time.Millisecond) != nil {
			return
		}
		first := true
		for _, s := range p.worker.Progress() {
			first = first && (s.Passes > 0 || s.Stopped)
		}
		if first {
			break
		}
	}
	all := p.worker.Progress()
	var records int64
	for _, s := range all {
		records += s.Published
	}
	a.say(fmt.Sprintf("the first reading is done: %s in %s. Upserts are records, deletes are tombstones; up to its watermark a topic holds every change:",
		counted(records, "record"), counted(int64(len(all)), "topic")))
	a.summary(p, false)
	a.say("what changes in the API now arrives within seconds. In a second terminal, in the same folder, look at")
	for _, s := range demoSights(newShell(p.cfg, p.names), demoResource(all), api, p.serves) {
		a.say("  " + s.what + ":")
		for _, command := range s.commands {
			a.say("    " + command)
		}
	}
	a.say("everything was read once; now it follows the API's changes. Ctrl-C ends it")
}

// sight is something to look at in the demo, and the commands that show it.
type sight struct {
	what     string
	commands []string
}

func demoSights(s shell, resource, api, serves string) []sight {
	all := []sight{
		{"what a topic holds, decoded, one record a line", []string{s.cat(resource + " -n 3")}},
		{"all of it, and what arrives from then on; Ctrl-C ends that", []string{s.cat(resource + " -f")}},
		{"how far everything is: a line for each unit of work, which a restart goes on from", []string{s.state()}},
	}
	if !s.json {
		all = append(all, sight{"the schema of its values", []string{s.registry + s.program + " schema show " + resource}})
	}
	all = append(all, sight{"the same with kcat: the topics, the records (their values are bytes to it), the state", s.kcat(resource)})
	if serves != "" {
		all = append(all, sight{"how it is doing: open " + serves + " in a browser; the same for programs, and the figures for Prometheus", []string{
			"curl " + quoted(serves+"/status.json"), "curl " + quoted(serves+"/ready"), "curl " + quoted(serves+"/metrics"),
		}})
	}
	change := func(what string) string { return "curl -X POST " + quoted(api+"/_sandbox/"+what) }
	return append(all,
		sight{"what a change and a deletion do: make some in the API; a deleted key has the value null", []string{
			change("change/tickets?n=2"), change("delete/tags?n=1"), s.cat("tags --last"),
		}},
		sight{"how an API of yours is begun with: a source file, and what to do with it", []string{s.program + " init shop"}},
	)
}

// demoResource is one that has most to show: read by time, and published.
func demoResource(all []producer.Status) string {
	i := slices.IndexFunc(all, func(s producer.Status) bool { return s.Published > 0 && !s.Watermark.IsZero() })
	if i < 0 {
		return firstResource(all)
	}
	return all[i].Resource
}
