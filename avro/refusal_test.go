package avro

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

var refusalDeclaration = Declaration{Name: "n.R", Key: []string{"id"}}

// Another producer changed a type while the level let it; ours is refused then, and the error says why.
func TestRefusalNamesTheField(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	encodeAll(t, NewSubject(reg, "r-value", refusalDeclaration, nil), `{"id":"1","a":1}`)
	reg.versions = append(reg.versions, Registered{ID: 200, Version: 2, Schema: recordOf(textField)})
	s := NewSubject(reg, "r-value", refusalDeclaration, nil)
	_, err := s.Encode(context.Background(), [][]byte{[]byte(`{"id":"1","a":1}`)})
	var refused *RegistryError
	if !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Fatal(err)
	}
	const want = "from version 2 to ours, field a: type changed, string → long: neither can be read as the other → another producer registered"
	if !strings.HasPrefix(refused.Hint, "another producer registered") || !strings.Contains(err.Error(), "; "+want) {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "version 1") {
		t.Errorf("blames a version that agrees: %v", err)
	}
}

func TestManyDisagreementsAreOneLine(t *testing.T) {
	t.Parallel()
	var all []Registered
	for i := range 9 {
		all = append(all, Registered{Version: i + 1, Schema: recordOf(textField)})
	}
	got := disagreements(recordOf(nullableLong), all)
	if strings.Count(got, "field a") != maxReasons || !strings.HasSuffix(got, "; and 6 more") || strings.Contains(got, "\n") {
		t.Error(got)
	}
}

// What the registry tells when it is asked again is added, without whole schemas and without what it has told.
func TestRefusalIsAskedFor(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, answer, want string }{
		{"told", `{"is_compatible":false,"messages":["{errorType:'TYPE_MISMATCH', description:'at /fields/1'}","{oldSchemaVersion: 2}","{oldSchema: '{}'}"]}`,
			"is incompatible ({errorType:'TYPE_MISMATCH', description:'at /fields/1'} {oldSchemaVersion: 2}) → "},
		{"told before", `{"is_compatible":false,"messages":["is incompatible"]}`, "is incompatible → "},
		{"not told", `{"is_compatible":false}`, "is incompatible → "},
		{"no such endpoint", `nonsense`, "is incompatible → "},
		{"changed its mind", `{"is_compatible":true,"messages":["all is well"]}`, "is incompatible → "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			fake := srfake.New()
			defer fake.Close()
			asked := 0
			fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case r.Method != http.MethodPost:
					return false
				case r.URL.Path == "/compatibility/subjects/s/versions" && r.URL.Query().Get("verbose") == "true":
					asked++
					fmt.Fprint(w, test.answer)
				default:
					w.WriteHeader(http.StatusConflict)
					fmt.Fprint(w, `{"error_code":409,"message":"is incompatible"}`)
				}
				return true
			})
			_, err := newRegistry(t, RegistryConfig{URL: fake.URL()}).Register(t.Context(), "s", sample)
			var refused *RegistryError
			if !errors.As(err, &refused) || refused.Status != http.StatusConflict || refused.Code != 409 || asked != 1 {
				t.Fatalf("%v, asked %d times", err, asked)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nlacks %s", err, test.want)
			}
		})
	}
}

