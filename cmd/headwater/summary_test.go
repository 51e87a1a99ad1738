package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/producer"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	src, err := loadSource("intercom")
	if err != nil {
		t.Fatal(err)
	}
	got := summaryLines(src, producer.Names{Prefix: "intercom."}, []producer.Status{
		{Resource: "tags", Published: 88, Deleted: 3, Schema: 1, SchemaID: 69, Changes: []avro.Change{{What: "registered", Version: 1}}},
		{Resource: "companies", Err: errors.New("GET /companies/scroll: 503\n  upstream\x1b[2J gone")},
		{Resource: "company_segments", Published: 2},
		{Resource: "contacts", Published: 12431, Schema: 3, SchemaID: 68, Watermark: noon.Add(-5 * time.Minute), Dead: 2, Changes: []avro.Change{
			{What: "registered", Version: 1},
			{Field: "vip", What: "new field", Version: 2},
			{Field: "amount", What: "was long, now string → new field amount__string", Version: 3},
		}, Discarded: 1},
		{Resource: "conversations", Watermark: noon.Add(-2 * time.Hour), Ahead: 1},
		{Resource: "tickets", Dead: 1},
	}, noon)
	want := []string{
		`tags                        88 upserts      3 deletes  schema v1 (id 69)   full listing`,
		`companies                    0 upserts      0 deletes  schema unchanged    full listing`,
		`company_segments             2 upserts      0 deletes  schema unchanged    with companies`,
		`contacts                 12431 upserts      0 deletes  schema v3 (id 68)   watermark 2026-11-24T11:55:00Z (current; the last 5m0s are always read again)`,
		`conversations                0 upserts      0 deletes  schema unchanged    watermark 2026-11-24T10:00:00Z (1h55m behind)`,
		`tickets                      0 upserts      0 deletes  schema unchanged`,
		`! companies: GET /companies/scroll: 503 upstream [2J gone`,
		`! contacts: 1 record could not be published: see the topic intercom._dead_letters (headwater dead-letters contacts)`,
		`! contacts: 1 value discarded, as schema_contract says: see the topic intercom._dead_letters (headwater dead-letters contacts)`,
		`! contacts: vip: new field (schema v2)`,
		`! contacts: amount: was long, now string → new field amount__string (schema v3)`,
		`! conversations: the updated_at of 1 record lies in the future: published when that time comes`,
		`! tickets: 1 record could not be published: see the topic intercom._dead_letters (headwater dead-letters tickets)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNextCommands(t *testing.T) {
	t.Parallel()
	me := quoted(os.Args[0])
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"defaults": {nil, []string{
			me + " cat tags -n 3",
			me + " state show",
			"kcat -b 127.0.0.1:9092 -L",
			`kcat -b 127.0.0.1:9092 -C -e -t intercom.tags -f '%k %S bytes [%h]\n'`,
			`kcat -b 127.0.0.1:9092 -C -e -t intercom._state -f '%k\t%s\n'`,
		}},
		"other servers": {map[string]string{"KAFKA_BROKERS": "a:1,b:2", "SCHEMA_REGISTRY_URL": "http://u:p@r/apis/ccompat/v7"}, []string{
			"KAFKA_BROKERS=a:1,b:2 SCHEMA_REGISTRY_URL=http://r/apis/ccompat/v7 " + me + " cat tags -n 3",
			"KAFKA_BROKERS=a:1,b:2 " + me + " state show",
			"kcat -b a:1 -L",
			`kcat -b a:1 -C -e -t intercom.tags -f '%k %S bytes [%h]\n'`,
			`kcat -b a:1 -C -e -t intercom._state -f '%k\t%s\n'`,
		}},
		"other names": {map[string]string{"HEADWATER_TOPIC_PREFIX": "crm-", "HEADWATER_SOURCE": "./my source.yaml"}, []string{
			"HEADWATER_SOURCE='./my source.yaml' HEADWATER_TOPIC_PREFIX=crm- " + me + " cat tags -n 3",
			"HEADWATER_SOURCE='./my source.yaml' HEADWATER_TOPIC_PREFIX=crm- " + me + " state show",
			"kcat -b 127.0.0.1:9092 -L",
			`kcat -b 127.0.0.1:9092 -C -e -t crm-tags -f '%k %S bytes [%h]\n'`,
			`kcat -b 127.0.0.1:9092 -C -e -t crm-_state -f '%k\t%s\n'`,
		}},
		"credentials": {map[string]string{"KAFKA_TLS_ENABLED": "true"}, []string{me + " cat tags -n 3", me + " state show"}},
	} {
		cfg, _, err := load(c.env)
		if err != nil {
			t.Fatal(err)
		}
		prefix := cfg.TopicPrefix
		if prefix == "" {
			prefix = "intercom."
		}
		if diff := cmp.Diff(c.want, nextCommands(cfg, producer.Names{Prefix: prefix}, "tags")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"plain", "", "two words", "it's", `a"b$c\d`, "…", "*", "http://h:1/p?a&b"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quoted(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is %s for a shell: %v", word, out, err)
		}
	}
	if quoted("bin/headwater") != "bin/headwater" {
		t.Error("what is plain gets quotes")
	}
}

func TestFirstResource(t *testing.T) {
	t.Parallel()
	if got := firstResource([]producer.Status{{Resource: "a"}, {Resource: "b", Published: 1}}); got != "b" {
		t.Errorf("%s has nothing to look at", got)
	}
	if got := firstResource([]producer.Status{{Resource: "a"}}); !strings.Contains(got, "a") {
		t.Error(got)
	}
}
