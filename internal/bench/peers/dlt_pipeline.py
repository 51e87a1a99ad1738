"""Brings the contacts of the benchmarks' API into a Kafka topic with dlt: its REST source, and a destination of one's own."""
import os
import sys

import dlt
from confluent_kafka import Producer
from dlt.sources.rest_api import rest_api_source

base_url, brokers, topic = sys.argv[1:]
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})


@dlt.destination(batch_size=150, loader_file_format="typed-jsonl", skip_dlt_columns_and_tables=True, max_table_nesting=0, name="kafka")
def kafka(items, table):
    for item in items:
        producer.produce(topic, key=item["id"], value=dlt.common.json.dumpb(item))
    producer.poll(0)


source = rest_api_source({
    "client": {"base_url": base_url, "auth": {"type": "bearer", "token": "any"}},
    "resources": [{
        "name": "contacts",
        "primary_key": "id",
        "max_table_nesting": 0,
        "endpoint": {
            "path": "contacts/search",
            "method": "POST",
            "json": {"query": {}, "pagination": {"per_page": 150}},
            "data_selector": "data",
            "paginator": {"type": "cursor", "cursor_path": "pages.next.starting_after", "cursor_body_path": "pagination.starting_after"},
        },
    }],
})
pipeline = dlt.pipeline("bench", destination=kafka, dataset_name="bench", pipelines_dir=os.getcwd())
pipeline.run(source)
if left := producer.flush(60):
    sys.exit(f"{left} records are not delivered")