// A registry, or a subject, that takes nothing new says so at once, whatever was to be written.
func TestReadOnlyRegistry(t *testing.T) {
	t.Parallel()
	fake := srfake.New()
	defer fake.Close()
	requests := 0
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			return false
		}
		requests++
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"error_code":42205,"message":"Subject s is in read-only mode"}`)
		return true
	})
	reg := newRegistry(t, RegistryConfig{URL: fake.URL()})
	for _, versions := range []bool{false, true} {
		if versions { // the level is there already
			fake.SeedSchema("s", 1, 1, sr.Schema{Schema: `"string"`})
			if err := fake.SetCompat("s", sr.CompatFullTransitive); err != nil {
				t.Fatal(err)
			}
		}
		requests = 0
		_, err := reg.Register(t.Context(), "s", sample)
		var failed *RegistryError
		if !errors.As(err, &failed) || failed.Code != 42205 || !strings.Contains(err.Error(), "READONLY mode: set it to READWRITE") || requests != 1 {
			t.Errorf("%v after %d requests", err, requests)
		}
	}
}

func TestCheckVersions(t *testing.T) {
	t.Parallel()
	versions := func(texts ...string) (all []Registered) {
		for i, text := range texts {
			all = append(all, Registered{ID: i + 1, Version: i + 1, Schema: text})
		}
		return all
	}
	tests := []struct {
		name     string
		versions []Registered
		want     string
		unusable bool
	}{
		{"none", nil, "", false},
		{"one line", versions(recordOf(""), recordOf(nullableLong), recordOf("")), "", false},
		{"no record", versions(`"string"`), "version 1: schema is not an Avro record", true},
		{"cannot be written", versions(recordOf(`{"name":"b","type":"bytes"}`)), `field at b: has the type "bytes", required`, true},
		{"can, by its default", versions(recordOf(`{"name":"b","type":"bytes","default":"x"}`)), "", false},
		{"another type", versions(recordOf(nullableLong), recordOf(textField)), "from version 2 to ours, field a: type changed, string → long", false},
		{"a required field later", versions(recordOf(""), recordOf(`{"name":"a","type":"long"}`)), "from version 1 to ours, field a: added, long, required", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := CheckVersions(test.versions)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || errors.As(err, new(*Unusable)) != test.unusable {
				t.Errorf("%v", err)
			}
		})
	}
}

// Another producer registers a version of its own with what this program never writes. It is kept, filled with its defaults, and grown on.
func TestForeignVersionIsKept(t *testing.T) {
	t.Parallel()
	reg := &strictRegistry{}
	encodeAll(t, NewSubject(reg, "r-value", refusalDeclaration, nil), `{"id":"1","a":1}`)
	theirs := recordOf(nullableLong + `,{"name":"note","type":["null","string"],"default":null},
		{"name":"colour","type":{"type":"enum","name":"Colour","symbols":["RED","BLUE"],"default":"RED"},"default":"BLUE"},
		{"name":"other","type":["null","Colour"],"default":null},
		{"name":"labels","type":{"type":"map","values":"string"},"default":{"k":"v"}},
		{"name":"blob","type":"bytes","default":"\u00ff!"},
		{"name":"size","type":"long","default":7}`)
	if _, err := reg.Register(t.Context(), "r-value", theirs); err != nil {
		t.Fatal(err)
	}
	s := NewSubject(reg, "r-value", refusalDeclaration, nil)
	out := encodeAll(t, s, `{"id":"2","a":5,"note":"n","b":1.5}`)
	got, err := NewDecoder(reg).JSON(t.Context(), out[0].Value)
	if want := `{"id":"2","a":5,"b":1.5,"blob":"/yE=","colour":"BLUE","labels":{"k":"v"},"note":"n","size":7}`; err != nil || string(got) != want {
		t.Errorf("%s %v\nwant %s", got, err, want)
	}
	now, _ := s.Current()
	if len(reg.versions) != 3 || now.Version != 3 {
		t.Fatalf("%d versions, now %d", len(reg.versions), now.Version)
	}
	all, err := Diff(theirs, now.Schema)
	if err != nil || len(Breaking(all)) > 0 || !slices.ContainsFunc(all, func(d Difference) bool { return d.Field == "b" && d.Change == FieldAdded }) {
		t.Errorf("%v %v", all, err)
	}
	for _, d := range all {
		if d.Change == FieldRemoved {
			t.Errorf("lost: %v", d)
		}
	}
	checkReaders(t, reg)
}

// The registry asks for a certificate of the client, and is known by an authority that the system does not know.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(srfake.NewRegistry().Handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) //nolint:forbidigo // net/http asks for one
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	conf := &tls.Config{RootCAs: roots, Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
	if err := newRegistry(t, RegistryConfig{URL: server.URL, TLS: conf}).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	conf = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if err := newRegistry(t, RegistryConfig{URL: server.URL, TLS: conf}).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without one: %v", err)
	}
}
