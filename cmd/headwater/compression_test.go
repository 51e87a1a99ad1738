package main

import (
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Clients with the same options are made side by side, one for each lane and for each topic that is read. (The race detector judges.)
func TestClientsShareTheirOptions(t *testing.T) {
	t.Parallel()
	for name := range compressions {
		cfg := &Config{KafkaBrokers: []string{"127.0.0.1:1"}, Compression: name}
		opts, err := cfg.kafkaOptions()
		if err != nil {
			t.Fatal(err)
		}
		var made sync.WaitGroup
		for range 8 {
			made.Go(func() {
				client, err := kgo.NewClient(opts...)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				client.Close()
			})
		}
		made.Wait()
	}
}
