package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/headwater-stream/headwater/producer"
)

// post changes something in the sample API.
func (s stack) post(t *testing.T, what string) {
	t.Helper()
	req, err := http.NewRequestWithContext(deadline(t), http.MethodPost, s.API.URL()+"/_sandbox/"+what, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", what, resp.Status)
	}
}

// check runs the command and returns its lines, numbers and addresses left out, after the exit code is as wanted.
func (s stack) check(t *testing.T, env map[string]string, code int, args ...string) []string {
	t.Helper()
	all := s.env()
	maps.Copy(all, env)
	got := newCommand(all).run(deadline(t), append([]string{"check"}, args...)...).want(t, code)
	if text := got.stdout.String() + got.stderr.String(); strings.Contains(text, token) {
		t.Errorf("the token is printed:\n%s", text)
	}
	said := regexp.MustCompile(`(?m)^waiting: .*; attempt \d of 3 follows\n`).ReplaceAllString(got.stderr.String(), "")
	if code == exitOK && said != "" || code != exitOK && !regexp.MustCompile(`^headwater: \d+ of \d+ checks? failed\n$`).MatchString(said) {
		t.Errorf("stderr: %s", said)
	}
	text := strings.NewReplacer(s.API.URL(), "API", s.Broker.Addr(), "BROKER", s.Registry.URL(), "REGISTRY").Replace(got.stdout.String())
	var lines []string
	for line := range strings.Lines(text) {
		line = regexp.MustCompile(`\b\d+ in all|page of \d+|\b\d+ for the`).ReplaceAllStringFunc(line, func(s string) string {
			return regexp.MustCompile(`\d+`).ReplaceAllString(s, "#")
		})
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// wantLine wants one of the lines to be like a pattern.
func wantLine(t *testing.T, lines []string, pattern string) {
	t.Helper()
	if !slices.ContainsFunc(lines, regexp.MustCompile("^"+pattern+"$").MatchString) {
		t.Errorf("no line is like %s:\n%s", pattern, strings.Join(lines, "\n"))
	}
}

func status(lines []string, status string) (what []string) {
	for _, l := range lines {
		if words := strings.Fields(l); words[0] == status {
			what = append(what, words[1])
		}
	}
	return what
}

// traces is what a check could leave behind.
func (s stack) traces(t *testing.T) map[string]int64 {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	left := map[string]int64{}
	ends, err := admin.ListEndOffsets(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { left["records of "+o.Topic] += o.Offset })
	for _, topic := range s.topics(t) {
		left["topic "+topic] = 1
	}
	registry, err := sr.NewClient(sr.URLs(s.Registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	subjects, err := registry.Subjects(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range subjects {
		versions, err := registry.SubjectVersions(deadline(t), subject)
		if err != nil {
			t.Fatal(err)
		}
		left["subject "+subject] = int64(len(versions))
	}
	transactions, err := admin.ListTransactions(deadline(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tx := range transactions.Sorted() {
		left["transactional id "+tx.TxnID] = tx.ProducerID
	}
	return left
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	lines := s.check(t, nil, exitOK)
	if left := s.traces(t); len(left) > 0 {
		t.Fatalf("a check leaves behind %v", left)
	}
	want := []string{
		"ok configuration source intercom, topics intercom.*",
		"ok API Intercom answers and takes the credentials",
		"ok admins # in all", "ok tags # in all", "ok teams # in all", "ok segments # in all", "ok company_attributes # in all", "ok contact_attributes # in all",
		"skip companies not asked: only one may read it at a time, and a look would take a worker's place",
		"skip company_segments not asked: it is read with companies, which only one may read at a time: a look would take a worker's place",
		"ok contacts first page of #, # in all", "ok conversations first page of #, # in all", "ok conversation_parts # for the first record of conversations",
		"ok tickets first page of #, # in all", "ok activity_logs # in all",
		"ok Kafka BROKER answers: 1 broker",
		"ok rights this user may read and write the topics and use the transactional ids",
		"ok intercom._state will be created", "ok intercom._dead_letters will be created",
	}
	for _, r := range s.resources(t) {
		want = append(want, "ok intercom."+r+" will be created")
	}
	want = append(want, "ok schema registry REGISTRY answers: 0 of 13 subjects registered")
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if n := s.API.Stats().Scrolls.Opened; n != 0 {
		t.Errorf("%d scrolls were opened", n)
	}
	requests := 0
	for _, n := range s.API.Stats().Requests {
		requests += n
	}
	if requests > 13 { // one for the credentials, one a resource, one for the first parent's children
		t.Errorf("%d requests", requests)
	}

	s.once(t)
	before := s.traces(t)
	lines = s.check(t, nil, exitOK)
	wantLine(t, lines, `ok intercom\._state is there: 16 partitions`)
	wantLine(t, lines, `ok intercom\.tags is there: 3 partitions`)
	wantLine(t, lines, `ok state (\d+) of \d+ units done; last taken by \S+ at 20\d\d-\S+Z`)
	wantLine(t, lines, `ok schema registry REGISTRY answers: 13 of 13 subjects registered`)
	if diff := cmp.Diff(before, s.traces(t)); diff != "" {
		t.Errorf("a check leaves something behind:\n%s", diff)
	}
	t.Run("named", func(t *testing.T) {
		lines := s.check(t, nil, exitOK, "tickets", "companies")
		if got := strings.Join(status(lines, "ok"), " "); got != "configuration API tickets Kafka rights intercom._state intercom._dead_letters intercom.companies intercom.tickets state schema" {
			t.Errorf("ok are %s", got)
		}
	})
	t.Run("json", func(t *testing.T) {
		got := newCommand(s.env()).run(deadline(t), "check", "tags", "--json").want(t, exitOK)
		var doc struct{ Checks []finding }
		if err := json.Unmarshal([]byte(got.stdout.String()), &doc); err != nil || len(lines) == 0 {
			t.Fatalf("%s: %v", got.stdout, err)
		}
		if want := (finding{Status: "ok", Area: "resource", What: "tags", Detail: "15 in all"}); !slices.Contains(doc.Checks, want) {
			t.Errorf("%+v is not in %s", want, got.stdout)
		}
		if again := newCommand(s.env()).run(deadline(t), "check", "tags", "--json"); again.stdout.String() != got.stdout.String() {
			t.Errorf("twice the same, and\n%s%s", got.stdout, again.stdout)
		}
	})
}

// resources of the source, in its order.
func (s stack) resources(t *testing.T) []string {
	t.Helper()
	src, err := loadSource("intercom")
	if err != nil {
		t.Fatal(err)
	}
	return resourceNames(src)
}

// One thing that is wrong is one line with what to do; all else is looked at.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	away := gone(t)
	s := startStack(t)
	for name, c := range map[string]struct {
		env   map[string]string
		code  int
		fails string // what of the lines that begin with FAIL
		line  string
		skips int // companies, and what could not be asked
	}{
		"wrong token":   {map[string]string{"SOURCE_ACCESS_TOKEN": token + "x"}, exitEnvironment, "API", `FAIL API read the API: admins: GET API/admins: 401 unauthorized: Access Token Invalid → check the token, its permissions and SOURCE_BASE_URL`, 13},
		"api away":      {map[string]string{"SOURCE_BASE_URL": "http://" + away}, exitEnvironment, "API", `FAIL API reach the API: admins: GET http://` + away + `/admins: .*connection refused \(3 attempts\) → check SOURCE_BASE_URL and the network`, 13},
		"kafka away":    {map[string]string{"KAFKA_BROKERS": away}, exitEnvironment, "Kafka", `FAIL Kafka reach Kafka at ` + away + `: .*connection refused → check KAFKA_BROKERS.*`, 2},
		"registry away": {map[string]string{"SCHEMA_REGISTRY_URL": "http://u:" + token + "@" + away}, exitEnvironment, "schema", `FAIL schema registry list subjects: schema registry http://` + away + `: .*connection refused → check SCHEMA_REGISTRY_URL.*`, 1},
		"too few":       {map[string]string{"HEADWATER_REPLICATION": "3"}, exitEnvironment, "intercom._state intercom._dead_letters intercom.tags intercom.companies intercom.contacts", `FAIL intercom.tags create topic intercom.tags: INVALID_REPLICATION_FACTOR.* → the cluster has too few brokers for replication 3; set HEADWATER_REPLICATION`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"tags", "contacts", "companies"}
			if c.skips == 13 {
				args = nil
			}
			lines := s.check(t, c.env, c.code, args...)
			if got := strings.Join(status(lines, "FAIL"), " "); got != c.fails {
				t.Errorf("%s failed, not %s", got, c.fails)
			}
			wantLine(t, lines, c.line)
			if skipped := status(lines, "skip"); len(skipped) != c.skips {
				t.Errorf("%v were skipped, not %d", skipped, c.skips)
			}
			if c.fails != "schema" {
				wantLine(t, lines, "ok schema registry .*")
			}
			if c.fails != "API" {
				wantLine(t, lines, `ok contacts .*`)
			}
		})
	}
}

// A token that may not read one kind of record: that resource is named with the permission, and the exit code says that others work.
func TestCheckOfForbiddenResources(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.post(t, "fail?resource=tickets&status=403&n=1000&code=api_plan_restricted&message=Not+in+your+plan")
	s.post(t, "fail?resource=conversation_parts&status=401&n=1000&code=unauthorized")
	lines := s.check(t, nil, exitFailed)
	if got := strings.Join(status(lines, "FAIL"), " "); got != "conversation_parts tickets" {
		t.Errorf("%s failed", got)
	}
	wantLine(t, lines, `FAIL tickets POST API/tickets/search: 403 api_plan_restricted: Not in your plan → .*\(permission "Read tickets"\)`)
	wantLine(t, lines, `FAIL conversation_parts GET API/conversations/\d+: 401 unauthorized.* → .*\(permission "Read conversations"\)`)
	wantLine(t, lines, `ok contacts first page of #, # in all`)
	s.check(t, nil, exitFailed, "tickets", "tags")
	s.check(t, nil, exitEnvironment, "tickets") // nothing could be read
}

// Topics and subjects that somebody changed are found, and not mended.
func TestCheckOfTopicsAndSubjects(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	var forbidden atomic.Bool
	s.once(t, "tags")
	registry, err := sr.NewClient(sr.URLs(s.Registry.URL()))
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.SetCompatibility(deadline(t), sr.SetCompatibility{Level: sr.CompatNone}, "intercom.tags-value")[0].Err; err != nil {
		t.Fatal(err)
	}
	want := `warn intercom\.tags-value its compatibility level is NONE, no longer FULL_TRANSITIVE: a change that readers cannot follow would be let in → ` +
		`curl -X PUT -H 'Content-Type: application/json' -d '\{"compatibility":"FULL_TRANSITIVE"\}' REGISTRY/config/intercom\.tags-value`
	wantLine(t, s.check(t, nil, exitOK, "tags"), want) // it works as it is
	s.Registry.Fake().Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/config/intercom.tags-value" || r.Method != http.MethodGet || !forbidden.Load() {
			return false
		}
		http.Error(w, `{"error_code":40301,"message":"not yours"}`, http.StatusForbidden)
		return true
	})
	forbidden.Store(true)
	wantLine(t, s.check(t, nil, exitOK, "tags"), `warn intercom\.tags-value read compatibility level of .*: 403 .*not yours.*`) // run leaves it alone
	forbidden.Store(false)
	if err := s.Broker.Cluster().CreateTopic("intercom.teams", 3, map[string]string{"cleanup.policy": "delete"}); err != nil {
		t.Fatal(err)
	}
	lines := s.check(t, nil, exitEnvironment, "tags", "teams") // run would refuse all of it
	wantLine(t, lines, want)
	wantLine(t, lines, `ok teams # in all`)
	wantLine(t, lines, `ok intercom\.tags is there: 3 partitions`)
	wantLine(t, lines, `FAIL intercom\.teams its cleanup\.policy is "delete" and must be compact → kafka-configs\.sh .*--alter --topic intercom\.teams --add-config cleanup\.policy=compact`)
	if level := registry.Compatibility(deadline(t), "intercom.tags-value")[0].Level; level != sr.CompatNone {
		t.Errorf("the level was set to %v", level)
	}
}

// What another producer registered is looked at before run meets it.
func TestCheckOfForeignVersions(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	s.once(t, "tags", "teams")
	fake := s.Registry.Fake()
	register := func(subject, field string) {
		t.Helper()
		text := fmt.Sprintf(`{"type":"record","name":"Tags","namespace":"headwater.intercom","fields":[{"name":"id","type":"string"},%s]}`, field)
		if _, _, err := fake.RegisterSchema(subject, sr.Schema{Schema: text}); err != nil {
			t.Fatal(err)
		}
	}
	register("intercom.tags-value", `{"name":"theirs","type":["null","bytes"],"default":null}`)
	for _, line := range s.check(t, nil, exitOK, "tags") {
		if strings.Contains(line, "-value") {
			t.Errorf("a version that ours can live with: %s", line)
		}
	}
	register("intercom.tags-value", `{"name":"name","type":["null","long"],"default":null}`)
	const remedy = " → another producer registered it: take its version out of the subject, or give the topics another prefix"
	disagrees := `intercom\.tags-value from version 3 to ours, field name: type changed, long → string: neither can be read as the other` + remedy
	wantLine(t, s.check(t, nil, exitFailed, "tags", "teams"), "FAIL "+disagrees)
	if err := fake.SetCompat("intercom.tags-value", sr.CompatNone); err != nil {
		t.Fatal(err)
	}
	wantLine(t, s.check(t, nil, exitOK, "tags"), "warn "+disagrees)
	register("intercom.tags-value", `{"name":"must","type":"bytes"}`)
	wantLine(t, s.check(t, nil, exitFailed, "tags"), `FAIL intercom\.tags-value field at must: has the type "bytes", required, .*`+remedy)
}

// Mistakes of configuration are said as run says them, and nothing is asked.
func TestCheckOfMistakes(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	env := s.env()
	env["SOURCE_START_DATE"], env["HEADWATER_METRICS_ADDR"] = "soon", "x"
	want := newCommand(env).run(deadline(t), "run", "nothere").want(t, exitUsage).stderr.String()
	got := newCommand(env).run(deadline(t), "check", "nothere").want(t, exitUsage)
	if got.stderr.String() != want || got.stdout.String() != "" || len(lines(got.stderr)) != 3 {
		t.Errorf("got %s%s\nwant %s", got.stderr, got.stdout, want)
	}
	if n := len(s.API.Stats().Requests); n != 0 {
		t.Errorf("%d resources were asked for", n)
	}
}

// A worker goes on while it is checked: it keeps its lanes, and what changes arrives.
func TestCheckBesideAWorker(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	ctx, cancel := context.WithCancel(deadline(t))
	defer cancel()
	env := s.env()
	env["HEADWATER_SNAPSHOT_INTERVAL"], env["HEADWATER_POLL_INTERVAL"] = "20ms", "20ms"
	worker := newCommand(env)
	wait := worker.start(t, ctx, "run", "tags", "contacts", "companies")
	worker.stderr.wait(t, ctx, "reading Intercom")
	s.arrives(t, ctx, "tags")
	before := s.traces(t)
	for range 3 {
		wantLine(t, s.check(t, nil, exitOK), `ok state .*`)
	}
	after := s.traces(t)
	for name, id := range before {
		if strings.HasPrefix(name, "transactional id") && after[name] != id {
			t.Errorf("%s was taken: producer %d, was %d", name, after[name], id)
		}
	}
	s.arrives(t, ctx, "tags")
	cancel()
	wait()
	worker.want(t, exitOK)
	if text := worker.stderr.String(); strings.Contains(text, "taking the lanes again") || strings.Contains(text, "scroll is open") {
		t.Errorf("the worker was disturbed:\n%s", text)
	}
}

// arrives changes a record and waits until the change is in the topic.
func (s stack) arrives(t *testing.T, ctx context.Context, resource string) {
	t.Helper()
	made, err := s.API.Create(resource, 1)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Broker.Addr()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(producer.Names{Prefix: "intercom."}.Data(resource)), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%s does not arrive", made[0])
		}
		for _, r := range fetches.Records() {
			if string(r.Key) == made[0] {
				return
			}
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	resource := func(status string) finding { return finding{Status: status, Area: areaResource} }
	other := func(status string) finding { return finding{Status: status, Area: areaKafka} }
	for _, c := range []struct {
		all  []finding
		want int
	}{
		{[]finding{resource(statusOK), other(statusOK)}, exitOK},
		{[]finding{resource(statusWarn), resource(statusSkip), other(statusWarn)}, exitOK},
		{[]finding{resource(statusFail), resource(statusOK), other(statusOK)}, exitFailed},
		{[]finding{resource(statusFail), resource(statusSkip)}, exitFailed},
		{[]finding{resource(statusFail), resource(statusFail), other(statusOK)}, exitEnvironment},
		{[]finding{resource(statusOK), other(statusFail)}, exitEnvironment},
		{[]finding{resource(statusFail), resource(statusOK), other(statusFail)}, exitEnvironment},
	} {
		if got := exitCode(outcome(c.all)); got != c.want {
			t.Errorf("%+v: exit %d, not %d", c.all, got, c.want)
		}
	}
}
