package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"
)

// One row for every variable: what it is if not set, a value that is taken, and one that is refused with the reason.
var variableRows = []struct {
	name         string
	unset        string
	valid        string
	parsed       string
	invalid, why string
}{
	{"HEADWATER_SOURCE", "intercom", "./mine.yaml", "./mine.yaml", "", ""}, // looked up when it is loaded
	{"HEADWATER_TOPIC_PREFIX", "", "crm.", "crm.", "", ""},                 // checked with the topics
	{"HEADWATER_VALUE_FORMAT", "avro", "json", "json", "xml", "must be avro or json"},
	{"HEADWATER_ENCODER", "compiled", "library", "library", "fast", "must be compiled or library"},
	{"HEADWATER_PARTITIONS", "-1", "12", "12", "0", "must be at least 1, or -1 for the broker's default"},
	{"HEADWATER_REPLICATION", "-1", "3", "3", "three", "want a whole number"},
	{"HEADWATER_COMPRESSION", "none", "zstd", "zstd", "brotli", "must be none, snappy, lz4, zstd or gzip"},
	{"HEADWATER_POLL_INTERVAL", "30s", "1m", "1m0s", "soon", "want a duration such as 30s or 15m"},
	{"HEADWATER_SNAPSHOT_INTERVAL", "15m0s", "0s", "0s", "-1m0s", "must not be negative"},
	{"HEADWATER_CONCURRENCY", "8", "1000", "1000", "1001", "must be from 1 to 1000"},
	{"HEADWATER_LOG_FORMAT", "", "json", "json", "xml", "must be text or json"},
	{"HEADWATER_LOG_LEVEL", "info", "debug", "debug", "loud", "must be debug, info, warn or error"},
	{"HEADWATER_GROUP", "", "workers", "workers", "", ""},
	{"HEADWATER_METRICS_ADDR", "127.0.0.1:9464", "off", "off", "localhost", "want host:port, or a port alone, such as 127.0.0.1:9464, or off"},
	{"KAFKA_BROKERS", "[127.0.0.1:9092]", "a:1, b,[::1]:9092", "[a:1 b [::1]:9092]", "http://a:9092", "want host:port, and commas between several, such as 127.0.0.1:9092"},
	{"KAFKA_TLS_ENABLED", "false", "1", "true", "yes please", "want true or false"},
	{"KAFKA_TLS_CA_FILE", "", "", "", "", ""}, // the files: TestSecurity
	{"KAFKA_TLS_CERT_FILE", "", "", "", "", ""},
	{"KAFKA_TLS_KEY_FILE", "", "", "", "", ""},
	{"KAFKA_SASL_MECHANISM", "", "", "", "GSSAPI", "must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"},
	{"KAFKA_SASL_USERNAME", "", "", "", "", ""}, // combinations: TestSecurity
	{"KAFKA_SASL_PASSWORD", "", "", "", "", ""},
	{"SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081", "https://r/apis/ccompat/v7", "https://r/apis/ccompat/v7", "", ""},
	{"SCHEMA_REGISTRY_USERNAME", "", "u", "u", "", ""},
	{"SCHEMA_REGISTRY_PASSWORD", "", "", "", "", ""},
	{"SCHEMA_REGISTRY_BEARER_TOKEN", "", "", "", "", ""},
	{"SCHEMA_REGISTRY_TLS_CA_FILE", "", "ca.pem", "ca.pem", "", ""},
	{"SCHEMA_REGISTRY_TLS_CERT_FILE", "", "", "", "", ""},
	{"SCHEMA_REGISTRY_TLS_KEY_FILE", "", "", "", "", ""},
}

func load(env map[string]string) (*Config, []string, error) {
	var environ []string
	for name, v := range env {
		environ = append(environ, name+"="+v)
	}
	slices.Sort(environ)
	return loadConfig(envconfig.MapLookuper(env), environ)
}

