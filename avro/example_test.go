package avro_test

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/headwater-stream/headwater/avro"
)

// A field that turns into another type keeps its own; the new values get a sibling.
func Example() {
	fake := srfake.New() // a schema registry in memory
	defer fake.Close()
	registry, err := avro.NewRegistry(avro.RegistryConfig{URL: fake.URL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer registry.Close()
	subject := avro.NewSubject(registry, "shop.orders-value", avro.Declaration{
		Name:    avro.RecordName("shop", "orders"),
		Key:     []string{"id"},
		Columns: []avro.Column{{Path: "**.*_at", Type: "timestamp"}},
	}, func(c avro.Change) { fmt.Printf("version %d %s: %s\n", c.Version, c.Field, c.What) })
	decoder := avro.NewDecoder(registry)
	for _, page := range [][][]byte{
		{[]byte(`{"id": 1, "amount": 12, "paid_at": 1719492734}`)},
		{[]byte(`{"id": 2, "amount": "12.50 EUR", "paid_at": null}`)},
	} {
		encoded, err := subject.Encode(context.Background(), page)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range encoded {
			line, err := decoder.JSON(context.Background(), e.Value)
			fmt.Println(string(line), err)
		}
	}
	// Output:
	// version 1 : registered
	// {"id":"1","id__long":1,"amount":12,"paid_at":"2024-06-27T12:52:14Z"} <nil>
	// version 2 amount: was long, now string → new field amount__string
	// {"id":"2","id__long":2,"amount__string":"12.50 EUR"} <nil>
}
