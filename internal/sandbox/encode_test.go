package sandbox_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/headwater-stream/headwater/avro"
	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/internal/sandbox"
	"github.com/headwater-stream/headwater/producer"
	"github.com/headwater-stream/headwater/sources"
)

// TestEveryRecordIsEncodedInAWalk reads everything that the API holds, and encodes it in the way of a run and in the library's way: bytes,
// digests and outcomes are the same, with a schema and without. Once a schema is settled no record of any resource is left to the slow way.
func TestEveryRecordIsEncodedInAWalk(t *testing.T) {
	t.Parallel()
	stack, err := sandbox.Start(sandbox.StackConfig{API: sandbox.APIConfig{Size: 600}, APIAddr: "127.0.0.1:0", Broker: -1, Registry: sandbox.RegistryConfig{Addr: "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer stack.Close()
	text, err := sources.Open("intercom")
	if err != nil {
		t.Fatal(err)
	}
	src, err := extract.Load("intercom", text)
	if err != nil {
		t.Fatal(err)
	}
	client, err := extract.NewClient(src, map[string]string{"base_url": stack.API.URL(), "access_token": "any"}, extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	registry, err := avro.NewRegistry(avro.RegistryConfig{URL: stack.Registry.URL()})
	if err != nil {
		t.Fatal(err)
	}
	if len(src.Resources) != 13 {
		t.Errorf("%d resources", len(src.Resources))
	}
	for _, r := range src.Resources {
		sample, err := client.Sample(t.Context(), r, extract.SampleLimit{Records: 1e6, Pages: 1e4})
		if err != nil || len(sample.Pages) == 0 {
			t.Fatalf("%s: %d pages, %v", r.Name, len(sample.Pages), err)
		}
		var pages [][][]byte
		for _, page := range sample.Pages {
			var texts [][]byte
			for _, record := range page {
				texts = append(texts, record.JSON)
			}
			pages = append(pages, texts)
		}
		records := encodeBothWays(t, registry, producer.Declare(src, r), pages)
		t.Logf("%s: %d records", r.Name, records)
	}
}

// encodeBothWays encodes pages twice: while their schema comes about, and when it is settled.
func encodeBothWays(t *testing.T, registry avro.Registry, d avro.Declaration, pages [][][]byte) (records int) {
	t.Helper()
	compiled := avro.NewSubject(registry, d.Name, d, nil)
	plain := avro.NewPlain(d)
	d.Encoder = avro.Library
	library, slowPlain := avro.NewSubject(registry, d.Name, d, nil), avro.NewPlain(d)
	var settled int64
	for round := range 2 {
		for _, page := range pages {
			got, err := compiled.Encode(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			want, err := library.Encode(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			line, _ := plain.Encode(t.Context(), page)
			slowLine, _ := slowPlain.Encode(t.Context(), page)
			for i, w := range want {
				records++
				if g := got[i]; !bytes.Equal(g.Value, w.Value) || g.Digest != w.Digest || fmt.Sprint(g.Err, g.Path) != fmt.Sprint(w.Err, w.Path) {
					t.Fatalf("%s: %s\nby the walk    %x %x %v\nby the library %x %x %v", d.Name, page[i], g.Value, g.Digest, g.Err, w.Value, w.Digest, w.Err)
				}
				if !reflect.DeepEqual(line[i], slowLine[i]) || line[i].Digest != w.Digest {
					t.Fatalf("%s: %s\nplain: %+v, by the library %+v", d.Name, page[i], line[i], slowLine[i])
				}
				if w.Err != nil {
					t.Fatalf("%s: %s: %v", d.Name, page[i], w.Err)
				}
			}
		}
		if round == 0 {
			settled = compiled.Doubtful()
		}
	}
	if n := compiled.Doubtful() - settled; n > 0 {
		t.Errorf("%s: %d of %d records are left to the slow way", d.Name, n, records/2)
	}
	return records / 2
}
