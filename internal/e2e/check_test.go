package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/headwater-stream/headwater/internal/realstack"
	"github.com/headwater-stream/headwater/internal/sandbox"
)

// checks runs `check` to its end and returns its lines, columns joined by one space.
func (w *world) checks(code int, env map[string]string, args ...string) string {
	w.t.Helper()
	p := w.startWith(env, append([]string{"check"}, args...)...)
	p.secrets = append(p.secrets, realstack.Password)
	p.ends(code, 30*time.Second)
	var all []string
	for _, line := range p.stdout.lines() {
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(all, "\n")
}

func (w *world) says(text string, patterns ...string) {
	w.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)^" + p + "$").MatchString(text) {
			w.t.Errorf("no line is like %s:\n%s", p, text)
		}
	}
}

// The commands that people use before the first run, and beside a worker: they tell what is there and leave nothing behind.
func TestLookBeforeRunning(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 131, Size: 60})
		if lint := w.prints("lint", "intercom", "../../sources/intercom.yaml"); len(lint) != 2 || lint[0] != "intercom: 13 resources, no mistakes" {
			t.Errorf("lint prints %q", lint)
		}
		w.says(strings.Join(w.prints("list"), "\n"), "intercom +Intercom +13 .*")
		list := strings.Join(w.prints("list", "intercom"), "\n")
		for _, r := range all() {
			w.says(list, r+" .*")
		}

		text := w.checks(0, nil)
		for _, r := range except("companies", "company_segments") {
			w.says(text, "ok "+r+" .+", "ok "+regexp.QuoteMeta(w.topic(r))+" will be created")
		}
		w.says(text, "skip companies not asked: .*", "ok Kafka .* answers: 1 broker", "ok rights .*", "ok schema registry .* answers: 0 of 13 subjects registered")
		if left := w.existing(); len(left) > 0 {
			t.Errorf("check leaves topics behind: %v", left)
		}
		w.discovers()
		if n := w.stats().Scrolls.Opened; n != 0 {
			t.Errorf("%d scrolls were opened", n)
		}

		run := w.startWith(map[string]string{"HEADWATER_SNAPSHOT_INTERVAL": "100ms"}, "run")
		eventually(t, once, "the first records", func() (bool, string) {
			return slices.Contains(w.existing(), w.topic("tags")) && len(w.read(w.topic("tags"))[w.topic("tags")]) > 0, run.stderr.String()
		})
		w.says(w.checks(0, nil), "ok "+regexp.QuoteMeta(w.topic("_state"))+" is there: 16 partitions", `ok state \d+ of \d+ units? done; last taken by .*`)
		made := w.edit("create", "tags", "n=1")[0]
		eventually(t, once, "a new tag", func() (bool, string) {
			for _, r := range w.read(w.topic("tags"))[w.topic("tags")] {
				if r.key == made {
					return true, ""
				}
			}
			return false, run.stderr.String()
		})
		run.terminate()
		if strings.Contains(run.stderr.String(), "taking the lanes again") {
			t.Errorf("the worker was disturbed:\n%s", run.stderr)
		}
	})
}

// discovers wants the schema that is shown to be a legal one that holds every member of a record.
func (w *world) discovers() {
	w.t.Helper()
	var found []struct {
		Resource string
		Count    *int
		Looked   int
		Key      []string
		Fields   []struct{ Name, Type string }
		Schema   json.RawMessage
		Skipped  string
	}
	if err := json.Unmarshal([]byte(strings.Join(w.prints("discover", "--json"), "\n")), &found); err != nil {
		w.t.Fatal(err)
	}
	if len(found) != len(all()) {
		w.t.Errorf("%d resources are discovered", len(found))
	}
	for _, d := range found {
		if (d.Skipped != "") != slices.Contains([]string{"companies", "company_segments"}, d.Resource) {
			w.t.Errorf("%s: skipped %q", d.Resource, d.Skipped)
		}
		if d.Skipped == "" && (d.Looked == 0 || len(d.Fields) < 2 || d.Fields[0].Name != d.Key[0] || !json.Valid(d.Schema)) {
			w.t.Errorf("%+v", d)
		}
	}
	for _, line := range w.prints("discover", "--avro", "tags", "contacts") {
		if !strings.HasPrefix(line, `{"type":"record","name":"`) {
			w.t.Errorf("no schema: %s", line)
		}
	}
}

