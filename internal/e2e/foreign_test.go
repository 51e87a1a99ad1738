package e2e

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/headwater-stream/headwater/internal/sandbox"
)

// foreign registers a version as another producer does, whatever the subject's level is, and leaves the level as run had set it.
func (w *world) foreign(subject, text string) {
	w.t.Helper()
	client := w.registryClient()
	level := func(l sr.CompatibilityLevel) {
		if err := client.SetCompatibility(w.t.Context(), sr.SetCompatibility{Level: l}, subject)[0].Err; err != nil {
			w.t.Fatal(err)
		}
	}
	level(sr.CompatNone)
	w.register(subject, text)
	level(sr.CompatFullTransitive)
}

func (w *world) register(subject, text string) (id int) {
	w.t.Helper()
	id, err := w.registryClient().RegisterSchema(w.t.Context(), subject, sr.Schema{Schema: text}, -1, -1)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) registryClient() *sr.Client {
	w.t.Helper()
	client, err := sr.NewClient(sr.URLs(w.registry), sr.HTTPClient(w.http))
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// latestText is a resource's newest schema as it is registered.
func (w *world) latestText(resource string) string {
	w.t.Helper()
	var latest struct{ Schema string }
	w.get(w.registry+"/subjects/"+w.topic(resource)+"-value/versions/latest", &latest)
	return latest.Schema
}

// withField adds fields to a record's schema.
func withField(t *testing.T, text string, fields ...string) string {
	t.Helper()
	end := strings.LastIndex(text, "]")
	if end < 0 {
		t.Fatalf("no record: %s", text)
	}
	return text[:end] + "," + strings.Join(fields, ",") + text[end:]
}

// Another producer has registered a version of its own: it is kept, records are filled with its defaults, and the schema grows on.
func TestForeignVersionIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 141, Size: 20})
		w.once("tags")
		w.foreign(w.topic("tags")+"-value", withField(t, w.latestText("tags"),
			`{"name":"note","type":["null","string"],"default":null}`,
			`{"name":"colour","type":{"type":"enum","name":"Colour","symbols":["RED","BLUE"]},"default":"BLUE"}`,
			`{"name":"labels","type":["null",{"type":"map","values":"string"}],"default":null}`,
			`{"name":"blob","type":"bytes","default":"\u00ff"}`))
		w.says(w.checks(0, nil, "tags"), "ok schema registry .*1 of 1 subject registered")
		key := w.edit("change", "tags", "n=1")[0]
		w.set("tags", key, "news", "1")
		w.once("tags")
		lines := w.prints("cat", "tags", "--key", key, "--last")
		if len(lines) != 1 || !strings.Contains(lines[0], `"blob":"/w==","colour":"BLUE"`) || !strings.Contains(lines[0], `"news":1`) {
			t.Errorf("%q", lines)
		}
		if n := len(w.versions("tags")); n != 3 {
			t.Errorf("%d versions", n)
		}
		if text := strings.Join(w.prints("schema", "diff", "tags"), "\n"); !strings.Contains(text, "version 2 → version 3: ") || strings.Contains(text, "removed") || strings.Contains(text, "BREAKING") {
			t.Error(text)
		}
	})
}

// Another producer has changed a type while the level let it. The registry refuses what run registers then; check says so before, and both
// name the field.
func TestForeignVersionIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realServers(t), sandbox.APIConfig{Seed: 142, Size: 20})
	w.once("tags", "teams")
	text := w.latestText("tags")
	changed := regexp.MustCompile(`\{"name":"name","type":\["null","string"\]`).ReplaceAllString(text, `{"name":"name","type":["null","long"]`)
	if changed == text {
		t.Fatalf("%s has no name that is a string", text)
	}
	w.foreign(w.topic("tags")+"-value", changed)
	const disagrees = "from version 2 to ours, field name: type changed, long → string: neither can be read as the other"
	w.says(w.checks(1, nil, "tags", "teams"), "FAIL "+regexp.QuoteMeta(w.topic("tags"))+"-value "+disagrees+" → another producer registered it: .*", "ok teams .*")
	key := w.edit("change", "tags", "n=1")[0]
	w.set("tags", key, "news", "1")
	p := w.start("run", "tags", "teams", "--once")
	p.ends(1, once)
	said := p.stderr.String()
	if !strings.Contains(said, "409 Conflict") || !strings.Contains(said, disagrees+" → another producer registered what ours cannot agree with") {
		t.Errorf("%s", said)
	}
	if n := len(w.versions("tags")); n != 2 {
		t.Errorf("%d versions", n)
	}
	p = w.start("schema", "diff", "tags")
	p.ends(1, 30*time.Second)
	if text := p.stdout.String(); !strings.Contains(text, "BREAKING") || !strings.Contains(text, "string") {
		t.Error(text)
	}
}