func TestVariables(t *testing.T) {
	t.Parallel()
	for i, v := range variableRows {
		field := reflect.TypeFor[Config]().Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != v.name {
			t.Fatalf("row %d is %s, but the field is %s", i, v.name, name)
		}
		if field.Tag.Get("usage") == "" || field.Tag.Get("example") == "" {
			t.Errorf("%s does not say what it is", v.name)
		}
		if v.invalid != "" { // what people are told to write is taken
			if _, _, err := load(map[string]string{"KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "p", "KAFKA_SASL_MECHANISM": "PLAIN", v.name: field.Tag.Get("example")}); err != nil {
				t.Errorf("the example of %s: %v", v.name, err)
			}
		}
		got := func(env map[string]string) string {
			cfg, warnings, err := load(env)
			if err != nil || warnings != nil {
				t.Errorf("%v: %v %v", env, warnings, err)
			}
			return fmt.Sprint(reflect.ValueOf(cfg).Elem().Field(i).Interface())
		}
		if s := got(nil); s != v.unset {
			t.Errorf("%s is %q by default, not %q", v.name, s, v.unset)
		}
		if s := got(map[string]string{v.name: ""}); s != v.unset {
			t.Errorf("%s: an empty value counts as %q", v.name, s)
		}
		if v.valid != "" {
			if s := got(map[string]string{v.name: v.valid}); s != v.parsed {
				t.Errorf("%s=%s is read as %q, not %q", v.name, v.valid, s, v.parsed)
			}
		}
		if v.invalid != "" {
			_, _, err := load(map[string]string{v.name: v.invalid})
			if want := v.name + `="` + v.invalid + `": ` + v.why; err == nil || err.Error() != want {
				t.Errorf("got %v\nnot %s", err, want)
			}
		}
	}
	if n := reflect.TypeFor[Config]().NumField(); n != len(variableRows) {
		t.Errorf("%d variables, %d rows", n, len(variableRows))
	}
}

// Every mistake is a line that names its variable; a value that was refused makes no second mistake.
func TestEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SOURCE_START_DATE": "soon", "SOURCE_BASE_URL": "nope", "SCHEMA_REGISTRY_URL": "nope", "KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": "/no/such/file"}
	want := []string{"SOURCE_ACCESS_TOKEN is not set", `"nothere" is not in source`, `SOURCE_START_DATE: want a time`, `SOURCE_BASE_URL: want a URL`,
		`SCHEMA_REGISTRY_URL="nope"`, `KAFKA_TLS_CA_FILE="/no/such/file": no such file or directory → give the path`}
	for _, v := range variableRows {
		if v.invalid != "" && v.name != "KAFKA_TLS_ENABLED" {
			env[v.name] = v.invalid
			want = append(want, v.name+`="`+v.invalid+`": `+v.why)
		}
	}
	got := newCommand(env).run(t.Context(), "run", "nothere").want(t, exitUsage)
	for _, w := range want {
		if n := strings.Count(got.stderr.String(), w); n != 1 {
			t.Errorf("%s is said %d times", w, n)
		}
	}
	if all := lines(got.stderr); len(all) != len(want) {
		t.Errorf("%d lines, not %d:\n%s", len(all), len(want), got.stderr)
	}
	for _, l := range lines(got.stderr) {
		if !strings.HasPrefix(l, "headwater: ") {
			t.Errorf("line %q", l)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	got := newCommand(map[string]string{
		"HEADWATER_POLL_INTERVALL": "1s", "HEADWATER_COLOUR": "red", "KAFKA_BROKER": "a:1", "KAFKA_OPTS": "-x", "SOURCE_START_DAT": "2026-01-01",
		"SOURCE_OTHER": "x", "KAFKA_SASL_USERNAME_FILE": "u", "SCHEMA_REGISTRY_UR": "http://r", "SCHEMA_REGISTRY_HOST_NAME": "r", "PATH": "/bin", "SOURCE_ACCESS_TOKEN_FILE": os.DevNull, "KAFKA_SASL_PASSWORD_FILE": "",
	}).run(t.Context(), "run").want(t, exitUsage)
	want := []string{
		"warning: HEADWATER_COLOUR is set but nothing reads it: headwater config lists what there is",
		"warning: HEADWATER_POLL_INTERVALL is set but nothing reads it (did you mean HEADWATER_POLL_INTERVAL?)",
		"warning: KAFKA_BROKER is set but nothing reads it (did you mean KAFKA_BROKERS?)",
		"warning: KAFKA_SASL_USERNAME_FILE is set but nothing reads it: only secrets are read from files; set KAFKA_SASL_USERNAME",
		"warning: SCHEMA_REGISTRY_UR is set but nothing reads it (did you mean SCHEMA_REGISTRY_URL?)",
		"warning: SOURCE_OTHER is set but source intercom has no such setting: headwater config lists what there is",
		"warning: SOURCE_START_DAT is set but nothing reads it (did you mean SOURCE_START_DATE?)",
		`headwater: SOURCE_ACCESS_TOKEN_FILE="` + os.DevNull + `": the file is empty → write the secret into it, or set SOURCE_ACCESS_TOKEN`,
	}
	if diff := cmp.Diff(want, lines(got.stderr)); diff != "" {
		t.Error(diff)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	full, empty, missing := write("full", "\n  from the file \n"), write("empty", " \n"), filepath.Join(dir, "missing")
	for _, name := range []string{"KAFKA_SASL_PASSWORD", "SCHEMA_REGISTRY_PASSWORD", "SCHEMA_REGISTRY_BEARER_TOKEN", "SOURCE_ACCESS_TOKEN"} {
		for _, c := range []struct{ direct, file, want, wrong string }{
			{direct: "direct", want: "direct"},
			{file: full, want: "from the file"},
			{direct: "direct", file: full, want: "direct"},
			{direct: "direct", file: missing, want: "direct"},
			{direct: "", file: full, want: "from the file"},
			{file: empty, wrong: name + `_FILE="` + empty + `": the file is empty → write the secret into it, or set ` + name},
			{file: missing, wrong: name + `_FILE="` + missing + `": no such file or directory → give the path of a file that this user may read`},
			{},
		} {
			env := envconfig.MapLookuper(map[string]string{name: c.direct, name + "_FILE": c.file})
			if got, ok := (fileLookuper{env}).Lookup(name); got != c.want || ok != (c.want != "") {
				t.Errorf("%s with %+v is %q, %v", name, c, got, ok)
			}
			err := fileLookuper{env}.check(name)
			if (err == nil) != (c.wrong == "") || err != nil && err.Error() != c.wrong {
				t.Errorf("%s with %+v: %v", name, c, err)
			}
		}
	}
	// In the place where they are used: an empty secret is a missing one, a file that cannot be used is a mistake.
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"SOURCE_ACCESS_TOKEN": ""}, "headwater: SOURCE_ACCESS_TOKEN is not set → set it, or SOURCE_ACCESS_TOKEN_FILE to a file that holds it. Access token of"},
		{map[string]string{"SOURCE_ACCESS_TOKEN_FILE": missing}, `headwater: SOURCE_ACCESS_TOKEN_FILE="` + missing + `": no such file or directory → `},
		{map[string]string{"SOURCE_ACCESS_TOKEN": "a\tb"}, "headwater: SOURCE_ACCESS_TOKEN: holds a control character: check how it was copied"},
		{map[string]string{"SOURCE_ACCESS_TOKEN": "x", "KAFKA_SASL_PASSWORD_FILE": missing}, `headwater: KAFKA_SASL_PASSWORD_FILE="` + missing + `": no such file or directory → `},
		{map[string]string{"SOURCE_ACCESS_TOKEN": "x", "SCHEMA_REGISTRY_PASSWORD_FILE": empty}, "headwater: SCHEMA_REGISTRY_PASSWORD_FILE="},
	} {
		got := newCommand(c.env).run(t.Context(), "run").want(t, exitUsage)
		if all := lines(got.stderr); len(all) != 1 || !strings.HasPrefix(all[0], c.want) {
			t.Errorf("%v: %s", c.env, got.stderr)
		}
	}
}

