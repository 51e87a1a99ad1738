package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/headwater-stream/headwater/producer"
)

// shell makes commands that can be copied as they stand: what is not at its default is named.
type shell struct {
	source   string // assignments that choose the source and the topics
	kafka    string // the brokers
	registry string
	program  string
	broker   string // for kcat; "" where it would need credentials
	json     bool   // values need no registry
	names    producer.Names
}

func newShell(cfg *Config, names producer.Names) shell {
	s := shell{program: quoted(os.Args[0]), names: names, json: cfg.ValueFormat == producer.FormatJSON.String()}
	if cfg.Source != "intercom" {
		s.source += assign("HEADWATER_SOURCE", cfg.Source)
	}
	if cfg.TopicPrefix != "" {
		s.source += assign("HEADWATER_TOPIC_PREFIX", cfg.TopicPrefix)
	}
	if brokers := strings.Join(cfg.KafkaBrokers, ","); brokers != "127.0.0.1:9092" {
		s.kafka = assign("KAFKA_BROKERS", brokers)
	}
	if cfg.RegistryURL != "http://127.0.0.1:8081" && !s.json {
		s.registry = assign("SCHEMA_REGISTRY_URL", withoutUser(cfg.RegistryURL))
	}
	if !cfg.KafkaTLS && cfg.SASLMechanism == "" {
		s.broker = cfg.KafkaBrokers[0]
	}
	return s
}

// api is a command that needs neither Kafka nor a registry.
func (s shell) api(args string) string { return s.source + s.program + " " + args }

func (s shell) cat(args string) string {
	return s.source + s.kafka + s.registry + s.program + " cat " + args
}

func (s shell) state() string { return s.source + s.kafka + s.program + " state show" }

// kcat are its commands for the list of topics, a resource's topic and the state; none where they would need credentials.
func (s shell) kcat(resource string) []string {
	if s.broker == "" {
		return nil
	}
	values := `%k %S bytes [%h]\n`
	if s.json {
		values = `%k\t%s\n`
	}
	return []string{
		fmt.Sprintf("kcat -b %s -L", s.broker),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%s'`, s.broker, s.names.Data(resource), values),
		fmt.Sprintf(`kcat -b %s -C -e -t %s -f '%%k\t%%s\n'`, s.broker, s.names.State()),
	}
}

// nextCommands show what there is after a run.
func nextCommands(cfg *Config, names producer.Names, resource string) []string {
	s := newShell(cfg, names)
	return append([]string{s.cat(resource + " -n 3"), s.state()}, s.kcat(resource)...)
}

// sayNext says what to do next, a command a line.
func (a *app) sayNext(commands []string) { a.say("next:  " + strings.Join(commands, "\n       ")) }

// assign sets a variable for one command of a shell.
func assign(name, value string) string { return name + "=" + quoted(value) + " " }

// quoted is a word that a shell leaves as it is.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@%+=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
