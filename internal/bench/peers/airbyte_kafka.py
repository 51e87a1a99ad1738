"""Takes an Airbyte source's messages from the standard input and brings its records into a Kafka topic."""
import json
import sys

from confluent_kafka import Producer

brokers, topic = sys.argv[1:]
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
for line in sys.stdin.buffer:
    message = json.loads(line)
    if message["type"] == "RECORD":
        data = message["record"]["data"]
        producer.produce(topic, key=data["id"], value=json.dumps(data))
        producer.poll(0)
if left := producer.flush(60):
    sys.exit(f"{left} records are not delivered")
