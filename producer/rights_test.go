package producer

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// rule allows an operation; a name that ends in * is a prefix.
func rule(on kmsg.ACLResourceType, name string, operations ...kmsg.ACLOperation) []kfake.ACL {
	pattern := kmsg.ACLResourcePatternTypeLiteral
	if short, ok := strings.CutSuffix(name, "*"); ok {
		name, pattern = short, kmsg.ACLResourcePatternTypePrefixed
	}
	var all []kfake.ACL
	for _, op := range operations {
		all = append(all, kfake.ACL{Resource: on, Name: name, Pattern: pattern, Operation: op, Allow: true})
	}
	return all
}

const (
	onTopic = kmsg.ACLResourceTypeTopic
	onTxn   = kmsg.ACLResourceTypeTransactionalId

	opCreate   = kmsg.ACLOperationCreate
	opDescribe = kmsg.ACLOperationDescribe
	opConfigs  = kmsg.ACLOperationDescribeConfigs
	opRead     = kmsg.ACLOperationRead
	opWrite    = kmsg.ACLOperationWrite
)

// everything is what the messages tell people to allow.
func everything() []kfake.ACL {
	return slices.Concat(rule(onTopic, "shop.*", opCreate, opDescribe, opConfigs, opRead, opWrite), rule(onTxn, "headwater-shop.*", opWrite))
}

// behind puts the world's workers behind an authorizer. admin may do everything.
func (w *world) behind(rules []kfake.ACL) (admin []kgo.Opt) {
	w.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", "admin", "admin"), kfake.User("PLAIN", "reader", "word", rules...))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(cluster.Close)
	w.kafka = cluster
	as := func(user, password string) []kgo.Opt {
		return []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DisableClientMetrics(), kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism())}
	}
	w.seeds = as("reader", "word")
	return as("admin", "admin")
}

func (w *world) rights(resources ...string) Rights {
	w.Helper()
	r, err := w.newWorker(only(resources...)).Rights(w.context())
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func TestRights(t *testing.T) {
	lanes := func(ids ...string) (all []kfake.ACL) {
		for _, id := range ids {
			all = append(all, rule(onTxn, "headwater-shop.-"+id, opWrite)...)
		}
		return all
	}
	for name, c := range map[string]struct {
		rules []kfake.ACL
		want  string
	}{
		"all":           {everything(), ""},
		"nothing":       {nil, "Read on topics shop.*; Write on transactional ids headwater-shop.*; DescribeConfigs on topics shop.*"},
		"no Read":       {slices.Concat(rule(onTopic, "shop.*", opDescribe, opConfigs, opWrite), rule(onTopic, "shop._*", opRead), rule(onTxn, "headwater-shop.*", opWrite)), "Read on topics shop.things"},
		"no Write":      {slices.Concat(rule(onTopic, "shop.*", opConfigs, opRead), rule(onTopic, "shop.things", opWrite), rule(onTxn, "headwater-shop.*", opWrite)), "Write on topics shop._state, shop._dead_letters"},
		"no configs":    {slices.Concat(rule(onTopic, "shop.*", opRead, opWrite), rule(onTxn, "headwater-shop.*", opWrite)), "DescribeConfigs on topics shop.*"},
		"another's ids": {slices.Concat(rule(onTopic, "shop.*", opConfigs, opRead, opWrite), rule(onTxn, "headwater-crm.*", opWrite)), "Write on transactional ids headwater-shop.*"},
		"two ids less":  {slices.Concat(rule(onTopic, "shop.*", opConfigs, opRead), lanes("0", "1", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14")), "Write on transactional ids headwater-shop.-2, headwater-shop.-15; Write on topics shop.*"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			admin := w.behind(c.rules)
			check := func(when string) {
				if got := w.rights("things"); got.NoAuthorizer || strings.Join(got.Missing, "; ") != c.want {
					t.Errorf("%s: got %q, want %q", when, strings.Join(got.Missing, "; "), c.want)
				}
			}
			check("no topics")
			client, err := kgo.NewClient(admin...)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if made, err := kadm.NewClient(client).ListTopics(w.context()); err != nil || len(made) > 0 {
				t.Fatalf("topics are left behind: %v %v", made.Names(), err)
			}
			if _, err := kadm.NewClient(client).CreateTopics(w.context(), 1, 1, nil, "shop._state", "shop._dead_letters", "shop.things"); err != nil {
				t.Fatal(err)
			}
			check("topics are there")
			if open, err := kadm.NewClient(client).ListTransactions(w.context(), nil, nil); err != nil || len(open.Sorted()) > 0 {
				t.Errorf("transactional ids are left behind: %v %v", open.Sorted(), err)
			}
			ends, err := kadm.NewClient(client).ListEndOffsets(w.context(), "shop._state", "shop._dead_letters", "shop.things")
			ends.Each(func(o kadm.ListedOffset) {
				if o.Offset != 0 {
					t.Errorf("%s has %d records", o.Topic, o.Offset)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What the messages tell people to allow is enough, and what Rights finds missing is.
func TestWorkerNeedsNoMoreRights(t *testing.T) {
	w := newWorld(t)
	w.behind(everything())
	w.api.put("things", "a", "1")
	w.once(only("things"))
	w.wantNews("things", "r 1")
}

// A run that lacks a right says which.
func TestRunWithoutDescribeConfigs(t *testing.T) {
	w := newWorld(t)
	w.behind(slices.Concat(rule(onTopic, "shop.*", opCreate, opRead, opWrite), rule(onTxn, "headwater-shop.*", opWrite)))
	err := w.try(only("things"))
	if err == nil || !strings.Contains(err.Error(), "→ allow this user DescribeConfigs on topics of the prefix") {
		t.Errorf("got %v", err)
	}
}

func TestBrokersWithoutAuthorizer(t *testing.T) {
	w := newWorld(t)
	if got := w.rights("things"); got.NoAuthorizer || len(got.Missing) > 0 {
		t.Errorf("%+v", got)
	}
	w.kafka.ControlKey(int16(kmsg.DescribeACLs), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
		resp.ErrorCode = kerr.SecurityDisabled.Code
		return resp, nil, true
	})
	if got := w.rights("things"); !got.NoAuthorizer || len(got.Missing) > 0 {
		t.Errorf("%+v", got)
	}
}

// A worker in the middle of its transaction is not disturbed: it commits, and with the id that it had.
func TestRightsDisturbNobody(t *testing.T) {
	w := newWorld(t)
	w.api.put("things", "a", "1")
	w.once(only("things"))
	client, err := kgo.NewClient(append(slices.Clone(w.seeds), kgo.TransactionalID(w.names.TransactionalID(0)), kgo.DefaultProduceTopic("shop.things"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(w.context(), kgo.StringRecord("x")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	worker := w.newWorker(only("things"))
	if _, err := worker.Rights(w.context()); err != nil {
		t.Fatal(err)
	}
	found, err := worker.Inspect(w.context())
	if err != nil || found.State.Err != nil {
		t.Fatalf("%+v %v", found, err)
	}
	if err := client.ProduceSync(w.context(), kgo.StringRecord("y")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(w.context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
}
