package realstack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// serverProperties is the broker's configuration file.
func serverProperties(k *Kafka) string {
	p := map[string]string{
		"process.roles":                                    "broker,controller",
		"node.id":                                          "1",
		"controller.quorum.voters":                         "1@" + k.ListenerAddr(controller),
		"controller.listener.names":                        string(controller),
		"inter.broker.listener.name":                       string(Plaintext),
		"log.dirs":                                         k.folder.file("data"),
		"auto.create.topics.enable":                        "false", // as in production: a topic that nobody created is an error
		"num.partitions":                                   "3",
		"offsets.topic.replication.factor":                 "1",
		"offsets.topic.num.partitions":                     "4",
		"transaction.state.log.min.isr":                    "1",
		"share.coordinator.state.topic.min.isr":            "1",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.num.partitions":             "4",
		"share.coordinator.state.topic.replication.factor": "1",

		// Tests wait for these; the defaults are made for clusters that run for months.
		"group.initial.rebalance.delay.ms":                            "0",
		"group.min.session.timeout.ms":                                "1000",
		"group.consumer.min.session.timeout.ms":                       "1000",
		"group.consumer.min.heartbeat.interval.ms":                    "250",
		"group.consumer.session.timeout.ms":                           "6000",
		"group.consumer.heartbeat.interval.ms":                        "1000",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
		"log.initial.task.delay.ms":                                   "1000",

		// A broker that was killed comes back when its session has expired; the default, 9 s, is a long time in a test.
		"broker.session.timeout.ms":    strconv.FormatInt(BrokerSession.Milliseconds(), 10),
		"broker.heartbeat.interval.ms": "500",

		// A small heap, small files, few threads.
		"log.segment.bytes":              "16777216",
		"log.index.size.max.bytes":       "1048576",
		"log.cleaner.dedupe.buffer.size": "16777216",
		"num.network.threads":            "2",
		"num.io.threads":                 "4",
	}
	k.listenerProperties(p)
	if k.options.Controller {
		p["process.roles"] = "broker"
		delete(p, "num.partitions") // the controller's
		p["controller.quorum.voters"] = "2@" + k.ListenerAddr(controller)
	}
	maps.Copy(p, k.options.Properties)
	return properties(p)
}

// controllerProperties is the configuration file of a controller that is a process of its own.
func controllerProperties(k *Kafka) string {
	address := k.ListenerAddr(controller)
	return properties(map[string]string{
		"process.roles":                  "controller",
		"node.id":                        "2",
		"controller.quorum.voters":       "2@" + address,
		"controller.listener.names":      string(controller),
		"listeners":                      fmt.Sprintf("%s://%s", controller, address),
		"listener.security.protocol.map": fmt.Sprintf("%s:%s", controller, controller.protocol()),
		"log.dirs":                       k.folder.file("controller"),
		"num.partitions":                 "3",
		"broker.session.timeout.ms":      strconv.FormatInt(BrokerSession.Milliseconds(), 10),
	})
}

func properties(p map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", name, p[name])
	}
	return b.String()
}

func (k *Kafka) listenerProperties(p map[string]string) {
	var listeners, advertised, protocols []string
	for _, l := range slices.Sorted(maps.Keys(k.ports)) {
		address := fmt.Sprintf("%s://%s", l, k.ListenerAddr(l))
		if l != controller || !k.options.Controller {
			listeners = append(listeners, address)
		}
		protocols = append(protocols, fmt.Sprintf("%s:%s", l, l.protocol()))
		if l != controller {
			advertised = append(advertised, address)
		}
	}
	p["listeners"] = strings.Join(listeners, ",")
	p["advertised.listeners"] = strings.Join(advertised, ",")
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	if !k.options.Secure {
		return
	}
	p["ssl.keystore.type"] = "PEM"
	p["ssl.keystore.location"] = k.certs.broker
	p["ssl.truststore.type"] = "PEM"
	p["ssl.truststore.location"] = k.certs.ca
	p["listener.name.mutualtls.ssl.client.auth"] = "required"
	p["sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
	for _, l := range []Listener{SASL, SASLTLS} {
		prefix := "listener.name." + strings.ToLower(string(l)) + "."
		p[prefix+"plain.sasl.jaas.config"] = fmt.Sprintf(
			`org.apache.kafka.common.security.plain.PlainLoginModule required user_%s="%s";`, Username, Password)
		p[prefix+"oauthbearer.sasl.jaas.config"] = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
		for _, mechanism := range []string{"scram-sha-256", "scram-sha-512"} {
			p[prefix+mechanism+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		}
	}
}
