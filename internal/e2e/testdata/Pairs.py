"""Reads every record of a history with every version of its schema, and prints what it gets, a line each."""
import base64, io, json, sys
import fastavro

with open(sys.argv[1]) as file:
    history = json.load(file)
schemas = [json.loads(text) for text in history["Schemas"]]
for record in history["Records"]:
    for reader in schemas:
        value = io.BytesIO(base64.b64decode(record["Value"]))
        print(json.dumps(fastavro.schemaless_reader(value, schemas[record["Version"]], reader), default=lambda time: time.isoformat()))
        assert not value.read(), "bytes are left over"
