// Package realstack starts a real Apache Kafka and a real schema registry (Apicurio Registry) on this machine.
//
// The end-to-end suite needs servers that this project did not write: embedded stand-ins accept things that Kafka
// refuses, and forget things that Kafka keeps. Both servers are Java programs that need no installation and no
// container engine: they are fetched with Maven once, kept in a cache and run as children of the test process.
//
//	software, err := realstack.Fetch(ctx, realstack.DefaultCache(), os.Stderr)
//	kafka, err := realstack.StartKafka(ctx, software, realstack.KafkaOptions{})
//	defer kafka.Close()
//	registry, err := realstack.StartRegistry(ctx, software, realstack.RegistryOptions{})
//	defer registry.Close()
//
// What holds for both servers:
//
//   - Start returns when the server answers, or an error that ends with the server's own last log lines.
//   - They listen on free loopback ports and nowhere else, and keep ports and data over Restart.
//   - Kill is kill -9; Stop asks and waits; Close kills and removes the data.
//   - They do not outlive this process: on Linux the kernel ends them even when this process is killed. (Elsewhere a
//     killed test process leaves them running.) Data that a killed process left behind is removed by the next one.
//
// Environment variables: [ModeFromEnv] reads E2E, [DefaultCache] reads E2E_CACHE. Tests use package stacktest.
package realstack
