package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/headwater-stream/headwater/extract"
	"github.com/headwater-stream/headwater/producer"
)

// The parts of an AsyncAPI 3.0 document that this program writes, in the order in which they are written. In such a document the
// application that is described is this program: it sends to the topics.
type (
	asyncDocument struct {
		AsyncAPI   string                    `json:"asyncapi"`
		Info       asyncInfo                 `json:"info"`
		Servers    map[string]asyncServer    `json:"servers"`
		Channels   map[string]asyncChannel   `json:"channels"`
		Operations map[string]asyncOperation `json:"operations"`
		Components asyncComponents           `json:"components"`
	}
	asyncInfo struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	}
	asyncServer struct {
		Host        string         `json:"host"`
		Protocol    string         `json:"protocol"`
		Description string         `json:"description"`
		Bindings    map[string]any `json:"bindings,omitempty"`
	}
	asyncChannel struct {
		Address     string              `json:"address"`
		Title       string              `json:"title"`
		Description string              `json:"description"`
		Messages    map[string]asyncRef `json:"messages"`
		Bindings    map[string]any      `json:"bindings"`
	}
	asyncOperation struct {
		Action   string     `json:"action"`
		Channel  asyncRef   `json:"channel"`
		Summary  string     `json:"summary"`
		Messages []asyncRef `json:"messages"`
	}
	asyncComponents struct {
		Messages map[string]asyncMessage `json:"messages"`
	}
	asyncMessage struct {
		Name        string         `json:"name"`
		Title       string         `json:"title"`
		Description string         `json:"description"`
		ContentType string         `json:"contentType,omitempty"`
		Headers     asyncSchema    `json:"headers"`
		Payload     any            `json:"payload"`
		Bindings    map[string]any `json:"bindings"`
	}
	asyncRef struct {
		Ref string `json:"$ref"`
	}
	asyncSchema struct {
		Type        any                    `json:"type,omitempty"`
		Description string                 `json:"description,omitempty"`
		Enum        []string               `json:"enum,omitempty"`
		Pattern     string                 `json:"pattern,omitempty"`
		Required    []string               `json:"required,omitempty"`
		Properties  map[string]asyncSchema `json:"properties,omitempty"`
	}
	asyncPayload struct {
		SchemaFormat string          `json:"schemaFormat"`
		Schema       json.RawMessage `json:"schema"`
	}
)

const (
	avroSchemaFormat = "application/vnd.apache.avro+json;version=1.9.0"
	bindingVersion   = "0.5.0"
)

// asyncAPI is the document of all topics as YAML. What is registered decides its bytes, with the servers' names.
func (s *subjects) asyncAPI(found []*registered) ([]byte, error) {
	var names []string
	for _, r := range selection(s.source, nil) {
		names = append(names, r.Name)
	}
	d := &asyncBuilder{subjects: s, settings: producer.TopicSettings(s.names, names), asyncDocument: asyncDocument{
		AsyncAPI: "3.0.0", Servers: map[string]asyncServer{}, Channels: map[string]asyncChannel{}, Operations: map[string]asyncOperation{},
		Components: asyncComponents{Messages: map[string]asyncMessage{}},
	}}
	d.info(found)
	d.servers()
	for _, r := range selection(s.source, nil) {
		i := slices.IndexFunc(found, func(f *registered) bool { return f.Resource == r.Name })
		switch {
		case s.registry == nil:
			d.data(r, map[string]any{"type": "object", "description": "The record as the API gives it."}, "application/json", "JSON")
		case i >= 0:
			latest := found[i].latest()
			d.data(r, asyncPayload{avroSchemaFormat, latest.Schema}, "application/vnd.apache.avro",
				fmt.Sprintf("Avro behind Confluent's frame (a byte 0, the schema's id in four bytes); version %d of %s", latest.Version, found[i].Subject))
		}
	}
	d.state()
	d.deadLetters()
	text, err := json.Marshal(d.asyncDocument)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", asyncAPIFile, err)
	}
	return yaml.JSONToYAML(text)
}

type asyncBuilder struct {
	asyncDocument
	*subjects
	settings map[string]map[string]string // of topics
}

func (d *asyncBuilder) info(found []*registered) {
	versions := 0
	for _, r := range found {
		versions += len(r.Versions)
	}
	d.Info = asyncInfo{Title: d.source.Title + " in Kafka", Version: "1." + strconv.Itoa(versions) + ".0",
		Description: "The topics that Headwater keeps equal to what the API holds. The application of this document is Headwater, which sends; " +
			"readers receive the same messages. Read with isolation.level=read_committed. The version counts the schemas that are registered."}
}

// servers are the brokers, without credentials.
func (d *asyncBuilder) servers() {
	protocol, how := "kafka", "A broker to begin with."
	if d.cfg.KafkaTLS {
		protocol = "kafka-secure"
	}
	if d.cfg.SASLMechanism != "" {
		how += " Log in with SASL " + d.cfg.SASLMechanism + "."
	}
	var bindings map[string]any
	if d.registry != nil {
		bindings = map[string]any{"kafka": map[string]any{"schemaRegistryUrl": withoutUser(d.cfg.RegistryURL), "bindingVersion": bindingVersion}}
	}
	for i, broker := range d.cfg.KafkaBrokers {
		d.Servers["broker"+strconv.Itoa(i+1)] = asyncServer{Host: broker, Protocol: protocol, Description: how, Bindings: bindings}
	}
}