func TestSecurity(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for _, c := range []struct{ env, want string }{
		{"KAFKA_TLS_ENABLED=true", ""},
		{"KAFKA_TLS_ENABLED=true KAFKA_TLS_CA_FILE=a KAFKA_TLS_CERT_FILE=b KAFKA_TLS_KEY_FILE=c", ""},
		{"KAFKA_TLS_CA_FILE=a", `KAFKA_TLS_CA_FILE="a": is read only with TLS; set KAFKA_TLS_ENABLED to true, or unset it`},
		{"KAFKA_TLS_ENABLED=true KAFKA_TLS_CERT_FILE=b", `KAFKA_TLS_CERT_FILE="b": needs KAFKA_TLS_KEY_FILE: set both`},
		{"SCHEMA_REGISTRY_TLS_KEY_FILE=b", `SCHEMA_REGISTRY_TLS_KEY_FILE="b": needs SCHEMA_REGISTRY_TLS_CERT_FILE: set both`},
		{"KAFKA_SASL_MECHANISM=PLAIN KAFKA_SASL_USERNAME=u KAFKA_SASL_PASSWORD=" + secret, ""},
		{"KAFKA_SASL_MECHANISM=SCRAM-SHA-256 KAFKA_SASL_USERNAME=u KAFKA_SASL_PASSWORD=" + secret, ""},
		{"KAFKA_SASL_MECHANISM=SCRAM-SHA-512 KAFKA_SASL_USERNAME=u KAFKA_SASL_PASSWORD=" + secret, ""},
		{"KAFKA_SASL_MECHANISM=OAUTHBEARER KAFKA_SASL_PASSWORD=" + secret, ""},
		{"KAFKA_SASL_MECHANISM=SCRAM-SHA-512 KAFKA_SASL_USERNAME=u", `KAFKA_SASL_MECHANISM="SCRAM-SHA-512": needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`},
		{"KAFKA_SASL_MECHANISM=PLAIN KAFKA_SASL_PASSWORD=" + secret, `KAFKA_SASL_MECHANISM="PLAIN": needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`},
		{"KAFKA_SASL_MECHANISM=OAUTHBEARER KAFKA_SASL_USERNAME=u", `KAFKA_SASL_MECHANISM="OAUTHBEARER": needs the token in KAFKA_SASL_PASSWORD`},
		{"KAFKA_SASL_USERNAME=u KAFKA_SASL_PASSWORD=" + secret, "KAFKA_SASL_MECHANISM is not set: set it to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"},
		{"SCHEMA_REGISTRY_PASSWORD=" + secret, "SCHEMA_REGISTRY_USERNAME is not set but SCHEMA_REGISTRY_PASSWORD is: set both"},
		{"SCHEMA_REGISTRY_USERNAME=u SCHEMA_REGISTRY_PASSWORD=" + secret, ""},
		{"SCHEMA_REGISTRY_BEARER_TOKEN=" + secret, ""},
		{"SCHEMA_REGISTRY_BEARER_TOKEN=" + secret + "\x00", "SCHEMA_REGISTRY_BEARER_TOKEN holds a space, a line break or another character that no token has: set it to the token alone"},
		{"SCHEMA_REGISTRY_USERNAME=u SCHEMA_REGISTRY_PASSWORD=p SCHEMA_REGISTRY_BEARER_TOKEN=" + secret, "SCHEMA_REGISTRY_BEARER_TOKEN and SCHEMA_REGISTRY_USERNAME are two ways to log in: set one"},
		{"SCHEMA_REGISTRY_URL=http://u:p@h:1 SCHEMA_REGISTRY_BEARER_TOKEN=" + secret, "SCHEMA_REGISTRY_BEARER_TOKEN is set and SCHEMA_REGISTRY_URL holds a user: set one"},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			name, v, _ := strings.Cut(pair, "=")
			env[name] = v
		}
		cfg, _, err := load(env)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v", c.env, err)
		}
		if err == nil && (cfg.saslMechanism() == nil) != (cfg.SASLMechanism == "") {
			t.Errorf("%s: mechanism %v", c.env, cfg.saslMechanism())
		}
		if err == nil && cfg.SASLMechanism != "" && cfg.saslMechanism().Name() != cfg.SASLMechanism {
			t.Errorf("%s: mechanism %s", c.env, cfg.saslMechanism().Name())
		}
	}
}