// On a Kafka with an authorizer check tells which rights are missing, and a user whom it finds nothing missing of can run.
func TestRightsOnKafka(t *testing.T) {
	t.Parallel()
	s := realServers(t)
	broker := stack.Kafka(t, realstack.KafkaOptions{Secure: true, Properties: map[string]string{
		"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users": "User:ANONYMOUS",
	}})
	s.brokers = []string{broker.Addr()} // without a login: the broker's own, and ours to set rules with
	w := newWorld(t, s, sandbox.APIConfig{Seed: 132, Size: 20})
	env := map[string]string{
		"KAFKA_BROKERS": broker.ListenerAddr(realstack.SASL), "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
		"KAFKA_SASL_USERNAME": realstack.Username, "KAFKA_SASL_PASSWORD": realstack.Password,
	}
	topics := regexp.QuoteMeta(w.prefix) + `\*`
	remedy := "allow it Create, Describe, DescribeConfigs, Read and Write on topics that begin with " + regexp.QuoteMeta(w.prefix) +
		", and Write on transactional ids that begin with headwater-" + regexp.QuoteMeta(w.prefix)
	text := w.checks(3, env, "tags")
	w.says(text, "FAIL rights this user lacks Read on topics "+topics+`; Write on transactional ids headwater-`+topics+"; DescribeConfigs on topics "+topics+" → "+remedy,
		"FAIL "+regexp.QuoteMeta(w.topic("tags"))+" .*TOPIC_AUTHORIZATION_FAILED.* → allow this user Describe on topics of the prefix", "ok tags .*", "ok schema registry .*")

	w.allow(kmsg.ACLResourceTypeTopic, w.prefix, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationRead)
	w.allow(kmsg.ACLResourceTypeTransactionalId, "headwater-"+w.prefix, kmsg.ACLOperationWrite)
	text = w.checks(3, env, "tags")
	w.says(text, "FAIL rights this user lacks Write on topics "+topics+" → "+remedy,
		"FAIL "+regexp.QuoteMeta(w.topic("tags"))+" .*AUTHORIZATION_FAILED.* → allow this user Create on topics of the prefix, or create the topic by hand: kafka-topics.sh .*")

	w.allow(kmsg.ACLResourceTypeTopic, w.prefix, kmsg.ACLOperationCreate, kmsg.ACLOperationWrite)
	w.says(w.checks(0, env, "tags"), "ok rights .*", "ok "+regexp.QuoteMeta(w.topic("tags"))+" will be created")
	if left := w.existing(); len(left) > 0 {
		t.Errorf("check leaves topics behind: %v", left)
	}
	p := w.startWith(env, "run", "--once", "tags")
	p.ends(0, once)
	w.equalsTruth("tags")
	w.says(w.checks(0, maps.Clone(env), "tags"), "ok rights .*", "ok state .*")

	none := stack.Kafka(t, realstack.KafkaOptions{})
	w.says(w.checks(0, map[string]string{"KAFKA_BROKERS": none.Addr()}, "tags"), "ok rights the brokers have no authorizer: every user may do everything")
}

// allow gives the test's user operations on what begins with prefix.
func (w *world) allow(on kmsg.ACLResourceType, prefix string, operations ...kmsg.ACLOperation) {
	w.t.Helper()
	client := w.kafka(w.t)
	defer client.Close()
	rules := kadm.NewACLs().ResourcePatternType(kadm.ACLPatternPrefixed).Operations(operations...).Allow("User:" + realstack.Username).AllowHosts("*")
	if on == kmsg.ACLResourceTypeTopic {
		rules = rules.Topics(prefix)
	} else {
		rules = rules.TransactionalIDs(prefix)
	}
	admin := kadm.NewClient(client)
	results, err := admin.CreateACLs(w.t.Context(), rules)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			w.t.Fatal(r.Err)
		}
	}
	eventually(w.t, 20*time.Second, "the rules, which the broker learns a moment later", func() (bool, string) {
		described, err := admin.DescribeACLs(w.t.Context(), rules)
		known := 0
		for _, d := range described {
			known += len(d.Described)
		}
		return err == nil && known >= len(operations), fmt.Sprintf("%d known, %v", known, err)
	})
}