// data describes a resource's topic: its records and its tombstones.
func (d *asyncBuilder) data(r *extract.Resource, payload any, contentType, how string) {
	id, members := identifier(r.Name), producer.Declare(d.source, r).Key
	key := "The record's key: " + strings.Join(members, "/") + "."
	if len(members) > 1 {
		key += " The parts are joined with /; a % or / in one is percent-escaped."
	}
	record := asyncMessage{Name: id + "Record", Title: "A record of " + r.Name, ContentType: contentType, Payload: payload,
		Description: "First published, or changed since. " + how + ".", Bindings: d.keyBinding(key, d.registry != nil),
		Headers: asyncSchema{Type: "object", Required: []string{"op", "digest"}, Properties: map[string]asyncSchema{
			"op":     {Type: "string", Enum: []string{"r", "u"}, Description: "r: first publication; u: changed since, or memory cannot tell."},
			"ts":     {Type: "string", Pattern: "^-?[0-9]+$", Description: "The cursor field in milliseconds since 1970, where the resource has one."},
			"digest": {Type: "string", Pattern: "^[0-9a-f]{16}$", Description: "64 bits of the record: equal for equal JSON values."},
		}}}
	tombstone := asyncMessage{Name: id + "Deleted", Title: "A record of " + r.Name + " is gone", Payload: asyncSchema{Type: "null"},
		Description: "A tombstone: the value is null, the key is the deleted record's. Compaction removes it later, with all older records of the key.",
		Bindings:    d.keyBinding(key, false),
		Headers:     asyncSchema{Type: "object", Required: []string{"op"}, Properties: map[string]asyncSchema{"op": {Type: "string", Enum: []string{"d"}}}}}
	d.channel(id, d.names.Data(r.Name), r.Name, "The records of "+r.Name+", the newest one of each key for ever.", record, tombstone)
}

func (d *asyncBuilder) state() {
	unit := asyncMessage{Name: "stateRecord", Title: "A position, a plan or a claim", ContentType: "application/json", Payload: asyncSchema{Type: "object"},
		Description: "One line of JSON. For people to read; its form is not promised to programs.", Headers: asyncSchema{Type: "object"},
		Bindings: d.keyBinding("The unit of work, as contacts or contacts/3.", false)}
	d.channel("state", d.names.State(), "State", "How far everything is read. Committed with the records that it covers.", unit)
	d.Operations["receiveState"] = asyncOperation{Action: "receive", Channel: asyncRef{"#/channels/state"}, Summary: "Learns at its start how far everything was read.",
		Messages: []asyncRef{{"#/channels/state/messages/stateRecord"}}}
}

func (d *asyncBuilder) deadLetters() {
	text := func(what string) asyncSchema { return asyncSchema{Type: "string", Description: what} }
	letter := asyncMessage{Name: "deadLetter", Title: "A record that could not be published", ContentType: "application/json",
		Payload:     map[string]any{"description": "The record's raw JSON, its leading 64 KiB: it may be cut off, or no JSON at all."},
		Description: "Nothing is lost in silence: what has no usable key, cannot be encoded, or is larger than its topic takes is put here.",
		Bindings:    d.keyBinding("The resource, a slash, and the record's key as far as it has one.", false),
		Headers: asyncSchema{Type: "object", Required: []string{"reason", "path", "size", "digest"}, Properties: map[string]asyncSchema{
			"reason": text("Why it could not be published."), "path": text("Where in the record; empty: the record itself."),
			"size": text("Its size in bytes."), "digest": text("As in the data topics."),
		}}}
	d.channel("deadLetters", d.names.DeadLetters(), "Dead letters", "What could not be published, with the reason.", letter)
}

// channel adds a topic, its messages, and that this program sends them.
func (d *asyncBuilder) channel(id, topic, title, description string, messages ...asyncMessage) {
	ch := asyncChannel{Address: topic, Title: title, Description: description, Messages: map[string]asyncRef{}, Bindings: d.topicBinding(topic)}
	op := asyncOperation{Action: "send", Channel: asyncRef{"#/channels/" + id}, Summary: "Sends to " + topic + "."}
	for _, m := range messages {
		d.Components.Messages[m.Name] = m
		ch.Messages[m.Name] = asyncRef{"#/components/messages/" + m.Name}
		op.Messages = append(op.Messages, asyncRef{"#/channels/" + id + "/messages/" + m.Name})
	}
	d.Channels[id] = ch
	d.Operations["send"+strings.ToUpper(id[:1])+id[1:]] = op
}

// topicBinding is the configuration that the topic is created with, as far as AsyncAPI has words for it.
func (d *asyncBuilder) topicBinding(topic string) map[string]any {
	conf := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(d.settings[topic])) {
		value := d.settings[topic][key]
		switch key {
		case "cleanup.policy":
			conf[key] = []string{value}
		case "retention.ms", "delete.retention.ms":
			ms, _ := strconv.ParseInt(value, 10, 64) // it was a number
			conf[key] = ms
		}
	}
	return map[string]any{"kafka": map[string]any{"topic": topic, "topicConfiguration": conf, "bindingVersion": bindingVersion}}
}

func (d *asyncBuilder) keyBinding(what string, framed bool) map[string]any {
	b := map[string]any{"key": asyncSchema{Type: "string", Description: what}, "bindingVersion": bindingVersion}
	if framed {
		b["schemaIdLocation"], b["schemaIdPayloadEncoding"], b["schemaLookupStrategy"] = "payload", "4", "TopicNameStrategy"
	}
	return map[string]any{"kafka": b}
}

var unusual = regexp.MustCompile(`[^A-Za-z0-9]+(.)?`)

// identifier is a resource's name as tools like the names of parts: conversation_parts is conversationParts.
func identifier(resource string) string {
	return unusual.ReplaceAllStringFunc(resource, func(s string) string { return strings.ToUpper(strings.TrimLeft(s, "_-. ")) })
}