// Files of certificates that cannot be used are mistakes, by their variable.
func TestCertificates(t *testing.T) {
	t.Parallel()
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"KAFKA_TLS", "SCHEMA_REGISTRY_TLS"} {
		base := map[string]string{"SOURCE_ACCESS_TOKEN": "x"}
		if prefix == "KAFKA_TLS" {
			base["KAFKA_TLS_ENABLED"] = "true"
		}
		for want, more := range map[string][]string{
			prefix + `_CA_FILE="` + junk + `": no certificate in PEM form in it`:                              {prefix + "_CA_FILE"},
			prefix + `_CERT_FILE="` + junk + `", ` + prefix + `_KEY_FILE="` + junk + `": tls: failed to find`: {prefix + "_CERT_FILE", prefix + "_KEY_FILE"},
		} {
			env := map[string]string{}
			for k, v := range base {
				env[k] = v
			}
			for _, name := range more {
				env[name] = junk
			}
			for _, args := range [][]string{{"run"}, {"cat", "tags"}} {
				got := newCommand(env).run(t.Context(), args...).want(t, exitUsage)
				if all := lines(got.stderr); len(all) != 1 || !strings.HasPrefix(all[0], "headwater: "+want) {
					t.Errorf("%v: %s", args, got.stderr)
				}
			}
		}
	}
}