// cat shows any topic of the prefix: framed Avro of whoever wrote it, JSON as it is, tombstones, and what cannot be decoded with its reason.
func TestCatOfAnyTopic(t *testing.T) {
	onBoth(t, func(t *testing.T, s servers) {
		w := newWorld(t, s, sandbox.APIConfig{Seed: 143, Size: 10})
		topic := w.topic("theirs")
		client := w.kafka(t)
		defer client.Close()
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
		const text = `{"type":"record","name":"T","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"m","type":{"type":"map","values":"long"}}]}`
		id := w.register(topic+"-value", text)
		body, err := avro.MustParse(text).AppendEncode(nil, map[string]any{"at": time.UnixMilli(1795490422125), "e": "B", "m": map[string]any{"x": int64(1) << 60}})
		if err != nil {
			t.Fatal(err)
		}
		framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), body...)
		unknown := append([]byte{0, 0x7f, 0xff, 0xff, 0xff}, body...)
		written := time.UnixMilli(1795490423000)
		for _, r := range []struct {
			key   string
			value []byte
		}{{"a", framed}, {"b", []byte("{\"x\": 1e400, \"<\":[null,\"\xff\"]}")}, {"c", framed[:8]}, {"a", nil}, {"d", []byte("words")}, {"e", unknown}, {"b", framed}, {"", []byte(`"s"`)}} {
			record := &kgo.Record{Topic: topic, Key: []byte(r.key), Value: r.value, Timestamp: written, Headers: []kgo.RecordHeader{{Key: "ts", Value: []byte("1795490422000")}}}
			if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		const ts, value = `"ts":"2026-11-24T03:20:22Z"`, `{"at":"2026-11-24T03:20:22.125Z","e":"B","m":{"x":1152921504606846976}}`
		all := []string{`{"key":"a",` + ts + `,"value":` + value + `}`, `{"key":"b",` + ts + `,"value":{"x":1e400,"<":[null,"�"]}}`,
			`{"key":"c",` + ts + `,"error":"` + topic + ` partition 0 offset 2: decode value by schema .*"}`, `{"key":"a",` + ts + `,"value":null}`,
			`{"key":"d",` + ts + `,"error":".* offset 4: the value is neither framed Avro nor JSON"}`, `{"key":"e",` + ts + `,"error":".* offset 5: read schema 2147483647: .*404.*"}`,
			`{"key":"b",` + ts + `,"value":` + value + `}`, `{"key":"",` + ts + `,"value":"s"}`}
		cat := func(code int, want []string, args ...string) {
			t.Helper()
			p := w.start(append([]string{"cat", topic}, args...)...)
			p.ends(code, 30*time.Second)
			got := p.stdout.lines()
			if len(got) != len(want) {
				t.Fatalf("cat %v prints\n%s", args, p.stdout)
			}
			for i, line := range got {
				if line != want[i] && !regexp.MustCompile("^"+want[i]+"$").MatchString(line) || !json.Valid([]byte(line)) {
					t.Errorf("cat %v prints %s\nnot %s", args, line, want[i])
				}
			}
			if said := p.stderr.String(); (said == "") != (code == 0) || code == 1 && !regexp.MustCompile(`^headwater: \d of \d records? cannot be decoded: see their "error"\n$`).MatchString(said) {
				t.Errorf("cat %v says %s", args, said)
			}
		}
		cat(1, all)
		cat(0, all[:2], "-n", "2")
		cat(0, []string{all[0], all[3]}, "--key", "a")
		cat(0, []string{all[7]}, "--key", "")
		cat(1, []string{all[2], all[3], all[4], all[5], all[6], all[7]}, "--last")
		cat(0, []string{all[6]}, "--last", "--key", "b", "-n", "1")
		cat(0, []string{`{"partition":0,"offset":3,"time":"2026-11-24T03:20:23Z","key":"a",` + ts + `,"value":null}`}, "-v", "--last", "--key", "a")
		endsQuietly(t, w, topic)
	})
}

// endsQuietly: whoever reads cat's output may stop, as head does.
func endsQuietly(t *testing.T, w *world, topic string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", program(t)+` cat "$TOPIC" | true`)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TOPIC=" + topic}
	for name, v := range w.env(nil) {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(slices.DeleteFunc(out, func(b byte) bool { return b == '\n' })) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
